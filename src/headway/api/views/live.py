"""Live state as server-sent events: the whole of it whenever it has changed, at most so often.

However many follow, it is put together once. A slow reader gets the newest state, never a backlog.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

EVERY = 0.5
_KEEP_ALIVE = 2.0
"""Seconds: a page tells of a silent control within five."""


class Live:
    """`state` makes the state as JSON text; events are called `name`."""

    def __init__(self, state: Callable[[], str], every: float = EVERY, *, name: str = "state") -> None:
        self._state = state
        self._name = name
        self._every = every
        self._text = ""
        self._made_at = float("-inf")
        self._next: asyncio.Task[str] | None = None

    async def events(self) -> AsyncIterator[str]:
        """Until the reader leaves."""
        text = self._text if time.monotonic() - self._made_at < self._every else self._make()
        yield self._event(text)
        told, told_at = text, time.monotonic()
        while True:
            text, now = await self._newer(), time.monotonic()
            if text != told:
                yield self._event(text)
                told, told_at = text, now
            elif now - told_at >= _KEEP_ALIVE:
                yield ": still here\n\n"
                told_at = now

    async def _newer(self) -> str:
        """The next state, the same for all who wait for it. Nothing is made while nobody waits."""
        if self._next is None or self._next.done():
            self._next = asyncio.get_running_loop().create_task(self._make_later())
        return await asyncio.shield(self._next)

    async def _make_later(self) -> str:
        await asyncio.sleep(max(0.0, self._made_at + self._every - time.monotonic()))
        return self._make()

    def _make(self) -> str:
        self._text, self._made_at = self._state(), time.monotonic()
        return self._text

    def _event(self, text: str) -> str:
        return f"event: {self._name}\ndata: {text}\n\n"
