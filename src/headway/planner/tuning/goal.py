"""What is asked for: an objective, latencies to keep, the memory there is; and which measurement serves it best."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from headway.planner.errors import InvalidGoalError
from headway.planner.tuning.measurements import Measurement

FORGIVEN_FAILURES = 0.01
"""The share of failed requests above which a point is of no use."""
NEGLIGIBLE = 0.02
"""Throughputs that differ by no more count as equal: then the smaller numbers win."""
LATENCY_KEEPS = 0.8
"""With the objective `latency`, the share of the best throughput that a choice must reach."""
STANDARD_PERCENTILES = (50, 95, 99)
_ENTRY = re.compile(r"p(\d{1,2})\s*=\s*(\d+(?:\.\d+)?)\s*(ms|s)")
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*(k|m|g|t)?i?b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SECONDS = {"ms": 0.001, "s": 1.0}


class Objective(Enum):
    THROUGHPUT = "throughput"
    """The most requests per second of a full replica."""
    LATENCY = "latency"
    """The lowest p95 of a full replica that still does LATENCY_KEEPS of the best throughput."""
    COST = "cost"
    """The fewest replica-seconds per request when requests arrive at random and queueing counts as latency."""


@dataclass(frozen=True, slots=True)
class LatencyLimit:
    """At most `seconds` for `percent` of a hundred requests."""

    percent: int
    seconds: float

    def __str__(self) -> str:
        return f"p{self.percent} {self.seconds * 1000:g} ms"


@dataclass(frozen=True, slots=True)
class Goal:
    objective: Objective = Objective.THROUGHPUT
    limits: tuple[LatencyLimit, ...] = ()
    memory_bytes: int | None = None

    @property
    def percentiles(self) -> tuple[int, ...]:
        return tuple(sorted({*STANDARD_PERCENTILES, *(limit.percent for limit in self.limits)}))

    def objections(self, measured: Measurement) -> tuple[str, ...]:
        """Why the measured point is of no use; none if it is."""
        found = []
        if measured.died:
            found.append(f"the replica died: {measured.died}")
        elif not measured.requests:
            found.append("no request succeeded")
        if measured.failed_share > FORGIVEN_FAILURES:
            found.append(f"{measured.failed_share:.0%} of the requests failed")
        if self.memory_bytes and (measured.memory_bytes or 0) > self.memory_bytes:
            found.append(
                f"{in_bytes(measured.memory_bytes or 0)} of memory, more than {in_bytes(self.memory_bytes)}"
            )
        found.extend(self.missed(measured))
        return tuple(found)

    def missed(self, measured: Measurement) -> tuple[str, ...]:
        """The latency limits that it does not keep."""
        return tuple(
            f"p{one.percent} {measured.percentiles[one.percent] * 1000:.0f} ms, more than {one.seconds * 1000:g} ms"
            for one in self.limits
            if measured.percentiles.get(one.percent, 0.0) > one.seconds
        )

    def is_met(self, measured: Measurement) -> bool:
        return not self.objections(measured)

    def best(self, measured: Iterable[Measurement]) -> Measurement | None:
        """The closed-loop measurement that serves the goal best, among those that meet its limits."""
        useful = [one for one in measured if one.step.rate is None and self.is_met(one)]
        if not useful:
            return None
        most = max(one.throughput for one in useful)
        if self.objective is Objective.LATENCY:
            enough = [one for one in useful if one.throughput >= LATENCY_KEEPS * most]
            return min(enough, key=lambda one: (one.percentiles[95], one.point))
        enough = [one for one in useful if one.throughput >= (1 - NEGLIGIBLE) * most]
        return min(enough, key=lambda one: one.point)


def parse_limits(text: str) -> tuple[LatencyLimit, ...]:
    """`p95=500ms,p99=1s`. Raises InvalidGoalError."""
    limits: dict[int, LatencyLimit] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        entry = _ENTRY.fullmatch(part)
        if entry is None:
            raise InvalidGoalError(
                f"{part!r} is no latency to keep", hint="say it as in p95=500ms or p95=500ms,p99=1s"
            )
        percent, seconds = int(entry[1]), float(entry[2]) * _SECONDS[entry[3]]
        if percent < 1 or not seconds:
            raise InvalidGoalError(
                f"{part!r} can never be kept", hint="the percentile and the time are above zero"
            )
        if percent in limits:
            raise InvalidGoalError(f"p{percent} is said twice", hint="keep one of them")
        limits[percent] = LatencyLimit(percent, seconds)
    if not limits:
        raise InvalidGoalError("--slo says nothing", hint="say it as in p95=500ms")
    return tuple(limits.values())


def parse_bytes(text: str) -> int:
    """`800MB`, `2G`, `1.5GiB`: powers of 1024. Raises InvalidGoalError."""
    amount = _AMOUNT.fullmatch(text.strip())
    size = int(float(amount[1]) * 1024 ** _POWERS[(amount[2] or "").lower()]) if amount else 0
    if not size:
        raise InvalidGoalError(f"{text!r} is no amount of memory", hint="say it as in 800M or 2G")
    return size


def in_bytes(size: int) -> str:
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 else f"{size / 2**20:.0f} MiB"
