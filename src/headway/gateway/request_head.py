"""The head that a replica is sent for a client's request."""

import math

from headway.core.dialects import Dialect
from headway.core.wire import CLIENT_ID, COLD_START, DEADLINE, DIALECT, MODEL, REQUEST_ID
from headway.gateway.identity import accepted, identity_lines
from headway.gateway.routes import Address, Verb
from headway.http.answers import Headers
from headway.http.exchange import Exchange
from headway.http.heads import HOP_BY_HOP, WEBSOCKET_LINES, named_by

_OURS = {CLIENT_ID, COLD_START, DEADLINE, DIALECT, MODEL, REQUEST_ID}
_NOT_PASSED_ON = HOP_BY_HOP | {b"proxy-authorization", *_OURS}


class InvalidDeadlineError(ValueError):
    """The client's deadline is no number of seconds; the text is what it sent."""


class RequestHead:
    """The head that a replica is sent for a client's request, but for the body's length.

    Raises InvalidDeadlineError. Headers that concern only the client's connection stay behind, also those that
    the client's Connection header names. It is the same for all requests with the same head, and never changes.
    """

    __slots__ = ("_begin", "_end", "_length", "address", "client_id", "patience")

    def __init__(self, exchange: Exchange, address: Address) -> None:
        self.address = address
        self.patience: float | None = None
        """How long the client lets it wait, in seconds from arrival."""
        self.client_id = accepted(exchange.header(CLIENT_ID))
        """The id that the client gave the request."""
        self._length = exchange.length
        self._end = _end(exchange.length)
        named: frozenset[bytes] = frozenset()
        lines: list[bytes] = []
        for name, value in exchange.headers:
            if name not in _NOT_PASSED_ON:
                lines += name, b": ", value, b"\r\n"
            elif name == DEADLINE:
                self.patience = _seconds(value)
            elif name == b"connection":
                named |= named_by(value)
        if named:
            lines = _without_named(exchange.headers, named)
        if self.client_id is not None:
            lines += CLIENT_ID, b": ", self.client_id, b"\r\n"
        lines.append(_added(address))
        self._begin = b"%s %s HTTP/1.1\r\n%s%s: " % (
            *(exchange.method, address.upstream_path),
            *(b"".join(lines), REQUEST_ID),
        )

    def complete(self, request_id: bytes, length: int | None) -> bytes:
        """The whole head. `length` is the body's size in bytes; None: what the client said about it holds."""
        return self._begin + request_id + (self._end if length == self._length else _end(length))

    def identity(self, request_id: bytes, *, answer_names_one: bool = False) -> bytes:
        """The lines of an answer that tell the request's ids; an id that the model told stands for ours."""
        if answer_names_one and self.client_id is None:
            return b"%s: %s\r\n" % (REQUEST_ID, request_id)
        return identity_lines(request_id, self.client_id)

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header (lower-case name) that is passed on: a search, for a few requests only."""
        _, found, rest = self._begin.partition(b"\r\n%s: " % name)
        return rest.partition(b"\r\n")[0] if found else None

    def frame(self, data: bytes) -> bytes:
        """Bytes of a body that is passed on while it is read."""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._length is None else data

    @property
    def frame_end(self) -> bytes:
        return b"0\r\n\r\n" if self._length is None else b""


def _added(address: Address) -> bytes:
    """What a WebSocket needs, and what the replica is told of a client of OpenAI's or Anthropic's."""
    if address.verb is Verb.WEBSOCKET:
        return WEBSOCKET_LINES
    if address.dialect is Dialect.HEADWAY:
        return b""
    values = (DIALECT, address.dialect.value.encode(), MODEL, address.name.encode())
    return b"%s: %s\r\n%s: %s\r\n" % values


def _end(length: int | None) -> bytes:
    """What of the head stands behind the request's id."""
    if length is None:
        return b"\r\ntransfer-encoding: chunked\r\n\r\n"
    return b"\r\ncontent-length: %d\r\n\r\n" % length if length else b"\r\n\r\n"


def _without_named(headers: Headers, named: frozenset[bytes]) -> list[bytes]:
    dropped = _NOT_PASSED_ON | named
    return [b"%s: %s\r\n" % (name, value) for name, value in headers if name not in dropped]


def _seconds(value: bytes) -> float:
    text = value.decode("latin-1").strip()
    try:
        seconds = float(text)
    except ValueError:
        raise InvalidDeadlineError(text) from None
    if not 0 <= seconds < math.inf:
        raise InvalidDeadlineError(text)
    return seconds
