"""The server's side of a connection, driven by hand: turns, bodies, tunnels, leaving."""

import pytest

from fakes.application import GET, Conversation, Recorded, post, post_chunked
from fakes.garbage import no_garbage
from fakes.transport import FakeTransport
from headway.http.limits import Limits
from headway.http.server import ServerConnection


async def test_a_request_is_handed_over_with_its_head_and_answered_whole():
    client = Conversation()
    client.say(b"POST /a?b=1 HTTP/1.1\r\nHost: h\r\nX-Mixed: V\r\ncontent-length: 2\r\n\r\nhi")
    exchange = client.last.exchange
    assert (exchange.method, exchange.target, exchange.length) == (b"POST", b"/a?b=1", 2)
    assert exchange.header(b"x-mixed") == b"V"
    assert (client.last.body, client.last.is_complete) == (b"hi", True)
    exchange.respond(200, b"x: y\r\n", b"there")
    assert client.heard() == b"HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: 5\r\n\r\nthere"
    assert not client.transport.closed


@pytest.mark.parametrize("size", [0, 3, 100_000])
async def test_an_answer_in_pieces_is_one_answer(size):
    client = Conversation()
    for request in (GET, GET.replace(b"GET", b"HEAD")):
        client.say(request)
        client.last.exchange.respond(200, b"x: y\r\n", b"a", b"b" * size, b"", b"c")
    head = b"HTTP/1.1 200 OK\r\nx: y\r\ncontent-length: %d\r\n\r\n" % (size + 2)
    assert client.heard() == head + b"a" + b"b" * size + b"c" + head


async def test_a_request_that_comes_byte_by_byte_is_the_same_request():
    client = Conversation()
    for byte in post_chunked(b"one", b"two"):
        client.say(bytes([byte]))
    assert (client.last.body, client.last.is_complete, client.last.exchange.length) == (b"onetwo", True, None)


async def test_pipelined_requests_are_answered_in_order_one_at_a_time():
    client = Conversation()
    client.say(post(b"1", b"/1") + post(b"2", b"/2") + post(b"3", b"/3"))
    assert [one.exchange.target for one in client.requests] == [b"/1"]
    for number in range(1, 4):
        assert client.last.exchange.target == b"/%d" % number
        assert client.last.body == b"%d" % number
        client.last.exchange.respond(200, b"", b"answer %d" % number)
        assert client.heard().endswith(b"answer %d" % number)


async def test_ten_thousand_pipelined_requests_do_not_recurse_and_keep_their_order():
    client = Conversation(answers_at_once=True)
    client.say(b"".join(b"GET /%05d HTTP/1.1\r\nhost: h\r\n\r\n" % number for number in range(10_000)))
    answers = client.heard().split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert [answer[-6:] for answer in answers] == [b"/%05d" % number for number in range(10_000)]


async def test_ten_thousand_requests_that_waited_for_one_do_not_recurse_either():
    client = Conversation(limits=Limits(ahead_bytes=1024 * 1024))
    client.say(GET)
    client.say(b"".join(b"GET /%05d HTTP/1.1\r\nhost: h\r\n\r\n" % number for number in range(10_000)))
    client.answers_at_once = True
    client.requests[0].exchange.respond(200)
    assert len(client.requests) == 10_001


async def test_what_a_client_sends_ahead_is_bounded_by_pausing_to_read():
    client = Conversation(limits=Limits(ahead_bytes=1000))
    client.say(GET)
    while client.transport.is_reading:
        client.say(GET)
    assert len(client.connection._reader.ahead) <= 1000 + len(GET)
    client.answers_at_once = True
    client.last.exchange.respond(200)
    assert client.transport.is_reading
    assert len(client.requests) > 1000 // len(GET)


async def test_the_body_of_a_request_sent_ahead_is_bounded_too():
    client = Conversation(limits=Limits(ahead_bytes=1000))
    client.say(GET + b"POST /2 HTTP/1.1\r\nhost: h\r\ncontent-length: 100000\r\n\r\nfirst")
    sent = 5
    while client.transport.is_reading:
        client.say(b"x" * 100)
        sent += 100
        assert sent < 3000
    client.requests[0].exchange.respond(200)
    assert client.last.exchange.target == b"/2"
    assert len(client.last.body) == sent
    client.say(b"x" * (100_000 - sent))
    assert client.last.is_complete


