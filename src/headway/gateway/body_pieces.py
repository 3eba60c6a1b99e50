"""A body's bytes for somebody who looks into it, in pieces that take no longer than the event loop can spare: as they
came, or decoded where they came compressed.

It keeps nothing that was looked at.
"""

import zlib
from collections import deque

PIECE_BYTES = 16 * 1024
"""Looked at in one go: some 0.1 ms, and a few of the worst that a stranger can send."""
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
ENCODINGS = frozenset({b"gzip", b"x-gzip", b"deflate"})


class UndecodableError(ValueError):
    """The body is not encoded as its head says."""


class BodyPieces:
    """What was added and not taken yet."""

    def __init__(self, *, is_compressed: bool = False) -> None:
        self.taken_bytes = 0
        self._added: deque[bytes] = deque()
        self._decoder = zlib.decompressobj(_GZIP_OR_ZLIB) if is_compressed else None

    def add(self, data: bytes) -> None:
        if len(data) <= PIECE_BYTES:
            self._added.append(data)
        else:
            self._added.extend(data[at : at + PIECE_BYTES] for at in range(0, len(data), PIECE_BYTES))

    @property
    def is_empty(self) -> bool:
        return not self._added

    def take(self) -> bytes:
        """The next piece of what is not empty. Raises UndecodableError."""
        piece = self._added.popleft() if self._decoder is None else self._decoded(self._decoder)
        self.taken_bytes += len(piece)
        return piece

    def _decoded(self, decoder: "zlib._Decompress") -> bytes:
        data = self._added.popleft()
        try:
            piece = decoder.decompress(data, PIECE_BYTES)
        except zlib.error as error:
            raise UndecodableError(str(error)) from None
        if decoder.unconsumed_tail:
            self._added.appendleft(decoder.unconsumed_tail)
        return piece
