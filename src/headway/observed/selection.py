"""Chooses among records of requests by how, where, when and how fast they ended, and sums up the chosen ones: pure."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import attrgetter, itemgetter

from headway.core.stages import Stage
from headway.observed.records import FIRST_BYTE, STAGES, RequestRecord, status_class
from headway.observed.timeline import CHARTED

TIMES = ("seconds", FIRST_BYTE, *STAGES)
"""What a request took: in all, until its answer began, and in each stage."""
_MOST_COUNTED = 100
SHARES = {f"p{share * 100:g}": share for share in CHARTED}


class Order(StrEnum):
    """What records are put in order by: the newest first, or the longest, in all or a part of the time."""

    ENDED_AT = "ended_at"
    ARRIVED_AT = "arrived_at"
    SECONDS = "seconds"
    FIRST_BYTE = FIRST_BYTE
    QUEUE = Stage.QUEUE.value
    COLD_START = Stage.COLD_START.value
    PREPROCESS = Stage.PREPROCESS.value
    GATE_WAIT = Stage.GATE_WAIT.value
    PREDICT = Stage.PREDICT.value
    POSTPROCESS = Stage.POSTPROCESS.value
    SEND = Stage.SEND.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What records must be like. What is empty, or None, asks nothing; of several values one must fit.

    `statuses` are `200`, `5xx` or `none`; `stages` those that requests ended in, or took longest; `id_part` is any part
    of the id. `since` and `until` are seconds since 1970: it ended then or later, and before that.
    """

    statuses: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    replicas: frozenset[str] = frozenset()
    stages: frozenset[str] = frozenset()
    slower_than: float | None = None
    id_part: str = ""
    since: float | None = None
    until: float | None = None

    def among(self, records: Iterable[RequestRecord]) -> list[RequestRecord]:
        """Those that fit, in the order in which they come."""
        found = list(records)
        for fits in self._conditions():
            found = [one for one in found if fits(one)]
        return found

    def _conditions(self) -> list[Callable[[RequestRecord], bool]]:
        since, until, slower_than = self.since, self.until, self.slower_than
        asked: list[tuple[bool, Callable[[RequestRecord], bool]]] = [
            (since is not None, lambda one: one.ended_at >= (since or 0.0)),
            (until is not None, lambda one: one.ended_at < (until or 0.0)),
            (bool(self.statuses), self._has_status),
            (bool(self.outcomes), lambda one: one.outcome in self.outcomes),
            (bool(self.replicas), lambda one: one.replica_id in self.replicas),
            (bool(self.stages), lambda one: one.stage in self.stages),
            (slower_than is not None, lambda one: one.seconds > (slower_than or 0.0)),
            (bool(self.id_part), lambda one: self.id_part in one.request_id),
        ]
        return [fits for is_asked, fits in asked if is_asked]

    def _has_status(self, one: RequestRecord) -> bool:
        return _word(one.status) in self.statuses or status_class(one.status) in self.statuses


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of the records that fit, in which order."""

    order: Order = Order.ENDED_AT
    limit: int = 100
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Selection:
    """A page of the records that fit, and what all that fit say together."""

    records: Sequence[RequestRecord]
    matched: int
    """How many fit."""
    times: Mapping[str, Mapping[str, float]]
    """Seconds by TIMES and SHARES, where they are known."""


def select(records: Iterable[RequestRecord], wanted: Wanted, page: Page) -> Selection:
    """In the order of a stage, or of the first byte, only what has come so far fits."""
    key = _key(page.order)
    found = [(value, one) for one in wanted.among(records) if (value := key(one)) is not None]
    found.sort(key=itemgetter(0), reverse=True)
    chosen = [one for _, one in found]
    return Selection(chosen[page.offset : page.offset + page.limit], len(chosen), _times(chosen))


def counts(records: Iterable[RequestRecord]) -> dict[str, dict[str, int]]:
    """How many records there are by status, outcome and replica, the most first, and of each no more than some."""
    kept = list(records)
    statuses = Counter(one.status for one in kept)
    by: dict[str, Counter[str]] = {
        "status": Counter({_word(status): count for status, count in statuses.items()}),
        "outcome": Counter(one.outcome.value for one in kept),
        "replica": Counter(one.replica_id for one in kept if one.replica_id),
    }
    return {name: dict(found.most_common(_MOST_COUNTED)) for name, found in by.items()}


def quantile(rising: Sequence[float], share: float) -> float:
    """The least of the values that such a share of them does not exceed."""
    return rising[max(0, math.ceil(share * len(rising) - 1e-9) - 1)]


def _word(status: int) -> str:
    return str(status) if status else status_class(status)


def _key(order: Order) -> Callable[[RequestRecord], float | None]:
    if order in STAGES:
        return lambda one: one.stages.get(order.value)
    return attrgetter(order.value)


def _times(records: Sequence[RequestRecord]) -> dict[str, dict[str, float]]:
    durations: dict[str, list[float]] = {name: [] for name in TIMES}
    durations["seconds"] = [one.seconds for one in records]
    durations[FIRST_BYTE] = [first for one in records if (first := one.first_byte) is not None]
    for stage in STAGES:
        durations[stage] = [spent for one in records if (spent := one.stages.get(stage)) is not None]
    return {name: _quantiles(values) for name, values in durations.items() if values}


def _quantiles(values: list[float]) -> dict[str, float]:
    values.sort()
    return {name: quantile(values, share) for name, share in SHARES.items()}
