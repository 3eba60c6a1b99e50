"""A body's bytes for somebody who looks into it, in pieces that take no longer than the event loop can spare: as they
came, or decoded where they came compressed.

It keeps nothing that was looked at. What is wrong with the coding is the replica's to say, as far as the pieces go.
"""

import zlib
from collections import deque

from headway.http.content_coding import Coding, window

PIECE_BYTES = 16 * 1024
"""Looked at in one go: some 0.1 ms, and a few of the worst that a stranger can send."""
_KNOWN_BY_BYTES = 2
"""With so many of a compressed body it is known how to decode it."""


class UndecodableError(ValueError):
    """The body is not encoded as its head says."""


class BodyPieces:
    """What was added and not taken yet."""

    def __init__(self, coding: Coding | None = None) -> None:
        self.taken_bytes = 0
        self._coding = coding
        self._window = 0
        self._held = b""
        self._decoder: zlib._Decompress | None = None
        self._added: deque[bytes] = deque()

    @property
    def is_empty(self) -> bool:
        return not self._added

    def add(self, data: bytes) -> None:
        if len(data) <= PIECE_BYTES:
            self._added.append(data)
        else:
            self._added.extend([data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES)])

    def take(self) -> bytes:
        """The next piece of what is not empty; it may be nothing. Raises UndecodableError."""
        data = self._added.popleft()
        piece = data if self._coding is None else self._decoded(data, self._coding)
        self.taken_bytes += len(piece)
        return piece

    def _decoded(self, data: bytes, coding: Coding) -> bytes:
        data, self._held = self._held + data, b""
        if self._decoder is None and len(data) < _KNOWN_BY_BYTES:
            self._held = data
            return b""
        if self._decoder is None:
            self._window = window(data, coding)
        if self._decoder is None or (self._decoder.eof and data):  # gzip may be made of several
            self._decoder = zlib.decompressobj(self._window)
        try:
            piece = self._decoder.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            raise UndecodableError(str(error)) from None
        rest = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail
        if rest or len(piece) == PIECE_BYTES:  # then the decoder may hold more
            self._added.appendleft(rest)
        return piece
