"""The client's side of a connection, driven by hand: framing, reuse, tunnels, and servers that misbehave."""

import pytest

from fakes.garbage import no_garbage
from fakes.transport import FakeTransport
from headway.http.client import ClientConnection
from headway.http.heads import AnswerHead


class Heard:
    """An answer as its receiver was told of it."""

    def __init__(self) -> None:
        self.status = 0
        self.head = b""
        self.body = b""
        self.ends: list[bool] = []
        self.losses: list[str] = []
        self.unread: list[bool] = []
        self.bad: list[str] = []
        self.room: list[bool] = []

    def on_answer(self, head: AnswerHead, rest: bytes) -> None:
        assert self.status == 0
        self.status, self.head, self.body = head.status, head.raw, rest

    def on_more(self, data: bytes) -> None:
        assert self.status
        self.body += data

    def on_answer_end(self, *, reusable: bool) -> None:
        self.ends.append(reusable)

    def on_answer_bad(self, reason: str) -> None:
        self.bad.append(reason)

    def on_answer_lost(self, reason: str, *, unread: bool) -> None:
        self.losses.append(reason)
        self.unread.append(unread)

    def on_room(self, *, room: bool) -> None:
        self.room.append(room)


def asked(**options: bool) -> tuple[ClientConnection, FakeTransport, Heard]:
    """A connection that has sent a request."""
    connection, transport, heard = ClientConnection(), FakeTransport(), Heard()
    connection.connection_made(transport)
    connection.send(b"GET / HTTP/1.1\r\n\r\n", heard, **options)
    return connection, transport, heard


WITH_LENGTH = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"


@pytest.mark.parametrize("answer", [WITH_LENGTH, CHUNKED])
@pytest.mark.parametrize("step", [1, 20, 1000])
def test_an_answer_is_handed_on_as_it_is_framed_and_the_connection_can_be_used_again(answer, step):
    connection, transport, heard = asked()
    for _ in range(3):
        for at in range(0, len(answer), step):
            connection.data_received(answer[at : at + step])
        assert heard.head + heard.body == answer
        assert (heard.status, heard.ends, heard.losses) == (200, [True], [])
        heard = Heard()
        connection.send(b"GET / HTTP/1.1\r\n\r\n", heard)
    assert not transport.closed


@pytest.mark.parametrize(
    ("answer", "reusable"),
    [
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", True),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 10\r\n\r\n", True),
    ],
)
def test_what_an_answer_says_of_its_connection_is_kept(answer, reusable):
    connection, _, heard = asked()
    connection.data_received(answer)
    assert heard.ends == [reusable]


def test_the_answer_to_head_ends_with_its_head():
    connection, _, heard = asked(head_only=True)
    connection.data_received(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n")
    assert (heard.status, heard.body, len(heard.ends)) == (200, b"", 1)


def test_an_answer_without_length_ends_with_the_connection():
    connection, _, heard = asked()
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nsome")
    connection.data_received(b"more")
    assert heard.ends == []
    connection.connection_lost(None)
    assert (heard.body, heard.ends, heard.losses) == (b"somemore", [False], [])


@pytest.mark.parametrize("cut", [0, 10, len(WITH_LENGTH) - 1])
def test_a_connection_that_ends_before_its_answer_is_a_loss(cut):
    for answer in (WITH_LENGTH, CHUNKED[: len(WITH_LENGTH)]):
        connection, _, heard = asked()
        if cut:
            connection.data_received(answer[:cut])
        connection.connection_lost(None)
        assert (heard.ends, len(heard.losses)) == ([], 1)


def test_an_answer_without_length_that_breaks_off_is_a_loss():
    connection, _, heard = asked()
    connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nsome")
    connection.connection_lost(ConnectionResetError("reset"))
    assert (heard.ends, heard.losses) == ([], ["reset"])


def test_interim_answers_are_skipped_however_many():
    connection, _, heard = asked()
    connection.data_received(
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5000 + b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n"
    )
    connection.data_received(WITH_LENGTH)
    assert (heard.status, heard.body, heard.ends) == (200, b"body", [True])


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 600 High\r\n\r\n",
        b"HTTP/1.1 1000 High\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\n\r\n",
        b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\ny: b\r\n\r\n",
        b"HTTP/1.1 204 OK\r\nx: a\0b\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nx: a\0b\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000,
    ],
)
@pytest.mark.parametrize("head_only", [False, True])
def test_what_is_no_answer_is_told_as_bad_and_nothing_more_of_it(answer, head_only):
    connection, transport, heard = asked(head_only=head_only)
    connection.data_received(answer)
    connection.data_received(WITH_LENGTH)
    assert (heard.status, heard.ends, len(heard.bad), heard.losses) == (0, [], 1, [])
    connection.half_close()
    assert transport.has_written_eof
    connection.connection_lost(None)
    assert (heard.ends, len(heard.bad), heard.unread) == ([], 1, [False])


