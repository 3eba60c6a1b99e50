"""Live state as server-sent events: the whole of it whenever it has changed, at most so often.

However many follow, it is put together once. A slow reader gets the newest state, never a backlog.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

EVERY = 0.5
_KEEP_ALIVE = 15.0


class Live:
    """`state` makes the state as JSON text."""

    def __init__(self, state: Callable[[], str], every: float = EVERY) -> None:
        self._state = state
        self._every = every
        self._made_at = float("-inf")
        self._text = ""

    async def events(self) -> AsyncIterator[str]:
        """Until the reader leaves."""
        told, told_at = "", time.monotonic()
        while True:
            text, now = self._present(), time.monotonic()
            if text != told:
                yield f"event: state\ndata: {text}\n\n"
                told, told_at = text, now
            elif now - told_at >= _KEEP_ALIVE:
                yield ": still here\n\n"
                told_at = now
            await asyncio.sleep(self._every)

    def _present(self) -> str:
        now = time.monotonic()
        if now - self._made_at >= self._every / 2:
            self._text, self._made_at = self._state(), now
        return self._text