async def test_a_body_comes_in_pieces_and_reading_it_can_be_paused():
    client = Conversation()
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 6\r\n\r\nab")
    assert (client.last.body, client.last.is_complete) == (b"ab", False)
    client.last.exchange.pause_body()
    assert not client.transport.is_reading
    client.last.exchange.resume_body()
    client.say(b"cdef")
    assert (client.last.body, client.last.is_complete) == (b"abcdef", True)


async def test_a_pause_of_the_body_ends_with_the_body_so_that_leaving_is_noticed():
    client = Conversation()
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nab")
    client.last.on_body = lambda data: client.last.exchange.pause_body()  # noqa: ARG005
    client.say(b"cd")
    assert client.last.is_complete
    assert client.transport.is_reading
    client.last.exchange.pause_body()
    assert client.transport.is_reading


async def test_a_chunked_answer_is_framed_and_ended():
    client = Conversation()
    client.say(GET)
    exchange = client.last.exchange
    exchange.start(200)
    exchange.write(b"0123456789")
    exchange.write(b"")
    exchange.end()
    assert (
        client.heard() == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"
    )


async def test_a_client_of_http_1_0_gets_no_chunks_and_a_close():
    client = Conversation()
    client.say(b"GET / HTTP/1.0\r\n\r\n")
    client.last.exchange.start(200)
    client.last.exchange.write(b"data")
    client.last.exchange.end()
    assert client.heard() == b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\ndata"
    assert client.transport.closed


