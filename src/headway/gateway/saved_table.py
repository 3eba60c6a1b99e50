"""Keeps on disk the routing table that is in force, for the gateway that comes after this one.

What cannot be written is written when that can be; an older table stays meanwhile, unless its keys hold no more.
"""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path

from headway.gateway.table import InvalidTableError, RoutingTable

_log = logging.getLogger(__name__)

_AGAIN_AFTER = 2.0


class SavedTable:
    """`path` None: nothing is kept."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._unsaved = ""
        self._saved_keys: Mapping[str, object] | None = None
        """Of the table on disk; None when that is not known."""
        self._keys: Mapping[str, object] = {}
        self._again: asyncio.TimerHandle | None = None

    def read(self) -> RoutingTable | None:
        """The table that was in force when a gateway last ran here, if there is one."""
        if self._path is None:
            return None
        try:
            table = RoutingTable.from_json(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, InvalidTableError) as error:
            _log.warning("the saved routing table cannot be used: %s", error)
            return None
        self._saved_keys = table.keys
        return table

    def save(self, table: RoutingTable, text: str) -> None:
        """`table`, which is `text` as JSON, is in force now."""
        self._unsaved, self._keys = text, table.keys
        self._write()

    def close(self) -> None:
        if self._again is not None:
            self._again.cancel()

    def _write(self) -> None:
        if self._path is None:
            return
        is_news = self._again is None
        self.close()
        self._again = None
        unfinished = self._path.with_suffix(".new")
        try:
            unfinished.write_text(self._unsaved)
            unfinished.replace(self._path)
        except OSError as error:
            if is_news:
                _log.warning("the routing table cannot be saved, which is tried again: %s", error)
            with contextlib.suppress(OSError):
                unfinished.unlink(missing_ok=True)
                if self._saved_keys != self._keys:  # a deleted key must not come back with a restart
                    self._path.unlink(missing_ok=True)
            self._again = asyncio.get_running_loop().call_later(_AGAIN_AFTER, self._write)
            return
        if not is_news:
            _log.info("the routing table is saved again")
        self._saved_keys = self._keys
