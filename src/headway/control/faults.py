"""Keeps one fault from ending more than its own work: it is logged once for each kind, waited for, and tried again.

Every lasting task of control runs under `lasting`; what a task does for one of many, it does under `Faults.of`.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator

from headway.control.storage import in_words, is_of_machine
from headway.core.errors import HeadwayError
from headway.core.reconcile import back_off

_logger = logging.getLogger(__name__)

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 30.0
_STEADY_AFTER = 60.0


class Faults:
    """The faults that are present, by what they befell."""

    def __init__(self) -> None:
        self._present: dict[str, str] = {}

    def __contains__(self, what: str) -> bool:
        return what in self._present

    @contextlib.contextmanager
    def of(self, what: str) -> Iterator[None]:
        """A fault in the block ends there. `what` is done in it, as in "the table is stored"."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # whatever it is, everything else goes on
            self.note(what, error)
        else:
            self.end(what)

    def note(self, what: str, error: Exception) -> None:
        """Log it, unless that was done since it began."""
        told = in_words(error)
        if self._present.get(what) == told:
            return
        self._present[what] = told
        is_known = isinstance(error, HeadwayError) or is_of_machine(error)
        _logger.error("not done, and tried again: %s: %s", what, told, exc_info=None if is_known else error)

    def end(self, what: str) -> None:
        if self._present.pop(what, None) is not None:
            _logger.info("done again: %s", what)

    def forget(self, what: str) -> None:
        self._present.pop(what, None)


async def lasting(what: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` until it ends by itself or this is cancelled: when a fault ends it, begin it anew, later and later."""
    faults, failures = Faults(), 0
    while True:
        began_at = time.monotonic()
        try:
            await work()
        except Exception as error:  # noqa: BLE001  # as above
            if time.monotonic() - began_at >= _STEADY_AFTER:
                failures = 0
                faults.forget(what)
            failures += 1
            faults.note(what, error)
            await asyncio.sleep(back_off(failures, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE))
        else:
            return
