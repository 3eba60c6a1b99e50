"""One request and its answer, as the application sees it: the head is here, the body and the client's fate
come through a `Receiver`, the answer goes out through the methods.

The same type serves gateway and model server; it knows nothing of either.
"""

from collections.abc import Callable
from typing import Final

from headway.core.wire import CUT
from headway.http.answers import NO_CONTENT, WITHOUT_BODY, Headers, dated, status_line
from headway.http.breaking import reset
from headway.http.connection import Connection
from headway.http.known_heads import KnownRequest
from headway.http.peer import Peer
from headway.http.receivers import SILENT, Receiver
from headway.http.request import Request

_WORTH_GATHERING: Final = 16 * 1024
"""From this many bytes on, a gathering write costs less than the copy (96 KB to TCP: 15 µs, and 19 with a copy)."""


class Exchange(Request):
    """One request and its answer."""

    __slots__ = (
        "_chunked",
        "_connection",
        "_early",
        "_has_length",
        "_is_silent",
        "body_read",
        "ended",
        "left",
        "lines",
        "receiver",
        "started",
        "status",
    )

    def __init__(self, connection: Connection, method: bytes, target: bytes, headers: Headers) -> None:
        super().__init__(method, target, headers)
        self._connection = connection
        self.lines = b""
        """Header lines that every answer to it carries, whoever makes it."""
        self.receiver: Receiver | None = None
        self.body_read = False
        """The request was read to its end."""
        self.started = False
        """The answer's head went out."""
        self.status = 0
        """Of an answer that was made here, once it has begun."""
        self.ended = False
        """The answer went out whole, or was cut."""
        self.left = False
        self._chunked = False
        self._has_length = False
        self._is_silent = False  # the answer has no body, whatever is written
        self._early: list[bytes] | None = None

    @property
    def client(self) -> tuple[str, int] | None:
        """The peer's host and port; None on a Unix socket."""
        return self._connection.peer.client

    @property
    def peer(self) -> Peer:
        """The other end of the connection."""
        return self._connection.peer

    @property
    def buffered_bytes(self) -> int:
        """Bytes of the answer that the client has not taken yet (beyond what the kernel holds)."""
        return self._connection.buffered_bytes

    def respond(self, status: int, headers: bytes = b"", body: bytes = b"", *more: bytes) -> None:
        """The whole answer at once. `headers` are lines as `header_lines` makes them, without lengths.

        `more` follows the body's first piece; large pieces are not copied.
        """
        if self.ended:
            return
        keep = not self.will_close()
        length = len(body) + sum(map(len, more)) if more else len(body)
        framing = b"" if status in WITHOUT_BODY else b"content-length: %d\r\n" % length
        head = self._begin_answer(status, headers, framing, keep=keep)
        if self.method == b"HEAD" or not framing:
            self._connection.transport.write(head)
        elif length < _WORTH_GATHERING:
            self._connection.transport.write(b"".join((head, body, *more)) if more else head + body)
        else:
            self._connection.transport.writelines((head, body, *more))
        self.end_relay(keep=keep)

    def start(self, status: int, headers: bytes = b"", length: int | None = None) -> None:
        """The answer's head; the body follows through `write` and `end`. No length: chunked."""
        if self.ended:
            return
        is_bodiless = status in WITHOUT_BODY
        self._has_length = length is not None
        self._is_silent = is_bodiless or self.method == b"HEAD"
        self._chunked = length is None and self.http_1_1 and not is_bodiless
        if self._chunked:
            framing = b"transfer-encoding: chunked\r\n"
        elif length is None or status == NO_CONTENT:
            framing = b""
            self.wants_keep_alive = self.wants_keep_alive and is_bodiless
        else:
            framing = b"content-length: %d\r\n" % length
        keep = self.wants_keep_alive = not self.will_close()  # what is told now holds at the answer's end
        self._connection.transport.write(self._begin_answer(status, headers, framing, keep=keep))

    def write(self, data: bytes) -> None:
        """The next bytes of a started answer's body."""
        if self.ended or not data or self._is_silent:
            return
        self._connection.transport.write(b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data)

    def end(self) -> None:
        """A started answer is whole."""
        if self.ended:
            return
        self.end_body()
        self.end_relay(keep=not self.will_close())

    def end_body(self) -> None:
        """A started answer is whole, but the work for it goes on. Its head has to say that the connection ends: `close`
        does that when the work is over, by which the other side knows.
        """
        if self._chunked and not self._is_silent and not self.ended:
            self._connection.transport.write(b"0\r\n\r\n")

    def relay(self, data: bytes) -> None:
        """Bytes of an answer that somebody else framed, its head included."""
        self.started = True
        if not self.ended:
            self._connection.transport.write(data)

    def end_relay(self, *, keep: bool) -> None:
        """A relayed answer is whole; `keep` says that it told the client that the connection stays open."""
        if not self.ended:
            self._end()
            self._connection.exchange_ended(keep=keep)

    def will_close(self) -> bool:
        """Whether the answer, if its head went out now, ends the connection."""
        return not self.wants_keep_alive or not self.body_read or self._connection.stopping

    def connection_line(self, *, keep: bool) -> bytes:
        """What an answer's head says of the connection: HTTP/1.1 stays open, and HTTP/1.0 closes, unless told."""
        if not keep:
            return b"connection: close\r\n"
        return b"" if self.http_1_1 else b"connection: keep-alive\r\n"

    def accept_tunnel(self) -> None:
        """From now on bytes pass both ways as they are: `on_body` in, `relay` out, until one side closes."""
        self._connection.open_tunnel()

    def pause_body(self) -> None:
        """Read no more of the request's body for now."""
        self._connection.pause_body()

    def resume_body(self) -> None:
        self._connection.resume_body()

    def close(self) -> None:
        """End the connection once what was written has gone out (a tunnel's end, work that has stopped)."""
        if not self.ended:
            self._end()
            self._connection.close()

    def abort(self) -> None:
        """Cut the connection now: the only honest end of an answer that cannot be completed."""
        if not self.ended:
            self._end()
            self._connection.abort()

    def break_off(self, *, is_framed: bool) -> None:
        """No more of a started answer comes. The client takes what was sent, and can tell that it is not all: where
        nothing but the connection's end tells the end, that is a reset.
        """
        if self.ended:
            return
        if is_framed:
            self.close()
        else:
            reset(self._connection.transport)
            self.abort()

    def break_off_started(self) -> None:
        """The same for an answer that `start` began."""
        self.break_off(is_framed=self._chunked or self._is_silent or self._has_length)

    def cut(self) -> None:
        """No more of the answer comes, as if the client had left; the work may go on until `close`, which alone ends
        the connection. What can be neither a chunk nor a head says so; elsewhere the connection is half-closed.
        """
        if self.ended:
            return
        self.left = True
        if self._chunked or not self.started:
            self._connection.transport.write(CUT)
        else:
            self._connection.half_close()

    def bound_sending(self, timeout: float) -> None:
        """The client has left when it takes no byte for `timeout` seconds, from now on on this connection."""
        self._connection.send_timeout = timeout

    def take_body(self, data: bytes) -> None:
        """Called by the connection: body bytes, kept until the exchange's turn has come."""
        if self.receiver is None:
            self._early = self._early or []
            self._early.append(data)
        else:
            self.receiver.on_body(data)

    def take_body_end(self) -> None:
        """Called by the connection: the request was read to its end."""
        self.body_read = True
        if self.receiver is not None:
            self.receiver.on_body_complete()

    def begin(self, application: "Application") -> None:
        """Called by the connection: it is this request's turn."""
        receiver = self.receiver = application(self)
        if self.expects_continue and not self.started:
            self._connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if self._early is not None:
            for data in self._early:
                receiver.on_body(data)
            self._early = None
        if self.body_read:
            receiver.on_body_complete()

    def begin_known(self, application: "Application", known: KnownRequest, body: bytes) -> None:
        """Called by the connection: the whole request is there, with a known head, and it is its turn."""
        self.known = known
        self.length = known.length
        self.body_read = True
        receiver = self.receiver = application(self)
        if body:
            receiver.on_body(body)
        receiver.on_body_complete()

    def take_leave(self) -> None:
        """Called by the connection: the client has left."""
        if not self.left:
            self.left = True
            if self.receiver is not None:
                self.receiver.on_client_left()

    def take_refusal(self) -> None:
        """Called by the connection: it is answered there, as if the client had left."""
        self.ended = True
        self.take_leave()
        self._end()

    def _begin_answer(self, status: int, headers: bytes, framing: bytes, *, keep: bool) -> bytes:
        """Its head, to be written now."""
        self.started = True
        self.status = status
        lines = dated(self.lines + headers)
        return b"%s%s%s%s\r\n" % (status_line(status), lines, framing, self.connection_line(keep=keep))

    def _end(self) -> None:
        self.ended = True
        self.receiver = SILENT  # who answers refers to this: a circle would wait for the garbage collector


Application = Callable[[Exchange], Receiver]
"""What a server runs: called once per request when its head is complete and it is its turn."""

RefusalLines = Callable[[Headers, Receiver | None], bytes]
"""Says which header lines the answer to a request carries that is refused for its framing, its size or its pauses: told
what was read of its headers, and what the application had handed back for it, if it was its turn.
"""
