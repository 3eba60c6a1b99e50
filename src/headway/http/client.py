"""The client's side of HTTP/1.1: one kept-alive connection that carries one request at a time and hands the
answer on as it came, head and body bytes unparsed but for what the framing needs.

Nothing here is pooled or retried; the gateway and the probes decide that.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

import httptools

from headway.http.heads import KNOWN_ANSWERS, AnswerHead
from headway.http.known_heads import BLANK_LINE, BLANK_LINE_BYTES

_STATUSES = {b"%d" % status: status for status in range(100, 1000)}
_HEAD_LIMIT = 64 * 1024
_WRITE_BUFFER = 64 * 1024


class AnswerReceiver(Protocol):
    """What is told of an answer. `on_answer` comes once, then `on_more` until `on_answer_end` or a loss."""

    def on_answer(self, status: int, head: bytes, rest: bytes) -> None:
        """The answer's head (with its blank line) and what came of the body in the same read."""

    def on_more(self, data: bytes) -> None:
        """Further bytes of the body as they are framed, or of a tunnel after a 101."""

    def on_answer_end(self, *, reusable: bool) -> None:
        """The answer is whole. Not reusable: the server ends the connection, which ends a body without length."""

    def on_answer_lost(self, reason: str) -> None:
        """The connection ended before the answer did, or what came is not HTTP."""

    def on_room(self, *, room: bool) -> None:
        """Whether more of the request's body may be written now."""


class ClientConnection:
    """A connection to a server. `send` starts a request; its answer goes to the receiver given.

    An asyncio.Protocol by its methods: a compiled class has no interpreted base.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._receiver: AnswerReceiver | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._head: bytes | None = b""  # None once the head was handed on
        self._head_only = False
        self._answer_head = b""
        self._messages = 0
        self._complete = False
        self._keep_alive = False
        self._tunnel = False
        self._paused = False
        self.closed = False
        """It can carry no further request."""
        self.half_closed = False

    def send(self, data: bytes, receiver: AnswerReceiver, *, head_only: bool = False) -> None:
        """Start a request: its head and what there is of its body. `head_only` for the method HEAD."""
        self._receiver = receiver
        self._head = b""
        self._messages = 0
        self._complete = self._keep_alive = False
        self._head_only = head_only
        self._transport.write(data)

    def write(self, data: bytes) -> None:
        """More of the request, framed by the caller."""
        self._transport.write(data)

    def half_close(self) -> None:
        """Tell the server that nobody waits for the answer any more; it is still read to its end."""
        if not self.half_closed and not self.closed:
            self.half_closed = True
            self._transport.write_eof()

    def close(self) -> None:
        self._receiver = None
        self._transport.abort()

    def pause_reading(self) -> None:
        if not self.closed and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self.closed and self._paused:
            self._paused = False
            self._transport.resume_reading()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(_WRITE_BUFFER)

    def eof_received(self) -> None:
        """The server sends nothing more: without a request under way the connection is of no use from now on."""
        self.closed = self._receiver is None

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            return
        if self._head is None and exc is None and not self._tunnel and not _is_framed(self._answer_head):
            receiver.on_answer_end(reusable=False)
        else:
            receiver.on_answer_lost(str(exc) if exc else "the connection was closed")

    def pause_writing(self) -> None:
        if self._receiver is not None:
            self._receiver.on_room(room=False)

    def resume_writing(self) -> None:
        if self._receiver is not None:
            self._receiver.on_room(room=True)

    def data_received(self, data: bytes) -> None:
        receiver = self._receiver
        if receiver is None:
            self.closed = True  # nobody asked
            self._transport.abort()
        elif self._tunnel:
            receiver.on_more(data)
        elif self._head is None:
            if self._feed(data):
                receiver.on_more(data)
                if self._complete:
                    self._end_answer()
        else:
            if self._head:
                data = self._head + data
            # Mostly a whole answer has come, with a known head.
            end = data.find(BLANK_LINE) + BLANK_LINE_BYTES
            known = KNOWN_ANSWERS.get(data[:end])
            if known is not None and known.length == len(data) - end and not self._head_only:
                self._head = None
                self._keep_alive = True
                receiver.on_answer(known.status, known.raw, data[end:])
                self._end_answer()
            else:
                self._receive_head(data, receiver)

    # What the parser tells.

    def on_message_begin(self) -> None:
        self._messages += 1

    def on_message_complete(self) -> None:
        self._complete = True
        self._keep_alive = self._parser.should_keep_alive()  # asked later it would have forgotten the head

    def _receive_head(self, data: bytes, receiver: AnswerReceiver) -> None:
        while (end := data.find(BLANK_LINE) + BLANK_LINE_BYTES) >= BLANK_LINE_BYTES:
            status = _status(data)
            if status is None:
                self._lose("the answer is not HTTP/1.1")
                return
            if status >= 200 or status == 101:
                self._pass_head(status, data, end, receiver)
                return
            data = data[end:]  # an interim answer: the real one follows
        self._head = data
        if len(data) > _HEAD_LIMIT:
            self._lose("the answer's head is too large")

    def _pass_head(self, status: int, data: bytes, end: int, receiver: AnswerReceiver) -> None:
        self._head = None
        self._answer_head = data[:end]
        if status == 101:
            self._tunnel = True
        elif self._head_only:
            self._complete = True
        elif not self._feed(data):
            return
        elif self._complete and self._keep_alive and KNOWN_ANSWERS.is_worth_learning(self._answer_head):
            head = AnswerHead(status, self._answer_head, has_no_body=False)
            if head.has_length:
                head.length = len(data) - end
                KNOWN_ANSWERS.learn(head.raw, head)
        receiver.on_answer(status, self._answer_head, data[end:])
        if self._complete:
            self._end_answer()

    def _feed(self, data: bytes) -> bool:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._lose(f"the answer is not valid HTTP/1.1: {error}")
            return False
        if self._messages > 1:
            self._lose("more came than one answer")
            return False
        return True

    def _end_answer(self) -> None:
        if self._paused:
            self.resume_reading()  # whoever held the answer back is done
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.on_answer_end(reusable=self._keep_alive and not self.half_closed)

    def _lose(self, reason: str) -> None:
        receiver, self._receiver = self._receiver, None
        self._transport.abort()
        if receiver is not None:
            receiver.on_answer_lost(reason)


def _status(data: bytes) -> int | None:
    return _STATUSES.get(data[9:12]) if data[:7] == b"HTTP/1." else None


def _is_framed(head: bytes) -> bool:
    lower = head.lower()
    return b"\r\ncontent-length:" in lower or b"\r\ntransfer-encoding:" in lower


async def connect(address: str, timeout: float) -> ClientConnection:  # noqa: ASYNC109 - bounds the connect alone
    """A new connection to `unix:/path` or `tcp:host:port`. Raises OSError (a TimeoutError among them)."""
    loop = asyncio.get_running_loop()
    kind, _, place = address.partition(":")
    connection = ClientConnection()
    factory = cast("Callable[[], asyncio.Protocol]", lambda: connection)
    async with asyncio.timeout(timeout):
        if kind == "unix":
            await loop.create_unix_connection(factory, place)
        else:
            host, _, port = place.rpartition(":")
            await loop.create_connection(factory, host.strip("[]"), int(port))
    return connection
