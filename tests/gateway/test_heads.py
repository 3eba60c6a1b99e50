"""Heads on their way through: what is passed on, what stays behind, how bodies are framed."""

import pytest

from fakes.application import Conversation
from fakes.garbage import no_garbage
from headway.core.forwarding import TrustedProxies
from headway.gateway.request_head import InvalidDeadlineError, RequestHead
from headway.gateway.routes import parse
from headway.http.heads import AnswerHead, Dechunker
from headway.http.peer import Peer


async def head_of(
    lines: bytes = b"",
    *,
    target: bytes = b"/models/m/predict",
    length: bytes = b"content-length: 4\r\n",
    trusted: TrustedProxies | None = None,
):
    client = Conversation()
    client.say(b"POST %s HTTP/1.1\r\nhost: h\r\n%s%s\r\n" % (target, length, lines))
    return RequestHead(client.last.exchange, parse(target), trusted)


async def test_a_head_goes_on_with_its_headers_the_id_and_the_length():
    head = await head_of(b"X-A: 1\r\nx-a: 2\r\n")
    assert head.complete(b"id1", 4) == (
        b"POST /v1/models/model:predict HTTP/1.1\r\nhost: h\r\nx-a: 1\r\nx-a: 2\r\nx-forwarded-host: h\r\n"
        b'x-forwarded-proto: http\r\nforwarded: host="h";proto=http;for=unknown\r\n'
        b"x-headway-request-id: id1\r\ncontent-length: 4\r\n\r\n"
    )
    assert head.frame(b"data") == b"data"
    assert head.frame_end == b""


async def test_a_body_of_unknown_length_is_framed_anew():
    head = await head_of(length=b"transfer-encoding: chunked\r\n")
    assert head.complete(b"id1", None).endswith(b"\r\ntransfer-encoding: chunked\r\n\r\n")
    assert b"transfer-encoding" not in head.complete(b"id1", 4)
    assert head.frame(b"0123456789") == b"a\r\n0123456789\r\n"
    assert head.frame_end == b"0\r\n\r\n"


@pytest.mark.parametrize(
    "line",
    [
        b"connection: close", b"keep-alive: timeout=5", b"te: trailers", b"trailer: x", b"expect: 100-continue",
        b"proxy-connection: x", b"proxy-authorization: x", b"upgrade: h2c", b"x-headway-request-id: forged",
        b"x-headway-deadline: 5", b"x-headway-cold-start: 1",
    ],
)  # fmt: skip
async def test_what_concerns_only_the_clients_connection_stays_behind(line):
    complete = (await head_of(line + b"\r\n")).complete(b"id1", 4)
    assert line.partition(b":")[0] + b":" not in complete.replace(b"x-headway-request-id: id1", b"")


async def test_so_does_what_the_connection_header_names():
    complete = (
        await head_of(b"x-b: 1\r\nconnection: keep-alive, X-B ,x-c\r\nx-c: 2\r\nx-d: 3\r\n")
    ).complete(b"id1", 4)
    assert b"x-b" not in complete
    assert b"x-c" not in complete
    assert b"x-d: 3\r\n" in complete


async def test_a_websocket_asks_the_replica_for_one():
    head = await head_of(
        b"connection: x, Upgrade\r\nupgrade: websocket\r\n", target=b"/models/m/websocket", length=b""
    )
    assert head.complete(b"id1", 0).count(b"connection: upgrade\r\nupgrade: websocket\r\n") == 1


LIES = b"forwarded: for=6.6.6.6\r\nX-Forwarded-For: 6.6.6.6\r\nx_forwarded_for: 6.6.6.6\r\nx-real-ip: 6.6.6.6\r\n"


def lines(head: bytes) -> list[bytes]:
    return [line for line in head.split(b"\r\n") if b"forwarded" in line or b"6.6.6.6" in line]


async def test_a_replica_is_told_who_the_caller_is_and_not_what_the_caller_says_of_it():
    head = await head_of(LIES + b"x-forwarded-port: 1\r\nx-forwarded-proto: https\r\nx-forwarded-host: e\r\n")
    assert lines(head.complete(b"id1", 4, Peer(("1.2.3.4", 5)))) == [
        b"x-forwarded-host: h",
        b"x-forwarded-proto: http",
        b'forwarded: host="h";proto=http;for=1.2.3.4',
        b"x-forwarded-for: 1.2.3.4",
    ]
    told = lines(head.complete(b"id1", 4, Peer(("::1", 5, 0, 0))))
    assert told[2:] == [b'forwarded: host="h";proto=http;for="[::1]"', b"x-forwarded-for: ::1"]
    assert lines(head.complete(b"id1", 4, Peer("")))[2:] == [b'forwarded: host="h";proto=http;for=unknown']


async def test_a_trusted_proxy_is_believed_and_nobody_before_the_caller():
    trusted = TrustedProxies(["10.0.0.0/8"])
    told = b"x-forwarded-for: 6.6.6.6, 1.2.3.4, 10.0.0.9\r\nx-forwarded-proto: https\r\nx-forwarded-port: 443\r\n"
    head = await head_of(told, trusted=trusted)
    assert lines(head.complete(b"id1", 4, Peer(("10.0.0.1", 5)))) == [
        b"x-forwarded-port: 443",
        b"x-forwarded-host: h",
        b"x-forwarded-proto: https",
        b'forwarded: host="h";proto=https;for=1.2.3.4, for=10.0.0.9, for=10.0.0.1',
        b"x-forwarded-for: 1.2.3.4, 10.0.0.9, 10.0.0.1",
    ]
    assert lines(head.complete(b"id1", 4, Peer(("11.0.0.1", 5))))[-1] == b"x-forwarded-for: 11.0.0.1"
    unsaid = await head_of(trusted=trusted)
    assert lines(unsaid.complete(b"id1", 4, Peer(("10.0.0.1", 5))))[-1] == b"x-forwarded-for: 10.0.0.1"


