"""How one deployment has fared over the last day, in buckets of time: pure, told the time.

The same is kept at several resolutions, so that a chart of any range has at most TIERS' number of points and memory is
bounded. A bucket that is over keeps a few numbers. Everything counts in the bucket that is open when it is told.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self

from headway.observed.sketch import Sketch

TIERS = ((5, 360), (30, 360), (240, 360))
"""Seconds of a bucket, and how many are kept: half an hour, three hours, a day."""
RECENT_BUCKETS = 6
"""Of the first tier, that tell the present rate and latency: half a minute."""
SPARK_POINTS = 30
_SPARK_SECONDS = 10
CHARTED = (0.5, 0.9, 0.95, 0.99)
"""The quantiles of a bucket that is over."""
TOTAL = "total"


_CELLS = Sketch()
_NONE: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class State:
    """What a deployment is at an instant; `queued` and `in_flight` may be means since the last one."""

    queued: float
    in_flight: float
    capacity: int
    desired: int
    ready: int


Quantiles = Sequence[float | None]
SIZES = ("request_bytes", "response_bytes")


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
    stages: Mapping[str, Quantiles] = field(default_factory=dict)
    """CHARTED in seconds by stage, `total` and `first_byte` among them."""
    sizes: Mapping[str, Quantiles] = field(default_factory=dict)
    """CHARTED in bytes, by SIZES."""
    errors: Mapping[str, int] = field(default_factory=dict)
    """How many requests ended, by kind of error."""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Buckets that a former version stored have no p90, and neither sizes nor errors."""
        stages = {
            stage: its if len(its) == len(CHARTED) else [its[0], None, *its[1:]]
            for stage, its in content["stages"].items()
        }
        return cls(**{**content, "stages": stages})


class _Bucket:
    """One that is open."""

    __slots__ = (
        "at",
        "ends",
        "errors",
        "in_flight_seconds",
        "queued_seconds",
        "seconds",
        "sketches",
        "state",
    )

    def __init__(self, at: float) -> None:
        self.at = at
        self.state: State | None = None
        self.seconds = self.queued_seconds = self.in_flight_seconds = 0.0
        self.ends: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.sketches: dict[str, Sketch] = {}

    def note(self, state: State, seconds: float) -> None:
        self.state = state
        self.seconds += seconds
        self.queued_seconds += state.queued * seconds
        self.in_flight_seconds += state.in_flight * seconds

    def observe(self, cells: Mapping[str, int]) -> None:
        for name, cell in cells.items():
            sketch = self.sketches.get(name)
            if sketch is None:
                sketch = self.sketches[name] = Sketch()
            sketch.note(cell)

    def point(self) -> Point:
        found = {name: [_short(one) for one in its.quantiles(CHARTED)] for name, its in self.sketches.items()}
        sizes = {name: [float(round(one)) for one in found.pop(name)] for name in SIZES if name in found}
        told = Point(self.at, ends=dict(self.ends), stages=found, sizes=sizes, errors=dict(self.errors))
        state, seconds = self.state, self.seconds
        if state is None:
            return told
        queued, in_flight = state.queued, state.in_flight
        if seconds:
            queued, in_flight = self.queued_seconds / seconds, self.in_flight_seconds / seconds
        return replace(
            told,
            queued=round(queued, 3),
            in_flight=round(in_flight, 3),
            capacity=state.capacity,
            desired=state.desired,
            ready=state.ready,
        )


def _short(value: float) -> float:
    """Four digits: a sketch knows no more, and there are many to store."""
    return float(f"{value:.4g}")


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

    @property
    def oldest(self) -> float:
        """The begin of the first bucket; never, where there is none."""
        first = self.points[0] if self.points else self.open
        return math.inf if first is None else first.at

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

    def count(self, ends: Mapping[str, int], now: float, errors: Mapping[str, int] = _NONE) -> None:
        """So many requests ended, by class of status, and of them by kind of error."""
        for bucket in self._buckets(now):
            bucket.ends.update(ends)
            bucket.errors.update(errors)

    def observe(self, values: Mapping[str, float], now: float) -> None:
        """What was measured of one request: seconds in all, until the first byte and by stage, and SIZES."""
        cells = {name: _CELLS.cell(value) for name, value in values.items()}
        for bucket in self._buckets(now):
            bucket.observe(cells)

    def points(self, seconds: float, now: float) -> tuple[int, list[Point]]:
        """The last so many seconds in the finest buckets that reach so far: their length, and the buckets. Of a former
        life only coarser ones may be left.
        """
        tiers = zip(self._tiers, TIERS, strict=True)
        reaching = [one for one, (step, kept) in tiers if seconds <= step * kept] or self._tiers[-1:]
        begin = now - seconds
        chosen = reaching[0]
        for one in reaching[1:]:
            if max(begin, one.oldest) + one.step < chosen.oldest:
                chosen = one
        return chosen.step, chosen.since(begin)

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
                self._totals.append((closed.at, closed.sketches.get(TOTAL) or Sketch()))
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
