"""Which way a replica runs in, of those that work here. A sandbox is tried once, when one is first wanted."""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from headway.backends.base import Unplaceable
from headway.backends.isolation.bubblewrap import NoSandboxError, sandbox_here
from headway.backends.isolation.none import OnTheMachine
from headway.backends.isolation.sandbox import Sandbox
from headway.backends.isolation.world import Way
from headway.core.isolation import Isolation

_logger = logging.getLogger(__name__)

WORLDS = "worlds"
"""The folder of the data directory with what sandboxes write, one for each."""


class Ways:
    """`worlds` holds the worlds' own folders; of `hidden` folders a sandbox shows nothing but what a world names."""

    def __init__(self, worlds: Path, hidden: Iterable[Path] = ()) -> None:
        self.worlds = worlds
        self._hidden = tuple(hidden)
        self._none = OnTheMachine()
        self._is_tried = False

    async def chosen(self, isolation: Isolation) -> Way:
        """Raises Unplaceable where it does not work here."""
        if isolation is not Isolation.NONE and not self._is_tried:
            await asyncio.to_thread(self._try)
            self._is_tried = True
        return self.chosen_now(isolation)

    def _try(self) -> None:
        if isinstance(missing := sandbox_here(self.worlds, self._hidden), NoSandboxError):
            _logger.warning("there are no sandboxes here: %s", missing)

    def chosen_now(self, isolation: Isolation) -> Way:
        """The same for who may block."""
        if isolation is Isolation.NONE:
            return self._none
        match sandbox_here(self.worlds, self._hidden):
            case Sandbox() as sandbox:
                return sandbox
            case NoSandboxError() as missing if isolation is Isolation.SANDBOX:
                raise Unplaceable(missing.message, hint=missing.hint)
            case _:
                return self._none
