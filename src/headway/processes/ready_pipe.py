"""How a child of root says that it is ready, once: any byte on its end of a pipe, whose number is in its environment.

What that is worth is decided by who is told. A child that never says it, or closes its end, does no harm. Each has a
pipe of its own, for where all could speak one model could speak for another's replica.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable


class ReadyPipe:
    """`heard` is called at most once, on the event loop that this is made on."""

    def __init__(self, heard: Callable[[], None]) -> None:
        self._heard = heard
        self._loop = asyncio.get_running_loop()
        self._ours, self.theirs = os.pipe()
        for descriptor in (self._ours, self.theirs):
            os.set_blocking(descriptor, False)
        self._is_open = True
        self.was_heard = False
        self._loop.add_reader(self._ours, self._read)

    def close(self) -> None:
        """Hear nothing from now on."""
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._ours)
            os.close(self._ours)

    def close_theirs(self) -> None:
        """The child has its copy, or there will be no child."""
        os.close(self.theirs)

    def _read(self) -> None:
        said = b""
        with contextlib.suppress(OSError):
            said = os.read(self._ours, 1)
        self.close()  # a child that writes on and on is not listened to
        if said:
            self.was_heard = True
            self._heard()
