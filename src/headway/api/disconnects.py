"""Ends what is made for a client that has left."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import TypeVar

from fastapi import Request

Answer = TypeVar("Answer")

STATUS = 499
"""Nobody reads it; logs may."""


class Passing:
    """A request's body on its way to somebody else, read as it is asked for, piece by piece."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._is_read = asyncio.Event()
        self.has_body = (
            "transfer-encoding" in request.headers or request.headers.get("content-length", "0") != "0"
        )
        if not self.has_body:
            self._is_read.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Raises ClientDisconnect."""
        try:
            async for piece in self._request.stream():
                yield piece
        finally:
            self._is_read.set()

    async def while_there(self, making: Awaitable[Answer]) -> Answer | None:
        """What `making` gives, which reads the pieces; None when the client left first, and then it is cancelled."""
        return await _while_there(self._request, making, self._is_read)


async def while_there(request: Request, making: Awaitable[Answer]) -> Answer | None:
    """The same of a request whose body has been read before."""
    is_read = asyncio.Event()
    is_read.set()
    return await _while_there(request, making, is_read)


async def _while_there(request: Request, making: Awaitable[Answer], is_read: asyncio.Event) -> Answer | None:
    made = asyncio.ensure_future(making)
    leaving = asyncio.ensure_future(_until_left(request, is_read))
    try:
        await asyncio.wait({made, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return await made if made.done() else None
    finally:
        made.cancel()
        leaving.cancel()
        await asyncio.gather(made, leaving, return_exceptions=True)


async def _until_left(request: Request, is_read: asyncio.Event) -> None:
    await is_read.wait()
    while (await request.receive())["type"] != "http.disconnect":
        continue
