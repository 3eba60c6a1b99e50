"""The server's side of one HTTP/1.1 connection: parses requests, hands them to the application one at a time
in order, writes answers, and notices clients that left, stall or break the protocol.

It knows no routes and no models. What is refused here (400, 408, 431) never reaches the application.
"""

import asyncio
from typing import Final, cast

import httptools

from headway.http.answers import Headers
from headway.http.ends import shut_down
from headway.http.exchange import SILENT, Application, Exchange, RefusalLines
from headway.http.framing import BadRequest, head_too_large, malformed, read_framing, too_slow
from headway.http.known_heads import BLANK_LINE, BLANK_LINE_BYTES, KnownHeads, KnownRequest
from headway.http.limits import Lasting, Limits
from headway.http.peer import NOBODY, Peer

_NO_PARSER: Final = cast("httptools.HttpRequestParser", None)


class ServerConnection:
    """One client's connection. `connections` is the server's set, which it enters and leaves by itself.

    An asyncio.Protocol by its methods: a compiled class has no interpreted base.

    `known_heads` are those that the server's connections have read under the same limits; `refusal_lines` says what the
    answers carry that are given here.
    """

    __slots__ = (
        "_ahead",
        "_application",
        "_bad",
        "_bad_headers",
        "_body_paused",
        "_connections",
        "_current",
        "_deaf",
        "_deafness",
        "_fed_bytes",
        "_framing_bytes",
        "_head_bytes",
        "_headers",
        "_heading",
        "_in_head",
        "_known_heads",
        "_limits",
        "_parsed",
        "_parser",
        "_quiet",
        "_reads",
        "_refusal_lines",
        "_seen_buffered",
        "_seen_reads",
        "_stalled",
        "_taking_turns",
        "_target",
        "_tunnel",
        "_untaken",
        "_waiting",
        "peer",
        "reading",
        "send_timeout",
        "stopping",
        "transport",
    )

    def __init__(
        self,
        application: Application,
        limits: Limits,
        connections: "set[ServerConnection]",
        known_heads: KnownHeads[KnownRequest] | None = None,
        refusal_lines: RefusalLines | None = None,
    ) -> None:
        self._application = application
        self._known_heads = KnownHeads[KnownRequest]() if known_heads is None else known_heads
        self._limits = limits
        self._refusal_lines = refusal_lines
        self._connections = connections
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.peer = NOBODY
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0  # of a head that is not complete; the end of an earlier request is not counted
        self._fed_bytes = 0  # with this read: no complete head in it is larger
        self._framing_bytes = 0  # around a chunked body, since its last byte came
        self._in_head = False
        self._bad: BadRequest | None = None
        self._bad_headers: Headers = ()  # of the request that is bad, as far as they were read
        self._parsed: Exchange | None = None  # the request whose body is being read
        self._current: Exchange | None = None  # the request being answered
        self._waiting: list[Exchange] = []  # read while an earlier one is being answered
        self._ahead = bytearray()  # received, to be parsed once the current one is answered
        self._taking_turns = False
        self._tunnel = False
        self._deaf = False  # nothing that still comes is looked at
        self._body_paused = False
        self.reading = True
        self.stopping = False
        self.send_timeout = limits.send_timeout
        # What the last sweep saw, and how long it has been so.
        self._reads = 0
        self._seen_reads = 0
        self._seen_buffered = 0
        self._quiet = Lasting()
        self._heading = Lasting()
        self._untaken = Lasting()
        self._deafness = Lasting()
        self._stalled = False

    # What the transport tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self.peer = Peer(transport.get_extra_info("peername"))
        self.transport.set_write_buffer_limits(self._limits.write_buffer_bytes)
        now = asyncio.get_running_loop().time()
        for lasting in (self._quiet, self._heading, self._untaken, self._deafness):
            lasting.seconds(now, holds=False)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._reads += 1
        if self._deaf:
            return
        if self._tunnel:
            if self._current is not None:
                self._current.take_body(data)
        elif self._current is None and self._parsed is None and not self._in_head:
            # The parser stands between two requests; mostly a whole one has come, with a known head.
            end = data.find(BLANK_LINE) + BLANK_LINE_BYTES
            known = self._known_heads.get(data[:end])
            if known is not None and len(data) == end + known.length:
                exchange = self._current = Exchange(self, known.method, known.target, known.headers)
                exchange.known = known
                exchange.length = known.length
                exchange.begin_whole(self._application, data[end:])
            else:
                self._parse(data)
                self._learn(data, end)
                self._take_turns()
        elif self._current is not None and self._parsed is not self._current:
            self._ahead += data
            self._update_reading()
        else:
            self._parse(data)
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
        # These refer to the connection: a circle would wait for the garbage collector.
        self._parser, self._parsed = _NO_PARSER, None
        self._waiting.clear()

    def pause_writing(self) -> None:
        if self._current is not None and self._current.receiver is not None:
            self._current.receiver.on_writable(writable=False)

    def resume_writing(self) -> None:
        if self._current is not None and self._current.receiver is not None:
            self._current.receiver.on_writable(writable=True)

    # What the parser tells. These only collect; a request begins once the bytes at hand are parsed.

    def on_message_begin(self) -> None:
        self._in_head = True
        self._target = b""
        self._headers = []

    def on_url(self, target: bytes) -> None:
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # otherwise it is a trailer, which nobody asked for
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._parsed is not None:  # the head that stands in for one whose upgrade is ignored
            return
        parser = self._parser
        exchange = Exchange(self, parser.get_method(), self._target, self._headers)
        version = parser.get_http_version()
        exchange.http_1_1 = version == "1.1"
        exchange.wants_keep_alive = parser.should_keep_alive()
        exchange.is_upgrade = parser.should_upgrade()
        bad = read_framing(exchange, version, self._limits, self._fed_bytes)
        if bad is not None:
            self._note_bad(bad)
        self._parsed = exchange
        if self._bad is None:
            self._waiting.append(exchange)

    def on_body(self, data: bytes) -> None:
        self._framing_bytes = 0
        if self._parsed is not None:
            self._parsed.take_body(data)

    def on_message_complete(self) -> None:
        exchange = self._parsed
        if exchange is None:
            return
        if exchange.is_upgrade and exchange.length != 0:
            exchange.is_upgrade = False  # who sends a body is not upgraded: `_parse` reads it
            return
        self._parsed = None
        self._headers = []  # what follows may be no request, and they are not its
        exchange.take_body_end()

    # What the exchange asks for.

    @property
    def buffered_bytes(self) -> int:
        return self.transport.get_write_buffer_size()

    def exchange_ended(self, *, keep: bool) -> None:
        """The current answer went out: the next request's turn, or the connection's end."""
        ended, self._current = self._current, None
        if keep and not self.stopping:
            self._body_paused = False
            if self._waiting or self._ahead or self._bad is not None or not self.reading:
                self._take_turns()
        elif ended is not None and not ended.body_read and not ended.left:
            self._linger()
        else:
            self.transport.close()

    def pause_body(self) -> None:
        self._body_paused = True
        self._update_reading()

    def resume_body(self) -> None:
        self._body_paused = False
        self._update_reading()

    def open_tunnel(self) -> None:
        self._tunnel = True
        data, self._ahead = bytes(self._ahead), bytearray()
        self._update_reading()
        if data and self._current is not None:
            self._current.take_body(data)

    def half_close(self) -> None:
        self._waiting.clear()
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
        if self._current is None and self._parsed is None:
            self.transport.close()

    def client_left(self) -> None:
        exchange = self._current
        if exchange is not None and not exchange.left:
            exchange.left = True
            self._waiting.clear()
            if exchange.receiver is not None:
                exchange.receiver.on_client_left()

    def sweep(self, now: float) -> None:
        """Once per `limits.sweep`: end what stalls."""
        buffered = self.transport.get_write_buffer_size()
        untaken = self._untaken.seconds(now, holds=0 < buffered == self._seen_buffered)
        self._seen_buffered = buffered
        if untaken >= self.send_timeout:
            self._give_up_on_reader()
        elif self._deafness.seconds(now, holds=self._deaf) >= self._limits.linger:
            self.transport.abort()
        elif not self._deaf:
            self._sweep_reading(now)

    def _give_up_on_reader(self) -> None:
        """The client takes nothing: it has left. The connection ends when the work for it has stopped."""
        self._stalled = True
        if self._current is None:
            self.transport.abort()
        else:
            self.client_left()

    def _sweep_reading(self, now: float) -> None:
        # What it may send now is a head or the body of the current request; anything else does not count.
        is_clients_turn = self.reading and self._parsed is self._current
        quiet = self._quiet.seconds(now, holds=is_clients_turn and self._reads == self._seen_reads)
        self._seen_reads = self._reads
        heading = self._heading.seconds(now, holds=is_clients_turn and self._in_head)
        if self._in_head:
            if heading >= self._limits.head_timeout:
                self._refuse(too_slow("head_timeout", "the request's head is not complete in time"))
        elif self._current is None:
            if quiet >= self._limits.idle_timeout:
                self.transport.close()
        elif quiet >= self._limits.body_timeout:
            self._refuse(too_slow("body_timeout", f"no byte of the body came for {quiet:.0f} s"))

    # Parsing, and whose turn it is.

    def _learn(self, data: bytes, end: int) -> None:
        """`data` has been parsed from between two requests on: keep its head if it is one whole plain request."""
        if self._parsed is not None or len(self._waiting) != 1 or self._bad is not None:
            return
        raw, length, exchange = data[:end], len(data) - end, self._waiting[0]
        if exchange.is_plain and exchange.length == length and self._known_heads.is_worth_learning(raw):
            known = KnownRequest(exchange.method, exchange.target, tuple(exchange.headers), length)
            self._known_heads.learn(raw, known)

    def _parse(self, data: bytes) -> None:
        continues_head = self._in_head
        begins_head = self._parsed is None  # unless another request is complete before it
        waiting = len(self._waiting)
        self._fed_bytes = len(data) + (self._head_bytes if continues_head else 0)
        self._framing_bytes = 0 if begins_head else self._framing_bytes + len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._pass_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._note_bad(malformed(f"this is not HTTP/1.1: {error}"))
        is_counted = continues_head or (begins_head and len(self._waiting) == waiting)
        self._head_bytes = self._fed_bytes if self._in_head and is_counted else 0
        if self._head_bytes > self._limits.head_bytes:
            self._note_bad(head_too_large(self._limits))
        if self._framing_bytes > self._limits.head_bytes and self._parsed is not None:
            self._note_bad(malformed("too many bytes of trailers or of a chunk's size line"))

    def _note_bad(self, bad: BadRequest) -> None:
        """The first counts; it is told when it is that request's turn."""
        if self._bad is None:
            self._bad, self._bad_headers = bad, tuple(self._headers)

    def _pass_upgrade(self, rest: bytes) -> None:
        """The parser stops at a request for an upgrade, which the application may accept or ignore."""
        self._parser = httptools.HttpRequestParser(self)
        if self._parsed is None:
            self._ahead += rest
            return
        length = self._parsed.length
        framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
        self._parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n\r\n" % framing)
        self._parse(rest)

    def _take_turns(self) -> None:
        """Begin the next request while none is being answered, and read what was sent ahead once it is its turn.

        A loop, so that pipelining cannot recurse.
        """
        if self._taking_turns:
            return
        self._taking_turns = True
        while not self._deaf:
            if self._current is None and self._waiting:
                exchange = self._current = self._waiting.pop(0)
                exchange.begin(self._application)
            elif self._current is None and self._bad is not None:
                self._refuse(self._bad)
            elif self._ahead and self._parsed is self._current:
                data, self._ahead = bytes(self._ahead), bytearray()
                self._parse(data)
            else:
                break
        self._taking_turns = False
        if self._bad is not None and self._parsed is not None and not self._deaf:
            self._refuse(self._bad)  # the body of the current request is broken
        if not self.reading:
            self._update_reading()

    def _update_reading(self) -> None:
        holds_back = self._body_paused and (self._parsed is not None or self._tunnel)
        wanted = not holds_back and len(self._ahead) <= self._limits.ahead_bytes
        if wanted != self.reading and not self.transport.is_closing():
            self.reading = wanted
            if wanted:
                self.transport.resume_reading()
            else:
                self.transport.pause_reading()

    def _refuse(self, bad: BadRequest) -> None:
        """Answer what the application never saw (or saw only the beginning of), and end the connection."""
        headers = self._headers if self._bad is None else self._bad_headers
        self._bad = None
        if self._current is not None and self._current.started:
            self.client_left()
            self.transport.abort()
            return
        current, self._current = self._current, None
        receiver = None if current is None else current.receiver
        if current is not None:
            headers = current.headers
            current.ended = current.left = True
            (receiver or SILENT).on_client_left()
            current.receiver = SILENT  # as at every end: a circle would wait for the garbage collector
        lines = b"" if self._refusal_lines is None else self._refusal_lines(headers, receiver)
        self.transport.write(bad.answer(lines))
        self._linger()

    def _linger(self) -> None:
        """Say goodbye and read on for a moment: closing over unread bytes would reset the answer away."""
        self._deaf = True
        self._body_paused = False
        self._ahead.clear()
        self._update_reading()
        if self.transport.can_write_eof():
            self.transport.write_eof()
