"""How one deployment has fared over the last day, in buckets of time: pure, told the time.

The same is kept at several resolutions, so that a chart of any range has at most TIERS' number of points and memory is
bounded. A bucket that is over keeps a few numbers. Everything counts in the bucket that is open when it is told.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

TIERS = ((5, 360), (30, 360), (240, 360))
"""Seconds of a bucket, and how many are kept: half an hour, three hours, a day."""
RECENT_BUCKETS = 6
"""Of the first tier, that tell the present rate and latency: half a minute."""
SPARK_POINTS = 30
_SPARK_SECONDS = 10
_STEPS_PER_E = 20
"""A sketch's cells are 5% wide unless it is told otherwise, so a quantile is right within 2.5%."""
_SHORTEST = 1e-6
"""What is shorter counts as nothing."""
QUANTILES = (0.5, 0.95, 0.99)


class Sketch:
    """Durations by their size, in cells of equal ratio: quantiles within half a cell without keeping the durations."""

    __slots__ = ("_steps", "cells", "count")

    def __init__(self, steps_per_e: int = _STEPS_PER_E) -> None:
        self._steps = steps_per_e
        self.cells: Counter[int] = Counter()
        self.count = 0

    def observe(self, seconds: float) -> None:
        self.cells[round(math.log(max(seconds, _SHORTEST)) * self._steps)] += 1
        self.count += 1

    def observe_all(self, durations: Sequence[float]) -> None:
        """The same for many, at a third of the cost."""
        log, steps = math.log, self._steps
        self.cells.update([round(log(max(_SHORTEST, one)) * steps) for one in durations])
        self.count += len(durations)

    def add(self, other: "Sketch") -> None:
        self.cells.update(other.cells)
        self.count += other.count

    def quantiles(self, of: Sequence[float] = QUANTILES) -> list[float]:
        """The durations that such shares, rising, do not exceed; empty when nothing was observed."""
        if not self.count:
            return []
        found: list[float] = []
        seen, nothing = 0, round(math.log(_SHORTEST) * self._steps)
        for cell, count in sorted(self.cells.items()):
            seen += count
            while len(found) < len(of) and seen >= of[len(found)] * self.count:
                found.append(math.exp(cell / self._steps) if cell > nothing else 0.0)
        return found


@dataclass(frozen=True, slots=True)
class State:
    """What a deployment is at an instant; `queued` and `in_flight` may be means since the last one."""

    queued: float
    in_flight: float
    capacity: int
    desired: int
    ready: int


@dataclass(frozen=True, slots=True)
class Point:
    """A bucket that is over. `queued` and `in_flight` are means, `capacity`, `desired` and `ready` the last known; None
    where nothing was told.
    """

    at: float
    """Its begin, in seconds since 1970."""
    queued: float | None = None
    in_flight: float | None = None
    capacity: int | None = None
    desired: int | None = None
    ready: int | None = None
    ends: Mapping[str, int] = field(default_factory=dict)
    """How many requests ended, by class of status."""
    stages: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """QUANTILES in seconds by stage, `total` among them."""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        return cls(**content)


class _Bucket:
    """One that is open."""

    __slots__ = ("at", "ends", "in_flight_seconds", "queued_seconds", "seconds", "stages", "state")

    def __init__(self, at: float) -> None:
        self.at = at
        self.state: State | None = None
        self.seconds = self.queued_seconds = self.in_flight_seconds = 0.0
        self.ends: Counter[str] = Counter()
        self.stages: dict[str, Sketch] = {}

    def note(self, state: State, seconds: float) -> None:
        self.state = state
        self.seconds += seconds
        self.queued_seconds += state.queued * seconds
        self.in_flight_seconds += state.in_flight * seconds

    def observe(self, stages: Mapping[str, float]) -> None:
        for stage, seconds in stages.items():
            self.stages.setdefault(stage, Sketch()).observe(seconds)

    def point(self) -> Point:
        state, seconds = self.state, self.seconds
        stages = {stage: [round(one, 6) for one in its.quantiles()] for stage, its in self.stages.items()}
        if state is None:
            return Point(self.at, ends=dict(self.ends), stages=stages)
        queued, in_flight = state.queued, state.in_flight
        if seconds:
            queued, in_flight = self.queued_seconds / seconds, self.in_flight_seconds / seconds
        return Point(
            self.at,
            round(queued, 3),
            round(in_flight, 3),
            state.capacity,
            state.desired,
            state.ready,
            dict(self.ends),
            stages,
        )


