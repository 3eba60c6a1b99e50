"""Keeps the routing table that was published last, and with it the version that never falls."""

import dataclasses
import logging
import os
import time
from pathlib import Path

from headway.gateway.table import InvalidTableError, RoutingTable

_logger = logging.getLogger(__name__)


class TableStore:
    """`table` is what was stored last, by this control or an earlier one; `text` the same as JSON."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self.table = RoutingTable(version=0)
        self.text = self.table.to_json()
        try:
            self.table = RoutingTable.from_json(path.read_bytes())
            self.text = self.table.to_json()
        except FileNotFoundError:
            pass
        except InvalidTableError as error:
            _logger.warning("the stored routing table cannot be used: %s", error)

    def store(self, table: RoutingTable) -> RoutingTable:
        """`table` under the next version, which is on disk before anybody is told of it.

        Versions are milliseconds of the wall clock, or one more than the last: so they rise though the file is
        lost, and though the clock is set back.
        """
        version = max(self.table.version + 1, int(time.time() * 1000))
        self.table = dataclasses.replace(table, version=version)
        self.text = self.table.to_json()
        unfinished = self._path.with_suffix(".new")
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(self.text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)
        return self.table
