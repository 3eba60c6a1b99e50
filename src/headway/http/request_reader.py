"""Finds the requests in the bytes of a connection, and what is wrong with them."""

from typing import Final, cast

import httptools

from headway.http.answers import Headers
from headway.http.connection import Connection
from headway.http.exchange import Exchange
from headway.http.framing import BadRequest, head_too_large, malformed, read_framing
from headway.http.known_heads import BLANK_LINE, BLANK_LINE_BYTES, KnownHeads, KnownRequest
from headway.http.limits import Limits

_NO_PARSER: Final = cast("httptools.HttpRequestParser", None)


class RequestReader:
    """Reads one request after another. It begins none of them: the connection says whose turn it is."""

    __slots__ = (
        "_connection",
        "_fed_bytes",
        "_framing_bytes",
        "_head_bytes",
        "_headers",
        "_known_heads",
        "_limits",
        "_parser",
        "_target",
        "ahead",
        "bad",
        "bad_headers",
        "in_head",
        "parsed",
        "waiting",
    )

    def __init__(
        self, connection: Connection, limits: Limits, known_heads: KnownHeads[KnownRequest] | None
    ) -> None:
        self._connection: Connection | None = connection
        self._limits = limits
        self._parser = httptools.HttpRequestParser(self)
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._head_bytes = 0  # of a head that is not complete; the end of an earlier request is not counted
        self._fed_bytes = 0  # with this read: no complete head in it is larger
        self._framing_bytes = 0  # around a chunked body, since its last byte came
        self._known_heads = KnownHeads[KnownRequest]() if known_heads is None else known_heads
        self.in_head = False
        """A head has begun and is not complete."""
        self.ahead = bytearray()
        """What was received and is to be read later."""
        self.parsed: Exchange | None = None
        """The request whose body is being read."""
        self.waiting: list[Exchange] = []
        """Requests whose heads were read, until it is their turn."""
        self.bad: BadRequest | None = None
        """What is wrong with the request behind those: nothing after it is looked at."""
        self.bad_headers: Headers = ()
        """Of that request, as far as they were read."""

    def known(self, data: bytes) -> KnownRequest | None:
        """What a parser would read in `data`, if that is one whole request with a known head."""
        if self.parsed is not None or self.in_head:
            return None
        end = data.find(BLANK_LINE) + BLANK_LINE_BYTES
        known = self._known_heads.get(data[:end])
        return known if known is not None and len(data) == end + known.length else None

    def read(self, data: bytes) -> None:
        """Read on."""
        continues_head = self.in_head
        begins_head = self.parsed is None  # unless another request is complete before it
        waiting = len(self.waiting)
        self._fed_bytes = len(data) + (self._head_bytes if continues_head else 0)
        self._framing_bytes = 0 if begins_head else self._framing_bytes + len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._pass_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self.note_bad(malformed(f"this is not HTTP/1.1: {error}"))
        is_counted = continues_head or (begins_head and len(self.waiting) == waiting)
        self._head_bytes = self._fed_bytes if self.in_head and is_counted else 0
        if self._head_bytes > self._limits.head_bytes:
            self.note_bad(head_too_large(self._limits))
        if self._framing_bytes > self._limits.head_bytes and self.parsed is not None:
            self.note_bad(malformed("too many bytes of trailers or of a chunk's size line"))
        if begins_head and not continues_head and waiting == 0:
            self._learn(data)

    def take_ahead(self) -> bytes:
        data, self.ahead = bytes(self.ahead), bytearray()
        return data

    def note_bad(self, bad: BadRequest) -> None:
        """The first counts; it is told when it is that request's turn."""
        if self.bad is None:
            self.bad, self.bad_headers = bad, tuple(self._headers)

    def close(self) -> None:
        """Nothing more is read. These refer to each other: a circle would wait for the garbage collector."""
        self._connection, self._parser, self.parsed = None, _NO_PARSER, None
        self.waiting.clear()

    def _learn(self, data: bytes) -> None:
        """`data` was read from between two requests on: keep its head if it is one whole plain request."""
        if self.parsed is not None or len(self.waiting) != 1 or self.bad is not None:
            return
        exchange, length = self.waiting[0], self.waiting[0].length
        if length is None or not exchange.is_plain:
            return
        raw = data[: len(data) - length]
        if raw.find(BLANK_LINE) == len(raw) - BLANK_LINE_BYTES and self._known_heads.is_worth_learning(raw):
            known = KnownRequest(exchange.method, exchange.target, tuple(exchange.headers), length)
            self._known_heads.learn(raw, known)

    def _pass_upgrade(self, rest: bytes) -> None:
        """The parser stops behind the head of a request for an upgrade. There are two cases."""
        self._parser = httptools.HttpRequestParser(self)
        if self.parsed is None:  # 1. It has no body: if it is accepted, `rest` is of another protocol.
            self.ahead += rest
        else:  # 2. It has a body, so it is no upgrade: a head that says the same of the body stands in.
            length = self.parsed.length
            framing = b"transfer-encoding: chunked" if length is None else b"content-length: %d" % length
            self._parser.feed_data(b"POST / HTTP/1.1\r\n%s\r\n\r\n" % framing)
            self.read(rest)

    # What the parser tells.

    def on_message_begin(self) -> None:
        self.in_head = True
        self._target = b""
        self._headers = []

    def on_url(self, target: bytes) -> None:
        self._target += target

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.in_head:  # otherwise it is a trailer, which nobody asked for
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.in_head = False
        if self._connection is None or self.parsed is not None:  # one that stands in for another
            return
        parser = self._parser
        exchange = Exchange(self._connection, parser.get_method(), self._target, self._headers)
        version = parser.get_http_version()
        exchange.http_1_1 = version == "1.1"
        exchange.wants_keep_alive = parser.should_keep_alive()
        exchange.is_upgrade = parser.should_upgrade()
        bad = read_framing(exchange, version, self._limits, self._fed_bytes)
        if bad is not None:
            self.note_bad(bad)
        self.parsed = exchange
        if self.bad is None:
            self.waiting.append(exchange)

    def on_body(self, data: bytes) -> None:
        self._framing_bytes = 0
        if self.parsed is not None:
            self.parsed.take_body(data)

    def on_message_complete(self) -> None:
        exchange = self.parsed
        if exchange is None:
            return
        if exchange.is_upgrade and exchange.length != 0:
            exchange.is_upgrade = False  # `_pass_upgrade` has the body read
            return
        self.parsed = None
        self._headers = []  # what follows may be no request, and they are not its
        exchange.take_body_end()
