"""Numbers the replicas that are started: no number comes twice or falls, over all lives of control.

They are taken from blocks. A block is on disk before the first of it is used, so that the disk is written once for
many starts, and a kill costs no more than the rest of a block.
"""

import logging
import time
from pathlib import Path

from headway.control.faults import Faults
from headway.control.running.replaced_file import replace

_logger = logging.getLogger(__name__)

_BLOCK = 1000


class Generations:
    """A life of control begins behind the last block, by milliseconds of the wall clock where that is more: so numbers
    rise though the file is lost, and though the clock is set back.
    """

    def __init__(self, path: Path, above: int = 0) -> None:
        self._path = path
        self._faults = Faults()
        self._reserved = _reserved(path)
        self._last = max(self._reserved, above, int(time.time() * 1000) - 1)

    def next(self) -> int:
        """A number that no replica has had yet; its block is on disk, if the disk takes it."""
        self._last += 1
        if self._last > self._reserved:
            end = self._last + _BLOCK - 1
            with self._faults.of("numbers for replicas are reserved"):
                replace(self._path, str(end))
                self._reserved = end
        return self._last

    def rise_above(self, number: int) -> None:
        """A replica that runs has that one already: the file was lost, and the clock set back."""
        self._last = max(self._last, number)


def _reserved(path: Path) -> int:
    """The last number of the last block; 0 where that cannot be told."""
    try:
        return int(path.read_text(encoding="ascii"))
    except FileNotFoundError:
        return 0
    except (OSError, ValueError) as error:
        _logger.warning("the numbers reserved for replicas cannot be read: %s", error)
        return 0
