"""Heads that pass through: which headers concern one connection only, and a server's answer on its way back.

Gateway and replica both stand between a client and a server; what they add of their own is theirs.
"""

import re

import httptools

from headway.core.sharing import SHARING
from headway.core.wire import CLIENT_ID, NOT_ACCEPTED, REQUEST_ID
from headway.http.known_heads import KnownHeads

HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"content-length",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
"""What of a request is said anew on the next connection, or not at all."""
WEBSOCKET_LINES = b"connection: upgrade\r\nupgrade: websocket\r\n"

_ORDINARY = frozenset((b"close", b"keep-alive", b"upgrade"))
_NOTABLE_NAMES = (
    b"connection",
    b"keep-alive",
    b"content-length",
    b"date",
    b"transfer-encoding",
    CLIENT_ID,
    NOT_ACCEPTED,
    REQUEST_ID,
)
_NOTABLE = re.compile(rb"\n(" + b"|".join(_NOTABLE_NAMES) + rb"):")
_OLDER, _NEWER = b"HTTP/1.0 ", b"HTTP/1.1 "
_NOT_PASSED_ON = frozenset((b"connection", b"keep-alive", REQUEST_ID))
_REPLACED = frozenset((CLIENT_ID,))
"""Dropped where the added lines say it."""


def named_by(connection: bytes) -> frozenset[bytes]:
    """The headers that a Connection header's value says are of its connection only."""
    return frozenset(part.strip().lower() for part in connection.split(b",")) - _ORDINARY


class AnswerHead:
    """The head of a server's answer, as bytes with its blank line."""

    __slots__ = (
        "_passed_on",
        "has_client_id",
        "has_date",
        "has_length",
        "is_chunked",
        "is_framed",
        "is_not_accepted",
        "length",
        "raw",
        "status",
    )

    def __init__(self, status: int, raw: bytes, *, has_no_body: bool) -> None:
        self.status = status
        self.raw = raw
        self.length: int | None = None
        """Of the body in bytes, where a parser has said so; then the connection stays open too."""
        names = _NOTABLE.findall(raw.lower())
        self.is_chunked = b"transfer-encoding" in names
        self.has_length = b"content-length" in names and not self.is_chunked
        self.has_client_id = CLIENT_ID in names
        self.has_date = b"date" in names
        self.is_framed = self.has_length or self.is_chunked or has_no_body or status in {204, 304}
        """Its end can be told without the end of the connection."""
        self.is_not_accepted = NOT_ACCEPTED in names
        """The server never took the request up."""
        passed_on = raw if _NOT_PASSED_ON.isdisjoint(names) else _without(raw, _NOT_PASSED_ON)
        if passed_on.startswith(_OLDER):
            passed_on = _NEWER + passed_on[len(_OLDER) :]  # the version is that of the client's connection
        self._passed_on = passed_on[:-2]

    def dechunker(self) -> "Dechunker":
        return Dechunker(self.raw)

    def unshared(self) -> "AnswerHead":
        """The same without what it says of who may read it, for that is said here."""
        if b"\n" + SHARING not in self.raw.lower():
            return self
        lines = self.raw.split(b"\r\n")
        kept = b"\r\n".join([line for line in lines if line[: len(SHARING)].lower() != SHARING])
        head = AnswerHead(self.status, kept, has_no_body=False)
        head.is_framed = self.is_framed
        return head

    def with_lines(self, lines: bytes) -> bytes:
        """The head for the client, with these lines added; what concerns only the server's connection is gone."""
        passed_on = self._passed_on
        if self.has_client_id and CLIENT_ID in lines:
            passed_on = _without(passed_on, _REPLACED)
        return passed_on + lines + b"\r\n"

    def with_lines_for_1_0(self, lines: bytes) -> bytes:
        """The same for a client that knows no chunks: the end of the connection ends the body."""
        dropped = _NOT_PASSED_ON | {b"transfer-encoding"}
        raw = _without(self.raw, dropped | _REPLACED if CLIENT_ID in lines else dropped)
        return b"%s%s\r\n" % (raw[:-2], lines)


KNOWN_ANSWERS = KnownHeads[AnswerHead]()
"""Of all connections, for what a parser reads in a head depends on its bytes alone."""


def answer_head(status: int, raw: bytes, *, has_no_body: bool) -> AnswerHead:
    """The head, which may be known. `has_no_body` says that the request was a HEAD."""
    return KNOWN_ANSWERS.get(raw) or AnswerHead(status, raw, has_no_body=has_no_body)


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


def _without(raw: bytes, names: frozenset[bytes]) -> bytes:
    lines = raw.split(b"\r\n")
    return b"\r\n".join([line for line in lines if line.partition(b":")[0].lower() not in names])