@pytest.mark.parametrize(
    "wrong", [b"zz\r\n", b"-4\r\nbody\r\n", b"3\r\nbody\r\n0\r\n\r\n", b"4\nbody\n0\n\n"]
)
@pytest.mark.parametrize("at_once", [False, True])
def test_chunks_that_are_none_are_bad(wrong, at_once):
    connection, _, heard = asked()
    head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    for data in (head + wrong,) if at_once else (head, wrong):
        connection.data_received(data)
    assert (heard.status, len(heard.bad), heard.ends) == (0 if at_once else 200, 1, [])


@pytest.mark.parametrize("excess", [b"x", b"\r\n", WITH_LENGTH, b"0\r\n\r\n"])
@pytest.mark.parametrize("step", [20, 1000])
def test_what_comes_behind_an_answer_of_known_length_is_dropped_with_its_connection(excess, step):
    for _ in range(3):  # a known head makes no difference
        connection, _, heard = asked()
        answer = WITH_LENGTH + excess
        connection.data_received(answer[:step])
        if len(answer) > step:
            connection.data_received(answer[step:])
        assert (heard.head + heard.body, heard.ends, heard.bad) == (WITH_LENGTH, [False], [])


@pytest.mark.parametrize("told", [b" 4", b"\t4 ", b"004"])
def test_a_length_may_be_written_in_more_than_one_way(told):
    for step in (1, 1000):
        connection, _, heard = asked()
        answer = b"HTTP/1.1 200 OK\r\ncontent-length:%s\r\n\r\nbody" % told
        for at in range(0, len(answer), step):
            connection.data_received(answer[at : at + step])
        assert (heard.body, heard.ends) == (b"body", [True])


def test_two_answers_in_chunks_are_bad():
    connection, _, heard = asked()
    connection.data_received(CHUNKED + CHUNKED)
    assert (heard.status, len(heard.bad)) == (0, 1)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n",
    ],
)
@pytest.mark.parametrize("body", [b"body", WITH_LENGTH, b"4\r\nbody\r\n0\r\n\r\n"])
def test_an_answer_that_has_no_body_ends_with_its_head_whatever_follows(head, body):
    connection, _, heard = asked()
    connection.data_received(head + body)
    assert (heard.head, heard.body, heard.ends, heard.bad) == (head, b"", [False], [])


