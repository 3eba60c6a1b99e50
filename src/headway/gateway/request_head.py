"""The head that a replica is sent for a client's request."""

import math

from headway.core.credentials import BARE_SUBPROTOCOL, SUBPROTOCOLS
from headway.core.dialects import Dialect
from headway.core.forwarding import FOR, TrustedProxies, Way, is_told_anew, straight_lines, tells_way
from headway.core.wire import BODY_LIMIT, CLIENT_ID, COLD_START, DEADLINE, DIALECT, MODEL, REQUEST_ID
from headway.gateway.admission import Grant
from headway.gateway.identity import accepted, identity_lines
from headway.gateway.routes import Address, Verb
from headway.gateway.tracing import RequestTrace
from headway.http.answers import Headers
from headway.http.exchange import Exchange
from headway.http.heads import HOP_BY_HOP, WEBSOCKET_LINES, AnswerHead, named_by
from headway.http.peer import ID, NOBODY, Peer

_OURS = {BODY_LIMIT, CLIENT_ID, COLD_START, DEADLINE, DIALECT, MODEL, REQUEST_ID}
_NOT_PASSED_ON = HOP_BY_HOP | {b"proxy-authorization", *_OURS}


class InvalidDeadlineError(ValueError):
    """The client's deadline is no number of seconds; the text is what it sent."""


class RequestHead:
    """The head that a replica is sent for a client's request, but for the body's length.

    Raises InvalidDeadlineError. Headers that concern only the client's connection stay behind, also those that
    the client's Connection header names; `added` are further lines of the gateway's own. It is the same for all
    requests with the same head, and never changes.
    """

    __slots__ = (
        "_begin",
        "_believed",
        "_end",
        "_hops",
        "_length",
        "_trusted",
        "address",
        "client_id",
        "grant",
        "lines",
        "patience",
        "takes_bare",
        "trace",
    )

    def __init__(
        self, exchange: Exchange, address: Address, trusted: TrustedProxies | None = None, added: bytes = b""
    ) -> None:
        self.address = address
        self.grant: Grant | None = None
        """What the client's key lets it do, where keys exist."""
        self.lines = exchange.lines
        """What every answer to it carries."""
        self.trace: RequestTrace | None = None
        """Of a request that its caller traces; the head is that one's alone."""
        self.patience: float | None = None
        """How long the client lets it wait, in seconds from arrival."""
        self.client_id = accepted(exchange.header(CLIENT_ID))
        """The id that the client gave the request."""
        self.takes_bare = False
        """Its browser wants a subprotocol answered, and offers Headway's."""
        self._length = exchange.length
        self._end = _end(exchange.length)
        passed_on, told = self._sort(exchange.headers)
        lines = [b"%s: %s\r\n" % header for header in passed_on]
        if self.client_id is not None:
            lines.append(b"%s: %s\r\n" % (CLIENT_ID, self.client_id))
        lines.append(_added(address) + added)
        begin = b"%s %s HTTP/1.1\r\n%s" % (exchange.method, address.upstream_path, b"".join(lines))
        self._begin = begin + straight_lines(exchange.header(b"host"))
        self._trusted = trusted
        self._believed: bytes | None = None
        self._hops = b""
        if told and trusted is not None:
            self._believe(exchange, told, begin, trusted)

    def complete(self, request_id: bytes, length: int | None, peer: Peer = NOBODY) -> bytes:
        """The whole head for a request of `peer`. `length` is the body's size in bytes; None: what the client said
        about it holds.
        """
        end = self._end if length == self._length else _end(length)
        if self._believed is not None and self._trusted is not None and self._trusted.include(peer.host):
            way = b"%s%s\r\n%s: %s%s\r\n" % (self._believed, peer.node, FOR, self._hops, peer.address)
            return way + ID + request_id + end
        return self._begin + peer.lines + request_id + end

    def identity(self, request_id: bytes) -> bytes:
        """The lines of an answer that tell the request's ids."""
        return identity_lines(request_id, self.client_id)

    def answer_lines(self, request_id: bytes, answer: AnswerHead) -> bytes:
        """What is added to a replica's answer."""
        if answer.has_client_id or self.takes_bare:
            return self._lines_beside(answer, request_id)
        return identity_lines(request_id, self.client_id)

    def _lines_beside(self, answer: AnswerHead, request_id: bytes) -> bytes:
        """The same for an answer that may say some of it: an id that the model told stands for ours."""
        if answer.has_client_id and self.client_id is None:
            lines = b"%s: %s\r\n" % (REQUEST_ID, request_id)
        else:
            lines = self.identity(request_id)
        if self.takes_bare and answer.status == 101 and b"\n" + SUBPROTOCOLS not in answer.raw.lower():
            lines += b"%s: %s\r\n" % (SUBPROTOCOLS, BARE_SUBPROTOCOL)
        return lines

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header (lower-case name) that is passed on: a search, for a few requests only."""
        _, found, rest = self._begin.partition(b"\r\n%s: " % name)
        return rest.partition(b"\r\n")[0] if found else None

    def frame(self, data: bytes) -> bytes:
        """Bytes of a body that is passed on while it is read."""
        return b"%x\r\n%s\r\n" % (len(data), data) if self._length is None else data

    def _sort(self, headers: Headers) -> tuple[list[tuple[bytes, bytes]], list[tuple[bytes, bytes]]]:
        """What is passed on, and what tells of the way that the request came."""
        passed_on: list[tuple[bytes, bytes]] = []
        told: list[tuple[bytes, bytes]] = []
        named: frozenset[bytes] = frozenset()
        for name, value in headers:
            if name == DEADLINE:
                self.patience = _seconds(value)
            elif name == b"connection":
                named |= named_by(value)
            elif tells_way(name):
                told.append((name, value))
            elif name not in _NOT_PASSED_ON:
                passed_on.append((name, value))
        if named:
            passed_on = [header for header in passed_on if header[0] not in named]
        return passed_on, told

    def _believe(self, exchange: Exchange, told: Headers, begin: bytes, trusted: TrustedProxies) -> None:
        """What is passed on where the peer is a trusted proxy."""
        way = Way.told([*told, (b"host", exchange.header(b"host") or b"")], trusted)
        others = [b"%s: %s\r\n" % header for header in told if not is_told_anew(header[0])]
        self._believed = begin + b"".join(others) + way.lines()
        self._hops = b"".join([hop + b", " for hop in way.hops])

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


def _seconds(value: bytes) -> float:
    text = value.decode("latin-1").strip()
    try:
        seconds = float(text)
    except ValueError:
        raise InvalidDeadlineError(text) from None
    if not 0 <= seconds < math.inf:
        raise InvalidDeadlineError(text)
    return seconds
