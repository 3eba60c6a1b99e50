"""A request's target in the four forms that HTTP has for it."""

import json

import pytest

from fakes.application import Conversation


def asked(line, host=b"host: h\r\n"):
    client = Conversation(answers_at_once=True)
    client.say(b"%s\r\n%s\r\n" % (line, host))
    return client


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        (b"http://model.example/models/m/predict?a=1", b"/models/m/predict?a=1", b"model.example"),
        (b"http://model.example:8080/a", b"/a", b"model.example:8080"),
        (b"HTTP://h/a", b"/a", b"h"),
        (b"https://[::1]:8080/a", b"/a", b"[::1]:8080"),
        (b"http://model.example", b"/", b"model.example"),
        (b"http://model.example?a=1", b"/?a=1", b"model.example"),
        (b"http://h//a", b"//a", b"h"),
        (b"http://h/http://other/", b"/http://other/", b"h"),
    ],
)
async def test_a_proxys_form_names_the_host_and_the_path(target, path, host):
    exchange = asked(b"GET %s HTTP/1.1" % target, b"host: another\r\nx: y\r\n").last.exchange
    assert exchange.target == path
    assert list(exchange.headers) == [(b"host", host), (b"x", b"y")]


async def test_a_proxys_form_needs_a_host_header_all_the_same():
    for hosts in (b"", b"host: h\r\nhost: h\r\n"):
        assert asked(b"GET http://h/ HTTP/1.1", hosts).heard().startswith(b"HTTP/1.1 400 ")


async def test_a_path_that_looks_like_a_host_is_a_path():
    exchange = asked(b"GET //other.example/a HTTP/1.1").last.exchange
    assert (exchange.target, exchange.header(b"host")) == (b"//other.example/a", b"h")


async def test_options_may_ask_for_the_server_itself():
    assert asked(b"OPTIONS * HTTP/1.1").last.exchange.target == b"*"


@pytest.mark.parametrize(
    "line",
    [
        b"CONNECT other.example:443 HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"GET other.example:443 HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET ftp://h/a HTTP/1.1",
        b"GET http:///a HTTP/1.1",
        b"GET http://user@h/a HTTP/1.1",
        b"GET a HTTP/1.1",
    ],
)
async def test_what_is_no_path_is_refused(line):
    client = asked(line)
    heard = client.heard()
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert json.loads(heard.partition(b"\r\n\r\n")[2])["error"]["code"] == "malformed_request"
    assert client.requests == []
    assert client.transport.has_written_eof


async def test_what_follows_a_refused_tunnel_is_not_read_as_a_request():
    client = asked(b"CONNECT h:443 HTTP/1.1")
    client.connection.data_received(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
    assert client.requests == []
