"""Heads on their way through: what of a client's request goes to the replica, what of its answer comes back."""

import math
import re

import httptools

from headway.core.wire import COLD_START, DEADLINE, NOT_ACCEPTED, REQUEST_ID
from headway.gateway.routes import Address, Verb
from headway.http.answers import Headers
from headway.http.exchange import Exchange

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        DEADLINE,
        REQUEST_ID,
        COLD_START,
    )
)
_NOTABLE_NAMES = (
    b"connection",
    b"keep-alive",
    b"content-length",
    b"transfer-encoding",
    NOT_ACCEPTED,
    REQUEST_ID,
)
_NOTABLE = re.compile(rb"\n(" + b"|".join(_NOTABLE_NAMES) + rb"):")
_NOT_PASSED_ON = frozenset((b"connection", b"keep-alive", REQUEST_ID))
_WEBSOCKET_LINES = b"connection: upgrade\r\nupgrade: websocket\r\n"


class InvalidDeadlineError(ValueError):
    """The client's deadline is no number of seconds; the text is what it sent."""


class RequestHead:
    """The head that a replica is sent for a client's request, but for the body's length.

    Raises InvalidDeadlineError. Headers that concern only the client's connection stay behind, also those that
    the client's Connection header names.
    """

    __slots__ = ("_chunked", "_lines", "patience")

    def __init__(self, exchange: Exchange, address: Address) -> None:
        self.patience: float | None = None
        """How long the client lets it wait, in seconds from arrival."""
        self._chunked = exchange.length is None
        named: frozenset[bytes] = frozenset()
        lines: list[bytes] = []
        for name, value in exchange.headers:
            if name not in _HOP_BY_HOP:
                lines += name, b": ", value, b"\r\n"
            elif name == DEADLINE:
                self.patience = _seconds(value)
            elif name == b"connection":
                named |= {part.strip().lower() for part in value.split(b",")}
        if named - {b"close", b"keep-alive", b"upgrade"}:
            lines = _without_named(exchange.headers, named)
        if address.verb is Verb.WEBSOCKET:
            lines.append(_WEBSOCKET_LINES)
        self._lines = b"%s %s HTTP/1.1\r\n%s" % (exchange.method, address.upstream_path, b"".join(lines))

    def complete(self, request_id: bytes, length: int | None) -> bytes:
        """The whole head. `length` is the body's size in bytes; None: what the client said about it holds."""
        if length is None:
            framing = b"transfer-encoding: chunked\r\n"
        else:
            framing = b"content-length: %d\r\n" % length if length else b""
        return b"%sx-headway-request-id: %s\r\n%s\r\n" % (self._lines, request_id, framing)

    def frame(self, data: bytes) -> bytes:
        """Bytes of a body that is passed on while it is read."""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._chunked else data

    @property
    def frame_end(self) -> bytes:
        return b"0\r\n\r\n" if self._chunked else b""


class AnswerHead:
    """The head of a replica's answer, as bytes with its blank line."""

    __slots__ = ("_names", "_raw", "is_chunked", "is_framed")

    def __init__(self, status: int, raw: bytes, *, has_no_body: bool) -> None:
        self._raw = raw
        self._names = names = _NOTABLE.findall(raw.lower())
        self.is_chunked = b"transfer-encoding" in names
        self.is_framed = b"content-length" in names or self.is_chunked or has_no_body or status in {204, 304}
        """Its end can be told without the end of the connection."""

    @property
    def is_not_accepted(self) -> bool:
        """The replica never took the request up."""
        return NOT_ACCEPTED in self._names

    def dechunker(self) -> "Dechunker":
        return Dechunker(self._raw)

    def with_lines(self, lines: bytes) -> bytes:
        """The head for the client, with these lines added; what concerns only the replica's connection is gone."""
        raw = self._raw if _NOT_PASSED_ON.isdisjoint(self._names) else _without(self._raw, _NOT_PASSED_ON)
        return b"%s%s\r\n" % (raw[:-2], lines)

    def with_lines_for_1_0(self, lines: bytes) -> bytes:
        """The same for a client that knows no chunks: the end of the connection ends the body."""
        return b"%s%s\r\n" % (
            _without(self._raw, _NOT_PASSED_ON | {b"transfer-encoding"})[:-2],
            lines,
        )


class Dechunker:
    """Takes a chunked body out of its framing."""

    def __init__(self, head: bytes) -> None:
        self._decoded: list[bytes] = []
        self._parser = httptools.HttpResponseParser(self)
        self._parser.feed_data(head)

    def on_body(self, data: bytes) -> None:
        self._decoded.append(data)

    def decode(self, data: bytes) -> bytes:
        self._parser.feed_data(data)
        decoded, self._decoded = self._decoded, []
        return b"".join(decoded)


def _without_named(headers: Headers, named: frozenset[bytes]) -> list[bytes]:
    dropped = _HOP_BY_HOP | named
    return [b"%s: %s\r\n" % (name, value) for name, value in headers if name not in dropped]


def _without(raw: bytes, names: frozenset[bytes]) -> bytes:
    lines = raw.split(b"\r\n")
    return b"\r\n".join([line for line in lines if line.partition(b":")[0].lower() not in names])


def _seconds(value: bytes) -> float:
    text = value.decode("latin-1").strip()
    try:
        seconds = float(text)
    except ValueError:
        raise InvalidDeadlineError(text) from None
    if not 0 <= seconds < math.inf:
        raise InvalidDeadlineError(text)
    return seconds
