"""The server's side of one HTTP/1.1 connection: hands its requests to the application, one at a time and in order, and
notices clients that left, stall or break the protocol.

It knows no routes and no models. What is refused here (400, 408, 431) never reaches the application.
"""

import asyncio
from typing import cast

from headway.http.connection import Connection
from headway.http.ends import shut_down
from headway.http.exchange import Application, Exchange, RefusalLines
from headway.http.framing import BadRequest, too_slow
from headway.http.known_heads import KnownHeads, KnownRequest
from headway.http.limits import Lasting, Limits
from headway.http.peer import Peer
from headway.http.request_reader import RequestReader


class ServerConnection(Connection):
    """One client's connection: an asyncio.Protocol by its methods, for a compiled class has no interpreted base.

    `connections` is the server's set, which it enters and leaves by itself. `known_heads` are those that the server's
    connections have read under the same limits; `refusal_lines` says what the answers carry that are given here.
    """

    __slots__ = (
        "_application",
        "_awaited",
        "_body_paused",
        "_connections",
        "_current",
        "_deaf",
        "_limits",
        "_reader",
        "_reads",
        "_refusal_lines",
        "_stalled",
        "_taking_turns",
        "_tunnel",
        "_untaken",
        "reading",
    )

    def __init__(
        self,
        application: Application,
        limits: Limits,
        connections: "set[ServerConnection]",
        known_heads: KnownHeads[KnownRequest] | None = None,
        refusal_lines: RefusalLines | None = None,
    ) -> None:
        super().__init__(limits.send_timeout)
        self._application = application
        self._limits = limits
        self._connections = connections
        self._refusal_lines = refusal_lines
        self._reader = RequestReader(self, limits, known_heads)
        self._current: Exchange | None = None  # the request being answered
        self._taking_turns = False
        self._tunnel = False
        self._deaf = False  # nothing that still comes is looked at
        self._stalled = False  # the client takes nothing
        self._body_paused = False
        self.reading = True
        self._reads = 0
        self._awaited, self._untaken = Lasting(), Lasting()

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.peer = Peer(transport.get_extra_info("peername"))
        self.transport.set_write_buffer_limits(self._limits.write_buffer_bytes)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """There are five cases."""
        self._reads += 1
        reader, current = self._reader, self._current
        if self._deaf:  # 1. What comes behind the last answer: dropped.
            return
        if self._tunnel:  # 2. Bytes of a tunnel, which may have ended.
            if current is not None:
                current.take_body(data)
        elif current is not None and reader.parsed is not current:  # 3. What comes ahead of the answer.
            reader.ahead += data
            self._update_reading()
        elif current is None and (known := reader.known(data)) is not None:  # 4. Mostly: one whole request.
            exchange = self._current = Exchange(self, known.method, known.target, known.headers)
            exchange.begin_known(self._application, known, data[len(data) - known.length :])
        else:  # 5. Some of a head, or of the body of the current request; or several requests.
            reader.read(data)
            self._take_turns()

    def eof_received(self) -> bool:
        """A client that half-closes has left; the way back stays open until the work has stopped."""
        if self._current is None:
            return False
        self.client_left()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._connections.discard(self)
        shut_down(self.transport)
        self.client_left()
        self._deaf = True
        self._reader.close()

    def pause_writing(self) -> None:
        if self._current is not None and self._current.receiver is not None:
            self._current.receiver.on_writable(writable=False)

    def resume_writing(self) -> None:
        if self._current is not None and self._current.receiver is not None:
            self._current.receiver.on_writable(writable=True)

    # What the exchange asks for.

    def exchange_ended(self, *, keep: bool) -> None:
        """There are three ways to go on."""
        reader = self._reader
        ended, self._current = self._current, None
        if keep and not self.stopping:  # 1. The next request's turn.
            self._body_paused = False
            if reader.waiting or reader.ahead or reader.bad is not None or not self.reading:
                self._take_turns()
        elif ended is not None and not ended.body_read and not ended.left:  # 2. The client is still sending.
            self._say_goodbye()
        else:  # 3. Nothing more is said on either side.
            self.transport.close()

    def pause_body(self) -> None:
        self._body_paused = True
        self._update_reading()

    def resume_body(self) -> None:
        self._body_paused = False
        self._update_reading()

    def open_tunnel(self) -> None:
        self._tunnel = True
        data = self._reader.take_ahead()
        self._update_reading()
        if data and self._current is not None:
            self._current.take_body(data)

    def half_close(self) -> None:
        self._reader.waiting.clear()
        if self.transport.can_write_eof() and not self.transport.is_closing():
            self.transport.write_eof()

    def close(self) -> None:
        self._current = None
        if self._stalled:
            self.transport.abort()  # what is still to be sent would keep the connection for ever
        else:
            self.transport.close()

    def abort(self) -> None:
        self._current = None
        self.transport.abort()

    # What the server asks for.

    def stop(self) -> None:
        """No further request: an idle connection closes now, a busy one after its answer."""
        self.stopping = True
        if self._current is None and self._reader.parsed is None:
            self.transport.close()

    def client_left(self) -> None:
        if self._current is not None and not self._current.left:
            self._reader.waiting.clear()
            self._current.take_leave()

    def sweep(self, now: float) -> None:
        """Once per `limits.sweep`: end what stalls."""
        if self._untaken.seconds(now, self.buffered_bytes or None) >= self.send_timeout:
            self._stalled = True  # The client has left. The connection ends when the work for it has stopped.
            if self._current is None:
                self.transport.abort()
            else:
                self.client_left()
        elif not self._deaf:
            self._sweep_reading(now)
        elif self._awaited.seconds(now, "end") >= self._limits.linger:
            self.transport.abort()

    def _sweep_reading(self, now: float) -> None:
        """There are four things that the client may be waited for."""
        limits, reader, awaited = self._limits, self._reader, self._awaited
        if not self.reading or reader.parsed is not self._current:  # 1. Nothing.
            awaited.seconds(now, None)
        elif reader.in_head:  # 2. The rest of a head, whether or not bytes of it come.
            if awaited.seconds(now, "head") >= limits.head_timeout:
                self._refuse(too_slow("head_timeout", "the request's head is not complete in time"))
        elif self._current is None:  # 3. A request.
            if awaited.seconds(now, self._reads) >= limits.idle_timeout:
                self.transport.close()
        elif (quiet := awaited.seconds(now, self._reads)) >= limits.body_timeout:  # 4. More of its body.
            self._refuse(too_slow("body_timeout", f"no byte of the body came for {quiet:.0f} s"))

    # Whose turn it is.

    def _take_turns(self) -> None:
        """Begin the next request while none is being answered, and read what was sent ahead once it is its turn.

        A loop, so that pipelining cannot recurse.
        """
        if self._taking_turns:
            return
        self._taking_turns = True
        reader = self._reader
        while not self._deaf:
            if self._current is None and reader.waiting:
                exchange = self._current = reader.waiting.pop(0)
                exchange.begin(self._application)
            elif self._current is None and reader.bad is not None:
                self._refuse(reader.bad)
            elif reader.ahead and reader.parsed is self._current:
                reader.read(reader.take_ahead())
            else:
                break
        self._taking_turns = False
        if reader.bad is not None and reader.parsed is not None and not self._deaf:
            self._refuse(reader.bad)  # the body of the current request is broken
        if not self.reading:
            self._update_reading()

    def _update_reading(self) -> None:
        holds_back = self._body_paused and (self._reader.parsed is not None or self._tunnel)
        wanted = not holds_back and len(self._reader.ahead) <= self._limits.ahead_bytes
        if wanted != self.reading and not self.transport.is_closing():
            self.reading = wanted
            if wanted:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _refuse(self, bad: BadRequest) -> None:
        """Answer what is bad, and end the connection. There are three cases."""
        reader, current = self._reader, self._current
        reader.note_bad(bad)
        reader.bad = None
        if current is not None and current.started:  # 1. Its answer has begun, and is cut.
            self.client_left()
            self.transport.abort()
            return
        headers, receiver = reader.bad_headers, None  # 2. The application never sees it.
        if current is not None:  # 3. The application has the begin of it, and hears that the client left.
            headers, receiver = current.headers, current.receiver
            self._current = None
            current.take_refusal()
        lines = b"" if self._refusal_lines is None else self._refusal_lines(headers, receiver)
        self.transport.write(bad.answer(lines))
        self._say_goodbye()

    def _say_goodbye(self) -> None:
        """Send the end, and read on for a moment: closing over unread bytes would reset the answer away."""
        self._deaf = True
        self._body_paused = False
        self._reader.ahead.clear()
        self._update_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
