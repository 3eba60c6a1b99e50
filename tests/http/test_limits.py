"""What a server refuses by itself, and when it stops waiting: malformed, too large, too slow."""

import asyncio
import json

import pytest

from fakes.application import GET, Conversation, post, post_chunked
from headway.http.limits import Limits


def refused(client: Conversation) -> tuple[int, str]:
    """Status and code of the refusal heard; the connection lingers, deaf."""
    head, _, body = client.heard().partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert client.transport.has_written_eof
    error = json.loads(body)["error"]
    assert set(error) == {"code", "message", "hint"}
    return int(head.split()[1]), error["code"]


SMUGGLING = {
    "two lengths": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    "the same length twice": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    "two lengths in one line": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3, 3\r\n\r\nabc",
    "length and chunked": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 3\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked and length": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n"
    b"content-length: 3\r\n\r\n0\r\n\r\n",
    "length with a sign": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: +3\r\n\r\nabc",
    "length below zero": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: -3\r\n\r\nabc",
    "length in hexadecimal": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 0x3\r\n\r\nabc",
    "length with underscore": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1_0\r\n\r\n0123456789",
    "length beyond 64 bits": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 18446744073709551617\r\n\r\na",
    "empty length": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length:\r\n\r\n",
    "bare line feed after a header": b"GET / HTTP/1.1\r\nhost: h\nx: y\r\n\r\n",
    "bare line feeds throughout": b"GET / HTTP/1.1\nhost: h\n\n",
    "bare line feed ends the head": b"GET / HTTP/1.1\r\nhost: h\r\n\n",
    "bare carriage return": b"GET / HTTP/1.1\r\nhost: h\rx: y\r\n\r\n",
    "folded header": b"GET / HTTP/1.1\r\nhost: h\r\nx: a\r\n b\r\n\r\n",
    "folded with a tab": b"GET / HTTP/1.1\r\nhost: h\r\nx: a\r\n\tb\r\n\r\n",
    "space before the colon": b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length : 3\r\n\r\nabc",
    "space before a header": b"GET / HTTP/1.1\r\n host: h\r\n\r\n",
    "space in a name": b"GET / HTTP/1.1\r\nhost: h\r\nx y: z\r\n\r\n",
    "NUL in a value": b"GET / HTTP/1.1\r\nhost: h\r\nx: a\0b\r\n\r\n",
    "NUL in a name": b"GET / HTTP/1.1\r\nhost: h\r\nx\0y: b\r\n\r\n",
    "NUL in the target": b"GET /\0 HTTP/1.1\r\nhost: h\r\n\r\n",
    "empty name": b"GET / HTTP/1.1\r\nhost: h\r\n: x\r\n\r\n",
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/0.9 with a version": b"GET / HTTP/0.9\r\nhost: h\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\nhost: h\r\n\r\n",
    "HTTP/2.0": b"GET / HTTP/2.0\r\nhost: h\r\n\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "chunked on HTTP/1.0": b"POST / HTTP/1.0\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip, chunked": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked, gzip": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "identity": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: identity\r\n\r\n",
    "xchunked": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked over two lines": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked first of two lines": b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n"
    b"transfer-encoding: gzip\r\n\r\n0\r\n\r\n",
    "two hosts": b"GET / HTTP/1.1\r\nhost: h\r\nhost: i\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "method of no protocol": b"G=T / HTTP/1.1\r\nhost: h\r\n\r\n",
    "target with a space": b"GET /a b HTTP/1.1\r\nhost: h\r\n\r\n",
}


@pytest.mark.parametrize("name", SMUGGLING)
@pytest.mark.parametrize("byte_by_byte", [False, True])
async def test_what_could_be_read_in_two_ways_is_refused_and_never_handed_on(name, byte_by_byte):
    client = Conversation()
    pieces = [SMUGGLING[name]]
    if byte_by_byte:
        pieces = [bytes([byte]) for byte in SMUGGLING[name]]
    for piece in pieces:
        client.say(piece)
    assert refused(client) == (400, "malformed_request")
    client.say(GET)
    assert client.requests == []


