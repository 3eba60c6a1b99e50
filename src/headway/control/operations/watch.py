"""Follows the files of a Truss that is served, and has each change deployed.

It polls: a look costs one `stat` a file, and no kernel's limit on watched folders is in the way.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from headway.control.packages.snapshots import FileStates, file_states
from headway.core.errors import HeadwayError

EVERY = 0.5

_logger = logging.getLogger(__name__)


class Watcher:
    """`push` deploys the Truss as it is. What cannot be deployed is told."""

    def __init__(self, directory: Path, push: Callable[[], Awaitable[object]]) -> None:
        self._directory = directory
        self._push = push
        self._served = self._seen = file_states(directory)

    async def run(self) -> None:
        """Until cancelled."""
        _logger.info("changes in %s are served as they come", self._directory)
        while True:
            await asyncio.sleep(EVERY)
            await self.look(await asyncio.to_thread(file_states, self._directory))

    async def look(self, states: FileStates) -> None:
        """Deploy what has changed once it changes no more: an editor writes several files, one after another."""
        is_settled, self._seen = states == self._seen, states
        if states == self._served or not is_settled:
            return
        self._served = states
        _logger.info("the Truss has changed")
        try:
            await self._push()
        except (HeadwayError, OSError) as error:
            _logger.error("the change is not served, the old deployment serves on: %s", error)  # noqa: TRY400
