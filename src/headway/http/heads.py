"""Heads that pass through: which headers concern one connection only, and a server's answer on its way back.

Gateway and replica both stand between a client and a server; what they add of their own is theirs.
"""

import re
from collections.abc import Iterable
from typing import Final

import httptools

from headway.core.sharing import SHARING
from headway.core.wire import CLIENT_ID, NOT_ACCEPTED, OWN_PREFIX
from headway.http.answers import NO_CONTENT, NOT_MODIFIED
from headway.http.known_heads import KnownHeads

HOP_BY_HOP: Final = frozenset(
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
WEBSOCKET_LINES: Final = b"connection: upgrade\r\nupgrade: websocket\r\n"
SWITCHING_PROTOCOLS: Final = 101
_UNAVAILABLE: Final = 503
_STATUSES: Final = {b"%d" % status: status for status in range(100, 600)}
_BEHIND_STATUS: Final = (b" ", b"\r")

_ORDINARY: Final = frozenset((b"", b"close", b"keep-alive", b"upgrade"))
_FRAMING: Final = frozenset((b"content-length", b"transfer-encoding"))
_OF_ONE_CONNECTION: Final = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-connection", b"te", b"trailer", b"upgrade")
)
_TOLD_HERE_TOO: Final = frozenset((b"date", CLIENT_ID))
_NOTABLE_NAMES: Final = sorted(_FRAMING | _OF_ONE_CONNECTION | _TOLD_HERE_TOO)
_NOTABLE: Final = re.compile(
    rb"\n(" + b"|".join(_NOTABLE_NAMES) + b"|" + OWN_PREFIX + rb"[^:]*):[ \t]*([^\r]*)"
)
_OLDER, _NEWER = b"HTTP/1.0 ", b"HTTP/1.1 "
_REPLACED: Final = frozenset((CLIENT_ID,))
"""Dropped where the added lines say it."""


class BadAnswerError(ValueError):
    """A server's answer that two readers could understand in two ways; the text says why."""


def status_of(answer: bytes) -> int | None:
    """The status that an answer begins with; None for what does not begin as HTTP/1."""
    is_http = answer.startswith(b"HTTP/1.") and answer[12:13] in _BEHIND_STATUS
    return _STATUSES.get(answer[9:12]) if is_http else None


def named_by(connection: bytes) -> frozenset[bytes]:
    """The headers that a Connection header's value says are of its connection only."""
    return frozenset(part.strip().lower() for part in connection.split(b",")) - _ORDINARY


def left_behind(headers: Iterable[tuple[bytes, bytes]]) -> frozenset[bytes]:
    """The names (in lower case) among an answer's headers that whoever made it has no say in: what frames it, what
    concerns one connection, and what Headway alone tells.
    """
    left: set[bytes] = set(_FRAMING | _OF_ONE_CONNECTION)
    for name, value in headers:
        lower = name.lower()
        if lower == b"connection":
            left |= named_by(value)
        elif lower.startswith(OWN_PREFIX):
            left.add(lower)
    return frozenset(left)