async def test_head_gets_the_length_without_the_body():
    client = Conversation()
    client.say(b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n" + GET)
    client.last.exchange.respond(200, b"", b"12345")
    assert client.heard() == b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
    client.last.exchange.respond(200, b"", b"next")
    assert client.heard().endswith(b"\r\n\r\nnext")


async def test_head_of_a_stream_gets_no_chunk():
    client = Conversation()
    client.say(b"HEAD / HTTP/1.1\r\nhost: h\r\n\r\n")
    client.last.exchange.start(200)
    client.last.exchange.write(b"data")
    client.last.exchange.end()
    assert client.heard() == b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_body_keeps_the_connection(status):
    client = Conversation()
    client.say(GET)
    client.last.exchange.start(status)
    client.last.exchange.end()
    assert b"transfer-encoding" not in client.heard()
    assert not client.transport.closed


async def test_connection_close_is_honoured_and_said():
    client = Conversation()
    client.say(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n")
    client.last.exchange.respond(200)
    assert b"connection: close\r\n" in client.heard()
    assert client.transport.closed


async def test_half_close_is_leaving_and_the_way_back_stays_open_until_the_work_has_stopped():
    client = Conversation()
    client.say(GET)
    assert client.connection.eof_received() is True
    assert client.last.times_left == 1
    assert client.last.exchange.left
    assert not client.transport.closed
    client.last.exchange.close()
    assert client.transport.closed
    client.connection.connection_lost(None)
    assert client.last.times_left == 1
    assert client.connections == set()


async def test_an_idle_connection_that_half_closes_is_closed():
    client = Conversation()
    client.say(GET)
    client.last.exchange.respond(200)
    assert client.connection.eof_received() is False


async def test_leaving_drops_what_was_sent_ahead():
    client = Conversation()
    client.say(GET + GET)
    client.connection.connection_lost(None)
    client.requests[0].exchange.respond(200)
    assert len(client.requests) == 1


async def test_nobody_is_told_of_a_client_that_leaves_after_its_answer():
    client = Conversation()
    client.say(GET)
    client.last.exchange.respond(200)
    client.connection.connection_lost(None)
    assert client.last.times_left == 0


async def test_expect_100_is_answered_once_and_only_when_asked():
    client = Conversation()
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\nexpect: 100-Continue\r\ncontent-length: 2\r\n\r\n")
    assert client.heard() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.say(b"hi")
    assert client.last.is_complete
    client.last.exchange.respond(200)
    client.say(post(b"x"))
    assert b"100 Continue" not in client.heard()


H2C = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n"


async def test_an_h2c_upgrade_without_body_is_ignored_and_the_connection_goes_on():
    client = Conversation()
    client.say(b"GET /1 HTTP/1.1\r\nhost: h\r\n" + H2C + b"\r\n" + GET)
    client.last.exchange.respond(200)
    assert client.last.exchange.target == b"/"
    client.last.exchange.respond(200)
    client.say(GET)
    assert len(client.requests) == 3


@pytest.mark.parametrize("cut", [1, 40, 120, 200])
async def test_an_h2c_upgrade_with_a_body_is_ignored_and_the_body_is_read(cut):
    for framed in (
        b"content-length: 4\r\n\r\nbody",
        b"transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
    ):
        data = b"POST /1 HTTP/1.1\r\nhost: h\r\n" + H2C + framed + GET
        client = Conversation()
        client.say(data[:cut])
        client.say(data[cut:])
        assert (client.last.body, client.last.is_complete) == (b"body", True)
        assert not client.last.exchange.is_upgrade
        client.last.exchange.respond(200)
        assert client.last.exchange.target == b"/"
        assert len(client.requests) == 2


WEBSOCKET = b"GET /ws HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"


async def test_a_tunnel_passes_bytes_both_ways_those_sent_early_included():
    client = Conversation()
    client.say(WEBSOCKET + b"early")
    assert client.last.exchange.is_upgrade
    assert client.last.body == b""
    client.last.exchange.relay(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    client.last.exchange.accept_tunnel()
    client.say(b" late GET / HTTP/1.1\r\n\r\n")
    client.last.pieces.clear()
    client.say(b"\x00\xff")
    assert client.last.body == b"\x00\xff"
    client.last.exchange.relay(b"\x81\x01x")
    assert client.heard().endswith(b"\x81\x01x")
    client.connection.eof_received()
    assert client.last.is_left


async def test_reading_from_a_tunnel_can_be_paused():
    client = Conversation()
    client.say(WEBSOCKET)
    client.last.exchange.accept_tunnel()
    client.last.exchange.pause_body()
    assert not client.transport.is_reading
    client.last.exchange.resume_body()
    assert client.transport.is_reading


async def test_a_refused_upgrade_leaves_an_ordinary_connection():
    client = Conversation()
    client.say(WEBSOCKET)
    client.last.exchange.respond(403)
    client.say(GET)
    assert client.last.exchange.target == b"/"


async def test_an_answer_before_the_body_was_read_says_close_and_lingers():
    client = Conversation()
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\nab")
    client.last.exchange.respond(413)
    assert b"connection: close\r\n" in client.heard()
    assert client.transport.has_written_eof
    assert not client.transport.closed
    client.say(b"x" * 998 + GET)
    assert len(client.requests) == 1
    assert client.last.body == b"ab"


async def test_the_application_is_told_when_to_hold_back_its_answer():
    client = Conversation()
    client.say(GET)
    client.connection.pause_writing()
    client.connection.resume_writing()
    assert client.last.writable == [False, True]


async def test_a_stopping_connection_closes_when_idle_and_after_its_answer_when_busy():
    idle = Conversation()
    idle.connection.stop()
    assert idle.transport.closed
    busy = Conversation()
    busy.say(GET + GET)
    busy.connection.stop()
    assert not busy.transport.closed
    busy.last.exchange.respond(200)
    assert b"connection: close\r\n" in busy.heard()
    assert busy.transport.closed
    assert len(busy.requests) == 1


async def test_cut_ends_the_answer_but_not_the_connection():
    client = Conversation()
    client.say(GET)
    client.last.exchange.start(200)
    client.last.exchange.cut()
    assert client.transport.written.endswith(b"!\r\n\r\n")
    assert not client.transport.closed
    client.last.exchange.close()
    assert client.transport.closed


async def test_an_answer_begun_before_its_request_was_read_ends_the_connection_as_it_said():
    client = Conversation()
    client.say(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 4\r\n\r\nbo")
    exchange = client.last.exchange
    exchange.start(200)
    client.say(b"dy")
    exchange.end()
    assert b"connection: close\r\n" in client.transport.written
    assert client.transport.closed


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize(
    "said",
    [
        b"",
        GET[:9],
        GET,
        GET + GET,
        post(b"body")[:-1],
        post_chunked(b"body")[:-9],
        GET + post(b"body")[:-1],
        post_chunked(b"body")[:-7] + b"no chunk",
    ],
)
async def test_what_a_connection_was_does_not_wait_for_the_garbage_collector(said, is_answered):
    def converse():
        requests = []

        def application(exchange):
            requests.append(Recorded(exchange))
            return requests[-1]

        connection = ServerConnection(application, Limits(), set())
        connection.connection_made(FakeTransport())
        connection.data_received(said)
        if is_answered and requests:
            requests[0].exchange.respond(200)
        connection.connection_lost(None)
        for one in requests:
            one.exchange.respond(200)  # too late: its work has gone on without a client
        requests.clear()

    with no_garbage():
        converse()
