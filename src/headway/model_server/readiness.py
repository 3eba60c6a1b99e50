"""Says that this replica is ready to whoever started it, once, on the descriptor that it was given for that.

It is no more than a hint: a replica that was given none, or whose model has closed it, is found ready when it is asked.
"""

import contextlib
import os
from collections.abc import MutableMapping

from headway.core.wire import READY_DESCRIPTOR


class Readiness:
    """Made before any code of the model runs."""

    def __init__(self, environment: MutableMapping[str, str]) -> None:
        """Takes the descriptor's number out of `environment`: neither the model nor what it starts is to find it."""
        self._descriptor: int | None = None
        with contextlib.suppress(ValueError, OverflowError, OSError):
            descriptor = int(environment.pop(READY_DESCRIPTOR, ""))
            self._file = _file(descriptor)
            os.set_inheritable(descriptor, False)
            self._descriptor = descriptor

    def say(self) -> None:
        """Nothing happens where nobody listens, nor when it has been said."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        with contextlib.suppress(OSError):
            # A model that closes descriptors it does not know may have got the number for a file of its own.
            if _file(descriptor) == self._file:
                os.write(descriptor, b"\n")
                os.close(descriptor)


def _file(descriptor: int) -> tuple[int, int]:
    status = os.fstat(descriptor)
    return status.st_dev, status.st_ino