class AnswerHead:
    """The head of a server's answer, as bytes with its blank line. Raises BadAnswerError.

    What is not well formed, or tells two lengths, is for a parser to find.
    """

    __slots__ = (
        "_passed_on",
        "has_client_id",
        "has_date",
        "has_no_body",
        "is_chunked",
        "is_framed",
        "is_not_accepted",
        "keeps_alive",
        "length",
        "raw",
        "status",
    )

    def __init__(self, status: int, raw: bytes) -> None:
        self.status = status
        self.raw = raw
        self.length: int | None = None
        """What it says of the body's length in bytes."""
        self.is_chunked = False
        self.keeps_alive = raw.startswith(_NEWER)
        """The server's connection can carry another request after this answer."""
        self.has_no_body = status in {SWITCHING_PROTOCOLS, NO_CONTENT, NOT_MODIFIED}
        """Whatever follows."""
        self.has_client_id = self.has_date = False
        self.is_not_accepted = False
        """The server never took the request up."""
        left = self._read(_NOTABLE.findall(raw.lower()))
        self.is_framed = self.has_no_body or self._tells_length()
        """Its end can be told without the end of the connection."""
        passed_on = _without(raw, left) if left else raw
        if passed_on.startswith(_OLDER):
            passed_on = _NEWER + passed_on[len(_OLDER) :]  # the version is that of the client's connection
        self._passed_on = passed_on[:-2]

    def _tells_length(self) -> bool:
        return self.is_chunked or self.length is not None

    def _read(self, notable: list[tuple[bytes, bytes]]) -> set[bytes]:
        """Take in what these headers say; the names of those that are not passed on."""
        left: set[bytes] = set()
        for name, value in notable:
            if name == b"content-length":
                digits = value.strip()
                self.length = int(digits) if digits.isdigit() else None
            elif name == b"transfer-encoding":
                self._take_coding(value)
            elif name in _TOLD_HERE_TOO:
                self._note(name)
            else:
                left.add(name)
                if name == b"connection":
                    left |= named_by(value) - _FRAMING
                    self.keeps_alive = self.keeps_alive and b"close" not in value
                elif name == NOT_ACCEPTED:
                    self.is_not_accepted = self.status == _UNAVAILABLE
        if self.has_no_body:
            self._leave_body(left)
        return left

    def _leave_body(self, left: set[bytes]) -> None:
        """Of an answer without a body only a 304 may say how long it would be."""
        self.is_chunked = False
        left |= _FRAMING if self.status != NOT_MODIFIED else {b"transfer-encoding"}
        if self.status == SWITCHING_PROTOCOLS:
            left.discard(b"upgrade")

    def _note(self, name: bytes) -> None:
        if name == CLIENT_ID:
            self.has_client_id = True
        else:
            self.has_date = True

    def _take_coding(self, value: bytes) -> None:
        if self.is_chunked or value.strip() != b"chunked" or self.raw.startswith(_OLDER):
            raise BadAnswerError("the only transfer-encoding understood is chunked, once, and on HTTP/1.1")
        self.is_chunked = True

    def dechunker(self) -> "Dechunker":
        return Dechunker(self.raw)

    def unshared(self) -> "AnswerHead":
        """The same without what it says of who may read it, for that is said here."""
        if b"\n" + SHARING not in self.raw.lower():
            return self
        lines = self.raw.split(b"\r\n")
        kept = b"\r\n".join([line for line in lines if line[: len(SHARING)].lower() != SHARING])
        return AnswerHead(self.status, kept)

    def with_lines(self, lines: bytes) -> bytes:
        """The head for the client, with these lines added; what concerns only the server's connection is gone."""
        passed_on = self._passed_on
        if self.has_client_id and CLIENT_ID in lines:
            passed_on = _without(passed_on, _REPLACED)
        return passed_on + lines + b"\r\n"

    def with_lines_for_1_0(self, lines: bytes) -> bytes:
        """The same for a client that knows no chunks: the end of the connection ends the body."""
        dropped = {b"transfer-encoding"} | (_REPLACED if CLIENT_ID in lines else set())
        return _without(self._passed_on, dropped) + lines + b"\r\n"


KNOWN_ANSWERS: Final = KnownHeads[AnswerHead]()
"""Of all connections, for what a parser reads in a head depends on its bytes alone."""


class Dechunker:
    """Takes a body out of its framing; what `head` says of that holds."""

    def __init__(self, head: bytes) -> None:
        self._decoded = _Decoded()
        self._parser = httptools.HttpResponseParser(self._decoded)
        self._parser.feed_data(head)

    def decode(self, data: bytes) -> bytes:
        self._parser.feed_data(data)
        decoded = b"".join(self._decoded.pieces)
        self._decoded.pieces.clear()
        return decoded


class _Decoded:
    """What the parser tells: apart from who has the parser, for a circle would wait for the garbage collector."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def on_body(self, data: bytes) -> None:
        self.pieces.append(data)


def _without(raw: bytes, names: "set[bytes] | frozenset[bytes]") -> bytes:
    """The head without those headers; its first line and its end stay, whatever the names are."""
    first, *lines = raw.split(b"\r\n")
    kept = [line for line in lines if not line or line.partition(b":")[0].lower() not in names]
    return b"\r\n".join((first, *kept))
