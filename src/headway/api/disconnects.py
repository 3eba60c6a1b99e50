"""Ends what is made for a client that has left."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fastapi import Request

Answer = TypeVar("Answer")

STATUS = 499
"""Nobody reads it; logs may."""


async def while_there(request: Request, making: Awaitable[Answer]) -> Answer | None:
    """What `making` gives; None when the client left first, and then it is cancelled. The body has been read before."""
    made = asyncio.ensure_future(making)
    leaving = asyncio.ensure_future(_until_left(request))
    try:
        await asyncio.wait({made, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return await made if made.done() else None
    finally:
        made.cancel()
        leaving.cancel()
        await asyncio.gather(made, leaving, return_exceptions=True)


async def _until_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        continue
