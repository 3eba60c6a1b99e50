"""Takes a body out of its Content-Encoding, piece by piece: however much a small body stands for, no more than a piece
is made beyond what its reader takes, and no piece keeps the event loop for longer than some milliseconds.
"""

import zlib
from collections.abc import Iterator
from enum import Enum

from headway.core.errors import HeadwayError
from headway.http.answers import Headers
from headway.observed.words import counted

ACCEPTED = b"gzip, deflate"
"""For Accept-Encoding, where another coding was sent."""

_NAME = b"content-encoding"
_PIECE_BYTES = 256 * 1024
_READ_BYTES = 16 * 1024
_MOST_MEMBERS = 65_536
"""Of a gzip file that was made of several: each costs as much as some KiB."""


class Coding(Enum):
    """What is understood."""

    GZIP = "gzip"
    DEFLATE = "deflate"


class UnknownCodingError(HeadwayError):
    """The body has a coding that is not understood, or several."""

    code = "unknown_coding"


class BrokenBodyError(HeadwayError):
    """The body is not what its Content-Encoding says."""

    code = "broken_body"


class TooLargeError(HeadwayError):
    """The body is larger than it may be once it is decoded."""

    code = "too_large"


_CODINGS = {b"gzip": Coding.GZIP, b"x-gzip": Coding.GZIP, b"deflate": Coding.DEFLATE}


def coding_of(headers: Headers) -> Coding | None:
    """The coding of the body, None where it is as it is. Raises UnknownCodingError."""
    lines = [value for name, value in headers if name == _NAME]
    if not lines:
        return None
    names = [name for part in b",".join(lines).split(b",") if (name := part.strip().lower())]
    named = [name for name in names if name != b"identity"]
    if not named:
        return None
    coding = _CODINGS.get(named[0])
    if coding is None or len(named) > 1:
        text = b", ".join(names).decode("latin-1")[:100]
        raise UnknownCodingError(
            f"Content-Encoding is {text!r}", hint="a body is sent as it is, or as gzip or deflate"
        )
    return coding


def decoded(body: bytes, coding: Coding, limit: int) -> Iterator[bytes]:
    """The body in pieces, of which some are empty. Raises BrokenBodyError, and TooLargeError beyond `limit` bytes.

    An empty body is that in any coding.
    """
    made = 0
    for piece in _pieces(body, coding) if body else ():
        made += len(piece)
        if made > limit:
            raise TooLargeError(f"a body has at most {counted(limit, 'byte')}, also once it is decoded")
        yield piece


def _pieces(body: bytes, coding: Coding) -> Iterator[bytes]:
    bits = window(body, coding)
    decoder = zlib.decompressobj(bits)
    members = 1
    for begin in range(0, len(body), _READ_BYTES):
        data = body[begin : begin + _READ_BYTES]
        while data:
            if decoder.eof:
                members += 1
                if coding is not Coding.GZIP or members > _MOST_MEMBERS:
                    raise BrokenBodyError(f"bytes follow the end of the {coding.value} data")
                decoder = zlib.decompressobj(bits)
            yield _decompressed(decoder, data, coding)
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
    while not decoder.eof:  # what was read may stand for more than a piece
        piece = _decompressed(decoder, b"", coding)
        if not piece:
            raise BrokenBodyError(f"the {coding.value} data ends too early")
        yield piece


def _decompressed(decoder: "zlib._Decompress", data: bytes, coding: Coding) -> bytes:
    try:
        return decoder.decompress(data, _PIECE_BYTES)
    except zlib.error as error:
        raise BrokenBodyError(f"the body is no {coding.value} data: {error}") from error


def window(body: bytes, coding: Coding) -> int:
    """How zlib is told the format of a body, of which two bytes at least are there. What HTTP calls deflate is
    zlib's, but many have sent the bare one.
    """
    if coding is Coding.GZIP:
        return zlib.MAX_WBITS | 16
    begins_as_zlib = body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if begins_as_zlib else -zlib.MAX_WBITS
