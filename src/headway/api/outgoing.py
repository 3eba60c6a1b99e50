"""An answer on its way out: headers that every answer carries are added to it, and it ends when the key that it was
asked for with is deleted.
"""

import asyncio
from collections.abc import Awaitable

from starlette.types import Message, Send

from headway.control.credentials.keys import Keyring
from headway.control.store.rows import KeyRow
from headway.core.sharing import Lines


class Outgoing:
    """ASGI's send for one request. `lines` are added to its answer."""

    def __init__(self, send: Send, lines: Lines) -> None:
        self._send = send
        self._lines = lines
        self.has_begun = False
        self._has_ended = False
        self._answering: asyncio.Task[None] | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.has_begun = True
            message["headers"] = [*message.get("headers", ()), *self._lines]
        elif message["type"] == "http.response.body":
            self._has_ended = not message.get("more_body", False)
        await self._send(message)

    async def run(self, answering: Awaitable[None]) -> None:
        """Until it is over, or cut: then the answer ends with what was sent."""
        task = self._answering = asyncio.get_running_loop().create_task(_awaited(answering))
        try:
            await asyncio.wait({task})
        finally:
            self._answering = None
            if not task.done():
                task.cancel()
        if not task.cancelled():
            task.result()
        elif self.has_begun and not self._has_ended:
            await self({"type": "http.response.body", "body": b"", "more_body": False})

    def cut(self) -> None:
        """It shall go on no more. What has not begun is still answered: it may be what deletes the key."""
        if self._answering is not None and self.has_begun:
            self._answering.cancel()


class KeyedAnswers:
    """What goes out to the keys of `keyring`."""

    def __init__(self, keyring: Keyring) -> None:
        self._outgoing: dict[str, set[Outgoing]] = {}
        keyring.removed = self._cut

    async def run(self, row: KeyRow, outgoing: Outgoing, answering: Awaitable[None]) -> None:
        """Until the answer is over, or the key is deleted."""
        all_of_key = self._outgoing.setdefault(row.prefix, set())
        all_of_key.add(outgoing)
        try:
            await outgoing.run(answering)
        finally:
            all_of_key.discard(outgoing)

    def _cut(self, row: KeyRow) -> None:
        for outgoing in self._outgoing.pop(row.prefix, ()):
            outgoing.cut()


async def _awaited(answering: Awaitable[None]) -> None:
    await answering