BROKEN_BODIES = {
    "chunk without a size": b"\r\nabc\r\n0\r\n\r\n",
    "chunk size with a sign": b"+3\r\nabc\r\n0\r\n\r\n",
    "chunk size in 0x": b"0x3\r\nabc\r\n0\r\n\r\n",
    "chunk size with a space before": b" 3\r\nabc\r\n0\r\n\r\n",
    "chunk size beyond 64 bits": b"10000000000000000\r\nabc",
    "chunk longer than its size": b"3\r\nabcd\r\n0\r\n\r\n",
    "chunk ended by a bare line feed": b"3\nabc\r\n0\r\n\r\n",
    "chunk's data ended by a bare line feed": b"3\r\nabc\n0\r\n\r\n",
    "a bare line feed in a chunk's extension": b"3;a\nb\r\nabc\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("name", BROKEN_BODIES)
async def test_a_broken_body_ends_its_request(name):
    client = Conversation()
    client.say(post_chunked(end=False) + BROKEN_BODIES[name])
    assert refused(client) == (400, "malformed_request")
    assert [one.times_left for one in client.requests] in ([], [1])
    assert not any(one.is_complete for one in client.requests)


async def test_a_body_that_breaks_behind_a_refusal_is_not_answered_again():
    client = Conversation(answers_at_once=True)
    client.say(post_chunked(end=False) + b"3\r\nabcd\r\n")
    assert client.heard().count(b"HTTP/1.1") == 1
    assert client.transport.has_written_eof


async def test_a_broken_body_cuts_an_answer_that_has_begun():
    client = Conversation()
    client.say(post_chunked(b"abc", end=False))
    client.last.exchange.start(200)
    client.say(b"nonsense\r\n")
    assert client.transport.aborted
    assert client.last.times_left == 1


async def test_who_has_left_does_not_leave_again_when_the_body_breaks():
    client = Conversation()
    client.say(post_chunked(b"abc", end=False))
    client.connection.client_left()
    client.say(b"nonsense\r\n")
    assert refused(client) == (400, "malformed_request")
    assert client.last.times_left == 1


async def test_a_malformed_request_waits_for_the_answers_of_those_before_it():
    client = Conversation()
    client.say(GET + b"nonsense\r\n\r\n")
    assert client.heard() == b""
    client.last.exchange.respond(200)
    assert client.heard().count(b"HTTP/1.1 200") == 1 or client.heard() == b""


async def test_leading_empty_lines_are_forgiven():
    client = Conversation()
    client.say(b"\r\n\r\n" + GET)
    assert len(client.requests) == 1


@pytest.mark.parametrize("step", [7, 100, 100_000])
async def test_a_head_beyond_its_bound_is_431_also_when_it_trickles(step):
    client = Conversation(limits=Limits(head_bytes=1000))
    data = b"GET / HTTP/1.1\r\nhost: h\r\nx: " + b"y" * 1000 + b"\r\n\r\n"
    for at in range(0, len(data), step):
        client.say(data[at : at + step])
    assert refused(client) == (431, "head_too_large")
    assert client.requests == []


async def test_a_target_beyond_the_bound_of_a_head_is_431():
    client = Conversation(limits=Limits(head_bytes=1000))
    client.say(b"GET /" + b"y" * 1000)
    assert refused(client) == (431, "head_too_large")


async def test_too_many_headers_are_431():
    client = Conversation(limits=Limits(headers=10))
    client.say(b"GET / HTTP/1.1\r\nhost: h\r\n" + b"a: b\r\n" * 10 + b"\r\n")
    assert refused(client) == (431, "head_too_large")


async def test_a_head_within_its_bound_passes_with_a_large_body_behind_it():
    client = Conversation(limits=Limits(head_bytes=200))
    client.say(post(b"x" * 100_000))
    assert client.last.is_complete
    client.last.exchange.respond(200)
    client.say(post(b"x" * 100_000))
    assert len(client.requests) == 2


ENDLESS_FRAMING = {
    "a trailer": (b"0\r\na: ", b"b"),
    "trailers": (b"0\r\n", b"a: b\r\n"),
    "a chunk's extension": (b"3;", b"a"),
    "a chunk's size": (b"0", b"0"),
}


@pytest.mark.parametrize("name", ENDLESS_FRAMING)
async def test_what_frames_a_body_is_bounded(name):
    begun, more = ENDLESS_FRAMING[name]
    client = Conversation(limits=Limits(head_bytes=1000))
    client.say(post_chunked(b"abc", end=False) + begun)
    for _ in range(1200):
        client.say(more)
    assert refused(client) == (400, "malformed_request")
    assert client.last.times_left == 1


async def test_many_small_chunks_are_not_too_much_framing():
    client = Conversation(limits=Limits(head_bytes=1000))
    client.say(post_chunked(end=False))
    for _ in range(1200):
        client.say(b"1;a=b\r\n")
        client.say(b"x\r\n")
    client.say(b"0\r\na: b\r\n\r\n")
    assert client.last.is_complete


class Clock:
    """Sweeps a connection once a second from when it was made."""

    def __init__(self, client: Conversation) -> None:
        self._connection = client.connection
        self._now = asyncio.get_running_loop().time()

    def pass_(self, seconds: int) -> None:
        for _ in range(seconds):
            self._now += 1
            self._connection.sweep(self._now)


async def test_a_head_that_stops_coming_is_408():
    client = Conversation()
    clock = Clock(client)
    client.say(b"GET / HTTP/1.1\r\nhost:")
    clock.pass_(29)
    assert client.heard() == b""
    clock.pass_(3)
    assert refused(client) == (408, "head_timeout")


async def test_a_head_that_trickles_is_408_all_the_same():
    client = Conversation()
    clock = Clock(client)
    for byte in b"GET / HTTP/1.1\r\n":
        client.say(bytes([byte]))
        clock.pass_(2)
        if client.transport.has_written_eof:
            break
    assert refused(client) == (408, "head_timeout")


async def test_a_body_that_stops_coming_is_408():
    client = Conversation()
    clock = Clock(client)
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\na")
    clock.pass_(29)
    client.say(b"b")
    clock.pass_(29)
    assert client.heard() == b""
    clock.pass_(3)
    assert refused(client) == (408, "body_timeout")
    assert client.last.times_left == 1


async def test_a_body_that_we_do_not_read_is_not_late():
    client = Conversation()
    clock = Clock(client)
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\na")
    client.last.exchange.pause_body()
    clock.pass_(100)
    client.last.exchange.resume_body()
    clock.pass_(29)
    assert client.heard() == b""
    clock.pass_(3)
    assert refused(client) == (408, "body_timeout")


async def test_a_long_answer_does_not_make_what_was_sent_ahead_late():
    for ahead in (b"GET /2 HTTP/1.1\r\nho", b"POST /2 HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\na"):
        client = Conversation()
        clock = Clock(client)
        client.say(GET + ahead)
        clock.pass_(200)
        assert client.heard() == b""
        client.last.exchange.respond(200)
        clock.pass_(20)
        assert client.heard().count(b"HTTP/1.1") == 1
        clock.pass_(15)
        assert refused(client)[0] == 408


async def test_an_idle_connection_is_closed_after_its_time():
    client = Conversation()
    clock = Clock(client)
    clock.pass_(115)
    assert not client.transport.closed
    clock.pass_(10)
    assert client.transport.closed


async def test_idleness_begins_with_the_end_of_the_last_answer():
    client = Conversation()
    clock = Clock(client)
    client.say(GET)
    clock.pass_(300)
    assert not client.transport.closed
    client.last.exchange.respond(200)
    clock.pass_(115)
    assert not client.transport.closed
    clock.pass_(10)
    assert client.transport.closed


async def test_a_client_that_takes_no_byte_of_its_answer_has_left_after_send_timeout():
    client = Conversation()
    clock = Clock(client)
    client.say(GET)
    client.last.exchange.start(200)
    client.transport.unsent_bytes = 5000
    clock.pass_(50)
    client.transport.unsent_bytes = 4999
    clock.pass_(59)
    assert not client.last.is_left
    clock.pass_(3)
    assert client.last.times_left == 1
    assert not client.transport.aborted, "the connection tells that the work has stopped"
    client.last.exchange.close()
    assert client.transport.aborted, "nobody will ever take the rest"


async def test_a_client_that_leaves_the_end_of_its_answer_untaken_is_cut():
    client = Conversation()
    clock = Clock(client)
    client.say(GET)
    client.last.exchange.respond(200)
    client.transport.unsent_bytes = 5000
    clock.pass_(63)
    assert client.transport.aborted


async def test_a_bound_of_sending_can_be_set_for_a_request():
    client = Conversation()
    clock = Clock(client)
    client.say(GET)
    client.last.exchange.bound_sending(5.0)
    client.transport.unsent_bytes = 5000
    clock.pass_(7)
    assert client.last.times_left == 1


async def test_lingering_over_a_refused_body_is_bounded_even_if_it_keeps_coming():
    client = Conversation(limits=Limits(linger=2.0))
    clock = Clock(client)
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\nab")
    client.last.exchange.respond(413)
    clock.pass_(1)
    assert not client.transport.aborted
    for _ in range(3):
        client.say(b"more")
        clock.pass_(1)
    assert client.transport.aborted