async def test_a_client_cannot_have_the_gateways_own_word_dropped():
    head = await head_of(b"connection: x-forwarded-for, forwarded\r\n")
    assert len(lines(head.complete(b"id1", 4, Peer(("1.2.3.4", 5))))) == 4


async def test_deadlines_are_seconds():
    assert (await head_of(b"x-headway-deadline: 2.5\r\n")).patience == 2.5
    assert (await head_of()).patience is None
    with pytest.raises(InvalidDeadlineError, match="soon"):
        await head_of(b"x-headway-deadline: soon\r\n")


def answer(lines: bytes, status: int = 200) -> AnswerHead:
    return AnswerHead(status, b"HTTP/1.1 %d X\r\n%s\r\n" % (status, lines))


def test_how_an_answer_is_framed():
    assert answer(b"Content-Length: 4\r\n").is_framed
    assert answer(b"Transfer-Encoding: chunked\r\n").is_chunked
    assert answer(b"transfer-encoding: chunked\r\n").is_framed
    assert answer(b"", 204).is_framed
    assert answer(b"", 304).is_framed
    assert not answer(b"x-content-length: 4\r\nx: transfer-encoding: chunked\r\n").is_framed


def test_not_accepted_is_told_by_its_header_alone():
    assert answer(b"X-Headway-Not-Accepted: full\r\n", 503).is_not_accepted
    assert not answer(b"x: x-headway-not-accepted: full\r\n", 503).is_not_accepted


def test_lines_are_added_and_the_replicas_connection_is_its_own_affair():
    head = answer(b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nx: y\r\n")
    assert head.with_lines(b"a: b\r\n") == b"HTTP/1.1 200 X\r\nx: y\r\na: b\r\n\r\n"
    assert answer(b"x: y\r\n").with_lines(b"") == b"HTTP/1.1 200 X\r\nx: y\r\n\r\n"
    older = AnswerHead(200, b"HTTP/1.0 200 X\r\nx: y\r\n\r\n")
    assert older.with_lines(b"") == b"HTTP/1.1 200 X\r\nx: y\r\n\r\n"
    chunked = answer(b"transfer-encoding: chunked\r\nx: y\r\n")
    assert chunked.with_lines_for_1_0(b"") == b"HTTP/1.1 200 X\r\nx: y\r\n\r\n"


@pytest.mark.parametrize(
    "lines",
    [
        b"Connection: x-hop, close\r\nX-Hop: 1\r\n",
        b"connection: a\r\nconnection: b\r\na: 1\r\nB: 2\r\n",
        b"keep-alive: 1\r\nproxy-connection: 1\r\nproxy-authenticate: x\r\nte: x\r\ntrailer: x\r\nupgrade: x\r\n",
        b"X-Headway-Not-Accepted: 1\r\nx-headway-request-id: 1\r\nx-headway-cold-start: 1\r\nx-headway-new: 1\r\n",
        b"connection: content-length, transfer-encoding, HTTP/1.1 200 X, , close\r\n",
    ],
)
def test_what_is_of_the_replicas_connection_or_headways_to_tell_ends_here(lines):
    head = answer(lines + b"content-length: 4\r\n")
    assert head.with_lines(b"") == b"HTTP/1.1 200 X\r\ncontent-length: 4\r\n\r\n"
    assert head.length == 4


def test_an_answer_without_a_body_tells_no_length_of_one():
    lines = b"content-length: 4\r\nx: y\r\n"
    assert answer(lines, 204).with_lines(b"") == b"HTTP/1.1 204 X\r\nx: y\r\n\r\n"
    assert answer(b"transfer-encoding: chunked\r\n", 204).with_lines(b"") == b"HTTP/1.1 204 X\r\n\r\n"
    assert answer(lines, 304).with_lines(b"") == b"HTTP/1.1 304 X\r\n" + lines + b"\r\n"


def test_an_upgrade_that_is_answered_passes():
    assert b"upgrade: websocket" in answer(b"connection: upgrade\r\nupgrade: websocket\r\n", 101).with_lines(
        b""
    )


def test_not_accepted_is_said_with_a_503_alone():
    assert not answer(b"x-headway-not-accepted: 1\r\n", 200).is_not_accepted


def test_chunks_are_taken_out_of_their_framing_however_they_are_cut():
    for step in (1, 3, 100):
        dechunker = Dechunker(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        data = b"3\r\none\r\n5;x=y\r\ntwo\r\n\r\n0\r\n\r\n"
        decoded = b"".join(dechunker.decode(data[at : at + step]) for at in range(0, len(data), step))
        assert decoded == b"onetwo\r\n"


def test_what_took_chunks_out_does_not_wait_for_the_garbage_collector():
    with no_garbage():
        dechunker = Dechunker(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        assert dechunker.decode(b"1\r\na\r\n") == b"a"
        del dechunker
