import pytest

from headway.core.forwarding import (
    InvalidProxyError,
    TrustedProxies,
    Way,
    address_in,
    is_told_anew,
    straight_lines,
    tells_way,
)

PROXIES = TrustedProxies(["10.0.0.0/8", "2001:db8::1", "192.168.1.5"])


def way(*headers, trusted=PROXIES):
    return Way.told([(b"host", b"h"), *headers], trusted)


def test_proxies_are_addresses_and_networks():
    for host in ("10.1.2.3", "2001:db8::1", "192.168.1.5", "::ffff:10.1.2.3"):
        assert PROXIES.include(host)
    for host in ("11.0.0.1", "2001:db8::2", "localhost", "", None):
        assert not PROXIES.include(host)
    assert not TrustedProxies().include("127.0.0.1")
    with pytest.raises(InvalidProxyError, match=r"10\.0\.0\.300"):
        TrustedProxies(["10.0.0.300"])


def test_hosts_are_remembered_within_bounds():
    for number in range(5000):
        PROXIES.include(f"11.0.{number >> 8}.{number & 255}")
    assert len(PROXIES._known) <= 4096


@pytest.mark.parametrize(
    ("text", "address"),
    [
        *((b" 1.2.3.4 ", "1.2.3.4"), (b"1.2.3.4:80", "1.2.3.4"), (b"::1", "::1"), (b"[::1]:80", "::1")),
        *((b'"[2001:db8::7]"', "2001:db8::7"), (b"::ffff:1.2.3.4", "1.2.3.4"), (b"fe80::1%eth0", "fe80::1")),
        *((b"unknown", None), (b"_hidden", None), (b"", None), (b"\xff", None), (b"1.2.3", None)),
    ],
)
def test_an_entry_may_have_a_port_brackets_or_quotes(text, address):
    found = address_in(text)
    assert (found and str(found)) == address


@pytest.mark.parametrize(
    ("said", "hops"),
    [
        (b"1.2.3.4", [b"1.2.3.4"]),
        (b"9.9.9.9, 1.2.3.4", [b"1.2.3.4"]),
        (b"9.9.9.9, 1.2.3.4, 10.0.0.2", [b"1.2.3.4", b"10.0.0.2"]),
        (b"10.0.0.3, 10.0.0.2", [b"10.0.0.3", b"10.0.0.2"]),
        (b"1.2.3.4, unknown, 10.0.0.2", [b"10.0.0.2"]),
        (b"nonsense", []),
        (b"", []),
    ],
)
def test_a_way_is_believed_back_to_the_first_hop_that_is_no_proxy(said, hops):
    assert list(way((b"x-forwarded-for", said)).hops) == hops
    nodes = b", ".join(b"for=" + one.strip() for one in said.split(b","))
    assert list(way((b"forwarded", nodes)).hops) == hops


def test_several_lines_are_one_list():
    assert way((b"x-forwarded-for", b"1.2.3.4"), (b"x-forwarded-for", b"10.0.0.2")).hops == (
        b"1.2.3.4",
        b"10.0.0.2",
    )


def test_protocol_and_host_are_those_that_the_caller_asked():
    assert way() == Way(b"h")
    told = way((b"x-forwarded-proto", b"HTTPS"), (b"x-forwarded-host", b"app.example"))
    assert told == Way(b"app.example", b"https")
    assert way((b"x-forwarded-proto", b"gopher")).protocol == b"http"
    hops = (b"x-forwarded-for", b"9.9.9.9, 1.2.3.4, 10.0.0.2")
    assert way(hops, (b"x-forwarded-proto", b"lie, https, http")).protocol == b"https"
    assert way(hops, (b"x-forwarded-proto", b"https")).protocol == b"https"
    element = b'for="[2001:db8::9]:4711";proto=https;host="a\\"b, c";by=x, for=10.0.0.2;proto=http'
    assert way((b"forwarded", element)) == Way(b'a"b, c', b"https", (b"2001:db8::9", b"10.0.0.2"))
    assert Way.told([], PROXIES) == Way(None)


def test_what_is_told_onwards_ends_where_the_senders_node_stands():
    assert (
        Way(b"h").lines()
        == b'x-forwarded-host: h\r\nx-forwarded-proto: http\r\nforwarded: host="h";proto=http;for='
    )
    assert Way(None).lines() == b"x-forwarded-proto: http\r\nforwarded: proto=http;for="
    told = Way(b'a"b\\', b"https", (b"::1", b"10.0.0.2")).lines()
    assert told.endswith(b'forwarded: host="a\\"b\\\\";proto=https;for="[::1]", for=10.0.0.2, for=')


def test_headers_that_tell_a_way_however_they_are_written():
    for name in (
        b"forwarded",
        b"x-forwarded-for",
        b"x_forwarded_for",
        b"x-forwarded-port",
        b"x-real-ip",
        b"x_real_ip",
    ):
        assert tells_way(name)
    for name in (b"host", b"x-forward", b"via", b"x-headway-request-id"):
        assert not tells_way(name)
    assert tells_way(b"x-forwarded-" + b"a" * 300)
    assert not tells_way(b"a" * 300)
    assert is_told_anew(b"x_forwarded_host")
    assert not is_told_anew(b"x-forwarded-port")


@pytest.mark.parametrize("host", [None, b"here:8080", b"h" * 300])
def test_a_request_that_comes_straight_from_its_caller_is_told_like_any_other(host):
    assert straight_lines(host) == straight_lines(host) == Way(host).lines()
