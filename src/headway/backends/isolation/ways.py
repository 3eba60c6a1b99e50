"""Which way a replica runs in, of those that work here. A sandbox is tried once, when one is first wanted."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path

from headway.backends.base import Unplaceable
from headway.backends.isolation.bubblewrap import NoSandboxError, find_sandbox
from headway.backends.isolation.none import OnTheMachine
from headway.backends.isolation.sandbox import Sandbox
from headway.backends.isolation.world import Way
from headway.core.isolation import Isolation

_logger = logging.getLogger(__name__)


class Ways:
    """`worlds` holds the worlds' own folders; of `hidden` folders a sandbox shows nothing but what a world names."""

    def __init__(self, worlds: Path, hidden: Sequence[Path] = ()) -> None:
        self.worlds = worlds
        self._hidden = hidden
        self._none = OnTheMachine()
        self._sandbox: Sandbox | NoSandboxError | None = None

    async def chosen(self, isolation: Isolation) -> Way:
        """Raises Unplaceable where it does not work here."""
        if isolation is Isolation.NONE:
            return self._none
        if self._sandbox is None:
            self._sandbox = await asyncio.to_thread(self._found)
        match self._sandbox:
            case Sandbox() as sandbox:
                return sandbox
            case NoSandboxError() as missing if isolation is Isolation.SANDBOX:
                raise Unplaceable(missing.message, hint=missing.hint)
            case missing:
                return self._none

    def _found(self) -> Sandbox | NoSandboxError:
        try:
            return find_sandbox(self.worlds, self._hidden)
        except NoSandboxError as missing:
            _logger.warning("models run without a sandbox where that is left to Headway: %s", missing)
            return missing