class _Tier:
    """The buckets of one length."""

    def __init__(self, step: int, kept: int) -> None:
        self.step = step
        self.points: deque[Point] = deque(maxlen=kept)
        self.open: _Bucket | None = None

    def bucket(self, now: float) -> tuple[_Bucket, _Bucket | None]:
        """The bucket that `now` is in, and the one that is over by that, if one is. A clock that goes back changes
        nothing.
        """
        at = math.floor(now / self.step) * self.step
        closed = self.open
        if closed is not None and at <= closed.at:
            return closed, None
        self.open = _Bucket(at)
        if closed is not None:
            self.points.append(closed.point())
        return self.open, closed

    def since(self, begin: float) -> list[Point]:
        """What is kept of the time from `begin` on, the open bucket last."""
        points = [one for one in self.points if one.at + self.step > begin]
        return points if self.open is None else [*points, self.open.point()]


@dataclass(frozen=True, slots=True)
class Recent:
    """The present rate and latency, from buckets that are over, and the rates of the last five minutes."""

    requests_per_second: float = 0.0
    p95_seconds: float | None = None
    sparkline: tuple[float, ...] = (0.0,) * SPARK_POINTS


class Timeline:
    """One deployment's."""

    def __init__(self) -> None:
        self._tiers = [_Tier(step, kept) for step, kept in TIERS]
        self._totals: deque[tuple[float, Sketch]] = deque(maxlen=RECENT_BUCKETS)
        self._unstored: list[tuple[int, Point]] = []
        self._noted_at: float | None = None
        self.recent = Recent()

    def note(self, state: State, now: float) -> None:
        """What it is now, which counts for the time since it was last told."""
        elapsed = 0.0 if self._noted_at is None else max(0.0, now - self._noted_at)
        self._noted_at = now
        for bucket in self._buckets(now):
            bucket.note(state, min(elapsed, 5.0))

    def count(self, ends: Mapping[str, int], now: float) -> None:
        """So many requests ended, by class of status."""
        for bucket in self._buckets(now):
            bucket.ends.update(ends)

    def observe(self, seconds: float, stages: Mapping[str, float], now: float) -> None:
        """How long one request took, in all and in its stages."""
        durations = {"total": seconds, **stages}
        for bucket in self._buckets(now):
            bucket.observe(durations)

    def points(self, seconds: float, now: float) -> tuple[int, list[Point]]:
        """The last so many seconds in the finest buckets that reach so far: their length, and the buckets."""
        tier = next(
            (one for one, (step, kept) in zip(self._tiers, TIERS, strict=True) if seconds <= step * kept),
            self._tiers[-1],
        )
        return tier.step, tier.since(now - seconds)

    def take_closed(self) -> list[tuple[int, Point]]:
        """Buckets that were over since the last time, with their length, of the tiers that are worth storing."""
        taken, self._unstored = self._unstored, []
        return taken

    def restore(self, step: int, points: Sequence[Point]) -> None:
        """Buckets of a former life, the oldest first."""
        for tier in self._tiers:
            if tier.step == step:
                tier.points.extend(points)

    def _buckets(self, now: float) -> list[_Bucket]:
        buckets = []
        for tier in self._tiers:
            bucket, closed = tier.bucket(now)
            buckets.append(bucket)
            if closed is not None and tier is not self._tiers[0]:
                self._unstored.append((tier.step, tier.points[-1]))
            elif closed is not None:
                self._totals.append((closed.at, closed.stages.get("total") or Sketch()))
                self.recent = self._recent(bucket.at)
        return buckets

    def _recent(self, now: float) -> Recent:
        step = TIERS[0][0]
        rates = [0.0] * SPARK_POINTS
        ended = 0
        for point in self._tiers[0].since(now - SPARK_POINTS * _SPARK_SECONDS)[:-1]:
            age, count = now - point.at, sum(point.ends.values())
            rates[-math.ceil(age / _SPARK_SECONDS)] += count / _SPARK_SECONDS
            if age <= step * RECENT_BUCKETS:
                ended += count
        latest = Sketch()
        for at, sketch in self._totals:
            if now - at <= step * RECENT_BUCKETS:
                latest.add(sketch)
        p95 = latest.quantiles((0.95,))
        return Recent(
            round(ended / (step * RECENT_BUCKETS), 3),
            round(p95[0], 6) if p95 else None,
            tuple(round(one, 3) for one in rates),
        )
