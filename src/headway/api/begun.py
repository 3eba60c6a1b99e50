"""Streams of which the first piece is made before their answer begins: what fails till then is told as an error."""

from collections.abc import AsyncIterator


async def begun(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """The same pieces, once the first is there, if there is any. Raises whatever making it raises."""
    first = await anext(pieces, "")
    return _and_then(first, pieces)


async def _and_then(first: str, pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    yield first
    async for piece in pieces:
        yield piece
