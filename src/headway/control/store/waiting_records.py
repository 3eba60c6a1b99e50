"""Holds the records of requests that wait to be stored, up to a bound: beyond it the oldest go."""

import logging
from collections import deque
from collections.abc import Sequence

from headway.observed.records import RequestRecord

_logger = logging.getLogger(__name__)

_MOST_WAITING = 20_000
"""As many as one gateway tells in forty seconds."""


class WaitingRecords:
    """In the order of their coming."""

    def __init__(self, most: int = _MOST_WAITING) -> None:
        self._records: deque[RequestRecord] = deque(maxlen=most)
        self._most = most
        self.lost = 0
        """How many went unstored since `stored` was said last."""

    def add(self, records: Sequence[RequestRecord]) -> None:
        self._count_lost(len(records))
        self._records.extend(records)

    def take(self) -> list[RequestRecord]:
        """All of them, to be stored now."""
        taken = list(self._records)
        self._records.clear()
        return taken

    def give_back(self, records: Sequence[RequestRecord]) -> None:
        """They could not be stored; those that came meanwhile are newer."""
        newer = list(self._records)
        self._records.clear()
        self._records.extend(records)
        self.add(newer)

    def stored(self) -> None:
        """The store has taken what was taken."""
        if self.lost:
            _logger.warning("requests are recorded again; of %d there is no stored record", self.lost)
        self.lost = 0

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone."""
        left = [one for one in self._records if one.deployment_id != deployment_id]
        self._records.clear()
        self._records.extend(left)

    def _count_lost(self, coming: int) -> None:
        surplus = max(0, len(self._records) + coming - self._most)
        if surplus and not self.lost:
            _logger.warning("the database does not keep up: the oldest records of requests go unstored")
        self.lost += surplus