@pytest.mark.parametrize("body", [b"body", WITH_LENGTH, b"4\r\nbody\r\n0\r\n\r\n"])
def test_the_body_of_an_answer_to_head_is_dropped_with_its_connection(body):
    for head in (WITH_LENGTH[:-4], b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"):
        connection, _, heard = asked(head_only=True)
        connection.data_received(head + body)
        assert (heard.head, heard.body, heard.ends) == (head, b"", [False])


@pytest.mark.parametrize("error", [ConnectionResetError("reset"), BrokenPipeError("broken")])
def test_a_reset_before_a_byte_of_the_answer_says_that_the_request_was_not_read(error):
    for before, unread in ((b"", True), (b"H", False), (b"HTTP/1.1 100 Continue\r\n\r\n", False)):
        connection, _, heard = asked()
        if before:
            connection.data_received(before)
        connection.connection_lost(error)
        assert heard.unread == [unread]


def test_a_server_that_ends_a_connection_that_is_still_to_be_written_to_has_not_read_the_request():
    for unsent, unread in ((0, False), (10, True)):
        connection, transport, heard = asked()
        transport.unsent_bytes = unsent
        connection.eof_received()
        connection.connection_lost(None)
        assert heard.unread == [unread]


def test_bytes_that_nobody_asked_for_end_the_connection_at_once():
    connection, transport, heard = asked()
    connection.data_received(WITH_LENGTH)
    connection.data_received(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert transport.aborted
    assert connection.closed
    assert heard.losses == []


def test_an_idle_connection_that_the_server_ends_is_closed_before_it_could_be_used_again():
    connection, _, heard = asked()
    connection.data_received(WITH_LENGTH)
    connection.eof_received()
    assert connection.closed
    assert heard.losses == []


def test_a_tunnel_passes_bytes_until_the_connection_ends():
    connection, transport, heard = asked()
    connection.data_received(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x01")
    connection.data_received(b"a\r\n\r\n")
    connection.write(b"\x82\x00")
    assert (heard.status, heard.body) == (101, b"\x81\x01a\r\n\r\n")
    assert transport.take().endswith(b"\x82\x00")
    connection.connection_lost(None)
    assert (heard.ends, len(heard.losses)) == ([], 1)


def test_half_closing_tells_the_server_and_reads_on_but_the_connection_is_not_used_again():
    connection, transport, heard = asked()
    connection.half_close()
    connection.half_close()
    assert transport.has_written_eof
    connection.data_received(WITH_LENGTH)
    assert heard.ends == [False]


def test_a_reader_paused_at_the_end_of_an_answer_is_not_paused_for_the_next_one():
    connection, transport, heard = asked()
    heard.on_more = lambda data: connection.pause_reading()  # noqa: ARG005
    connection.data_received(WITH_LENGTH[:-4])
    connection.data_received(WITH_LENGTH[-4:])
    assert heard.ends == [True]
    assert transport.is_reading


def test_the_receiver_is_told_when_more_of_the_request_may_be_written():
    connection, _, heard = asked()
    connection.pause_writing()
    connection.resume_writing()
    assert heard.room == [False, True]


def test_a_closed_connection_tells_its_receiver_nothing_more():
    connection, transport, heard = asked()
    connection.close()
    connection.connection_lost(None)
    assert transport.aborted
    assert (heard.ends, heard.losses) == ([], [])


def test_an_answer_with_a_head_that_came_before_ends_where_its_length_says():
    connection, _, heard = asked()
    for body in (b"once", b"more", b"\r\n\r\n"):
        connection.data_received(WITH_LENGTH[:-4] + body)
        assert (heard.status, heard.head, heard.body) == (200, WITH_LENGTH[:-4], body)
        assert (heard.ends, heard.losses) == ([True], [])
        heard = Heard()
        connection.send(b"GET / HTTP/1.1\r\n\r\n", heard)
    connection.data_received(WITH_LENGTH[:-2])
    assert heard.ends == []
    connection.data_received(WITH_LENGTH[-2:])
    assert (heard.body, heard.ends) == (b"body", [True])


def test_the_answer_to_head_is_whole_without_the_body_that_a_known_head_had():
    connection, _, heard = asked()
    connection.data_received(WITH_LENGTH)
    assert heard.ends == [True]
    heard = Heard()
    connection.send(b"HEAD / HTTP/1.1\r\n\r\n", heard, head_only=True)
    connection.data_received(WITH_LENGTH[:-4])
    assert (heard.head, heard.body, len(heard.ends)) == (WITH_LENGTH[:-4], b"", 1)


@pytest.mark.parametrize("answer", [b"", WITH_LENGTH[:-1], WITH_LENGTH, CHUNKED[:-7], CHUNKED, b"?\r\n\r\n"])
def test_what_a_connection_was_does_not_wait_for_the_garbage_collector(answer):
    def converse():
        connection, _, _ = asked()
        connection.data_received(answer)
        connection.connection_lost(None)

    with no_garbage():
        converse()
