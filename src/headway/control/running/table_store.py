"""Keeps the routing table that was published last, and with it the version that never falls.

A table that cannot be written is in force all the same, and written when that can be: the version rises with the
clock, so what is on disk may be older for a while.
"""

import dataclasses
import logging
import time
from pathlib import Path

from headway.control.faults import Faults
from headway.control.running.replaced_file import replace
from headway.gateway.table import InvalidTableError, RoutingTable

_logger = logging.getLogger(__name__)


class TableStore:
    """`table` is what was stored last, by this control or an earlier one; `text` the same as JSON."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._faults = Faults()
        self.is_written = True
        """Whether `table` is on disk."""
        self._above = 0
        self.table = RoutingTable(version=0)
        self.text = self.table.to_json()
        try:
            self.table = RoutingTable.from_json(path.read_bytes())
            self.text = self.table.to_json()
        except FileNotFoundError:
            pass
        except (OSError, InvalidTableError) as error:
            _logger.warning("the stored routing table cannot be used: %s", error)

    def store(self, table: RoutingTable) -> RoutingTable:
        """`table` under the next version, which is on disk before anybody is told of it, if the disk takes it.

        Versions are milliseconds of the wall clock, or one more than the last: so they rise though the file is
        lost, and though the clock is set back.
        """
        version = max(self.table.version + 1, self._above, int(time.time() * 1000))
        self.table = dataclasses.replace(table, version=version)
        self.text = self.table.to_json()
        self.is_written = False
        self.write()
        return self.table

    def rise_above(self, version: int) -> None:
        """A gateway goes by that one already: the file was lost, and the clock set back."""
        self._above = version + 1

    def write(self) -> None:
        """Write what is not on disk yet."""
        if self.is_written:
            return
        with self._faults.of("the routing table is stored"):
            replace(self.path, self.text)
            self.is_written = True
