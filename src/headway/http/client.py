"""The client's side of HTTP/1.1: one kept-alive connection that carries one request at a time and hands the
answer on as it came, head and body bytes unparsed but for what the framing needs.

Nothing here is pooled or retried; the gateway and the probes decide that.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

import httptools

from headway.core.wire import CUT
from headway.http.ends import shut_down
from headway.http.heads import KNOWN_ANSWERS, SWITCHING_PROTOCOLS, AnswerHead, BadAnswerError, status_of
from headway.http.known_heads import BLANK_LINE, BLANK_LINE_BYTES
from headway.http.receivers import AnswerReceiver

_FIRST_FINAL: Final = 200
_HEAD_LIMIT: Final = 64 * 1024
_WRITE_BUFFER: Final = 64 * 1024
_SHOWN_BYTES: Final = 40
_NO_PARSER: Final = cast("httptools.HttpResponseParser", None)


class ClientConnection:
    """A connection to a server, an asyncio.Protocol by its methods. `send` starts a request."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport = cast("asyncio.Transport", None)
        self._receiver: AnswerReceiver | None = None
        self._parser = _NO_PARSER
        self._begun = b""  # of a head that is not complete
        self._answer: AnswerHead | None = None  # once it was handed on
        self._head_only = False
        self._left: int | None = None  # bytes of a body of known length that have yet to come
        self._messages = 0
        self._complete = False
        self._keep_alive = False
        self._tunnel = False
        self._deaf = False  # the answer was bad
        self._paused = False
        self._heard = False  # a byte of an answer
        self._unread = False
        self.closed = False
        """It can carry no further request."""
        self.half_closed = False

    def send(self, data: bytes, receiver: AnswerReceiver, *, head_only: bool = False) -> None:
        """Start a request: its head and what there is of its body. `head_only` for the method HEAD."""
        self._receiver = receiver
        self._begun = b""
        self._answer = None
        self._messages = 0
        self._complete = self._keep_alive = self._heard = False
        self._head_only = head_only
        self._transport.write(data)

    def write(self, data: bytes) -> None:
        """More of the request, framed by the caller."""
        self._transport.write(data)

    def follow(self, receiver: AnswerReceiver) -> None:
        """After an answer at whose end the server ends the connection: have that told, as a loss."""
        self._receiver = receiver

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
        self._parser = httptools.HttpResponseParser(self)

    def eof_received(self) -> None:
        """The server sends nothing more: without a request under way the connection is of no use from now on."""
        self.closed = self._receiver is None
        # What has not left this process when the server is gone will never be read.
        self._unread = self._transport.get_write_buffer_size() > 0

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        self._parser = _NO_PARSER  # it refers to this: a circle would wait for the garbage collector
        was_reset = shut_down(self._transport)  # which may have been after the end that was seen
        receiver, self._receiver = self._receiver, None
        if receiver is None:
            return
        answer = self._answer
        if answer is not None and exc is None and not self._tunnel and not answer.is_framed:
            receiver.on_answer_end(reusable=False)
        else:
            was_reset = was_reset or self._unread or isinstance(exc, ConnectionResetError | BrokenPipeError)
            reason = str(exc) if exc else "the connection was closed"
            receiver.on_answer_lost(reason, unread=was_reset and not self._heard)

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
            if not self._deaf:
                receiver.on_more(data)
        elif self._answer is not None:
            self._receive_body(data, receiver)
        else:
            if self._begun:
                data = self._begun + data
            # Mostly a whole answer has come, with a known head.
            end = data.find(BLANK_LINE) + BLANK_LINE_BYTES
            known = KNOWN_ANSWERS.get(data[:end])
            if known is not None and known.length == len(data) - end and not self._head_only:
                self._answer = known
                self._keep_alive = True
                receiver.on_answer(known, data[end:])
                self._end_answer()
            else:
                self._receive_head(data, receiver)

    # What the parser tells.

    def on_message_begin(self) -> None:
        self._messages += 1

    def on_message_complete(self) -> None:
        self._complete = True

    # Private.

    def _receive_head(self, data: bytes, receiver: AnswerReceiver) -> None:
        self._heard = True
        while (end := data.find(BLANK_LINE) + BLANK_LINE_BYTES) >= BLANK_LINE_BYTES:
            status = status_of(data)
            if status is None:
                self._refuse(
                    f"it begins with {data[:_SHOWN_BYTES]!r}, not as HTTP/1.1 with a status up to 599", data
                )
                return
            if status >= _FIRST_FINAL or status == SWITCHING_PROTOCOLS:
                self._receive_answer(status, data, end, receiver)
                return
            data = data[end:]  # an interim answer: the real one follows
        self._begun = data
        if len(data) > _HEAD_LIMIT:
            self._refuse("its head is too large")

    def _receive_answer(self, status: int, data: bytes, end: int, receiver: AnswerReceiver) -> None:
        raw, rest = data[:end], data[end:]
        try:
            answer = AnswerHead(status, raw)
        except BadAnswerError as error:
            self._refuse(str(error))
            return
        is_bodiless = answer.has_no_body or self._head_only
        is_whole = answer.length == len(rest) and not is_bodiless
        if is_whole or (answer.is_chunked and not is_bodiless):
            is_read = self._feed(data)
        else:  # The parser stops at a 101, so it reads the head of a 204 in its place.
            is_read = self._feed(raw if status != SWITCHING_PROTOCOLS else b"HTTP/1.1 204" + raw[12:])
        if is_read:
            self._answer = answer
            self._keep_alive = answer.keeps_alive
            if is_whole:
                self._learn(answer)
            else:
                rest = self._begin_body(answer, rest, is_bodiless=is_bodiless)
            receiver.on_answer(answer, rest)
            if self._complete:
                self._end_answer()

    def _learn(self, answer: AnswerHead) -> None:
        if answer.keeps_alive and KNOWN_ANSWERS.is_worth_learning(answer.raw):
            KNOWN_ANSWERS.learn(answer.raw, answer)

    def _begin_body(self, answer: AnswerHead, rest: bytes, *, is_bodiless: bool) -> bytes:
        """What belongs to the body of the bytes behind the head; they are not exactly all of it."""
        length = 0 if is_bodiless else answer.length
        if answer.status == SWITCHING_PROTOCOLS:
            self._complete = False
            self._tunnel = True
        elif length is not None:
            if len(rest) < length:
                self._left = length - len(rest)
            else:
                self._begin_anew(excess=rest[length:])
                return rest[:length]
        return rest

    def _receive_body(self, data: bytes, receiver: AnswerReceiver) -> None:
        left, answer = self._left, self._answer
        if left is not None:
            self._left = left - len(data)
            if len(data) >= left:
                self._begin_anew(excess=data[left:])
                data = data[:left]
        elif answer is not None and answer.is_chunked and not self._feed(data):
            return
        receiver.on_more(data)
        if self._complete:
            self._end_answer()

    def _begin_anew(self, *, excess: bytes) -> None:
        """The answer is whole. A parser read no more of it than its head; what follows is never looked at."""
        self._complete = True
        self._left = None
        self._parser = httptools.HttpResponseParser(self)
        self._keep_alive = self._keep_alive and not excess

    def _feed(self, data: bytes) -> bool:
        """Let the parser find the end of a chunked body, and what is wrong with it."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._refuse(str(error), data)
            return False
        if self._messages > 1:
            self._refuse("more came than one answer")
            return False
        return True

    def _end_answer(self) -> None:
        if self._paused:
            self.resume_reading()  # whoever held the answer back is done
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            receiver.on_answer_end(reusable=self._keep_alive and not self.half_closed)

    def _refuse(self, reason: str, data: bytes = b"") -> None:
        """What comes from now on is dropped; the receiver decides how the connection ends."""
        receiver = self._receiver
        if receiver is not None:
            self._tunnel = self._deaf = True
            receiver.on_answer_bad("it was cut, and the log says why" if data.endswith(CUT) else reason)


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
