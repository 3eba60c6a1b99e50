"""What comes: requests with their instants and service times, made by a rule or taken from records."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.durations import Constant, Durations

DAY = 86_400.0


class Request:
    """One request: when it comes, what its stages take, and how far it has come. Seconds."""

    __slots__ = (
        "after",
        "arrived_at",
        "before",
        "dispatched_at",
        "entered_at",
        "gate_at",
        "is_cold",
        "is_over",
        "over_at",
        "predict",
        "predicted_at",
        "replica_id",
    )

    def __init__(self, arrived_at: float, before: float, predict: float, after: float) -> None:
        self.arrived_at = arrived_at
        self.before = before
        """On the replica, before it asks for a place in predict."""
        self.predict = predict
        self.after = after
        """On the replica after predict: postprocess, and sending the answer."""
        self.is_cold = False
        """No replica was ready when it came."""
        self.is_over = False
        """Its client has its answer, of whatever kind, though the work may go on."""
        self.replica_id = ""
        self.dispatched_at = self.gate_at = self.entered_at = self.predicted_at = self.over_at = 0.0


class Arrivals(Protocol):
    """When requests come."""

    def instants(self, random: Random) -> Iterator[float]:
        """Rising; they may end."""


@dataclass(frozen=True, slots=True)
class Steady:
    """One every 1/rate seconds."""

    rate: float

    def __post_init__(self) -> None:
        _require_rate(self.rate)

    def instants(self, _: Random) -> Iterator[float]:
        number, gap = 0, 1 / self.rate
        while True:
            yield number * gap
            number += 1


@dataclass(frozen=True, slots=True)
class Poisson:
    """Independent of each other, `rate` a second on average."""

    rate: float

    def __post_init__(self) -> None:
        _require_rate(self.rate)

    def instants(self, random: Random) -> Iterator[float]:
        at, rate, gap = 0.0, self.rate, random.expovariate
        while True:
            at += gap(rate)
            yield at


@dataclass(frozen=True, slots=True)
class Bursts:
    """Poisson at `rate`, but at `peak` for `lasts` seconds out of every `every`, which is when the first one comes."""

    rate: float
    peak: float
    every: float = 600.0
    lasts: float = 30.0

    def __post_init__(self) -> None:
        _require_rate(self.rate)
        if not self.rate <= self.peak < math.inf or not 0 < self.lasts < self.every < math.inf:
            raise InvalidScenarioError(
                f"a burst of {self.peak:g} a second for {self.lasts:g} s every {self.every:g} s is none",
                hint="peak is not below rate, and lasts is shorter than every",
            )

    def instants(self, random: Random) -> Iterator[float]:
        return _thinned(self._rate_at, self.peak, random)

    def _rate_at(self, at: float) -> float:
        return self.peak if at >= self.every and at % self.every < self.lasts else self.rate


@dataclass(frozen=True, slots=True)
class DayCurve:
    """Poisson around `rate` as a day goes: from `trough` times the rate at its begin to as much above it at noon."""

    rate: float
    trough: float = 0.2
    day: float = DAY

    def __post_init__(self) -> None:
        _require_rate(self.rate)
        if not 0 <= self.trough <= 1:
            raise InvalidScenarioError(
                f"a trough of {self.trough:g} is no share of the mean rate", hint="it lies in 0..1"
            )
        if not 1 <= self.day < math.inf:
            raise InvalidScenarioError(f"a day of {self.day:g} s is none", hint="it is a second or more")

    def instants(self, random: Random) -> Iterator[float]:
        return _thinned(self._rate_at, self.rate * (2 - self.trough), random)

    def _rate_at(self, at: float) -> float:
        return self.rate * (1 - (1 - self.trough) * math.cos(2 * math.pi * at / self.day))


StageTimes = tuple[float, float, float]
"""Seconds of preprocess, of predict, and from there to the end."""


class Service(Protocol):
    """How long requests take on a replica."""

    def draws(self, seed: int) -> Callable[[], StageTimes]:
        """The next request's."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Each stage by itself."""

    predict: Durations
    preprocess: Durations = field(default_factory=Constant)
    postprocess: Durations = field(default_factory=Constant)

    def draws(self, seed: int) -> Callable[[], StageTimes]:
        before, predict, after = (
            durations.draws(Random(f"{seed} {stage}"))
            for stage, durations in (
                ("preprocess", self.preprocess),
                ("predict", self.predict),
                ("postprocess", self.postprocess),
            )
        )
        return lambda: (before(), predict(), after())


@dataclass(frozen=True, slots=True)
class SeenStages:
    """What one of the requests that were seen took."""

    times: Sequence[StageTimes]

    def draws(self, seed: int) -> Callable[[], StageTimes]:
        times, draw, count = self.times, Random(f"{seed} service").random, len(self.times)
        return lambda: times[int(draw() * count)]


class Traffic(Protocol):
    """What comes, in order. Two with the same seed are the same, whatever settings they meet."""

    def requests(self, seed: int, duration: float) -> Iterator[Request]:
        """Those that arrive within `duration` seconds."""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """Made by rules. Instants and service times are drawn apart, so that changing one leaves the other as it was."""

    arrivals: Arrivals
    service: Service

    def requests(self, seed: int, duration: float) -> Iterator[Request]:
        service = self.service.draws(seed)
        for at in self.arrivals.instants(Random(f"{seed} arrivals")):
            if at >= duration:
                return
            yield Request(at, *service())


Row = tuple[float, float, float, float]
"""Seconds since the begin, and of preprocess, predict, and all after it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """As they came, with the times that they took."""

    rows: Sequence[Row]
    """By arrival."""

    def requests(self, _: int, duration: float) -> Iterator[Request]:
        for row in self.rows:
            if row[0] >= duration:
                return
            yield Request(*row)


def _thinned(rate_at: Callable[[float], float], highest: float, random: Random) -> Iterator[float]:
    """A Poisson process whose rate changes (Lewis and Shedler, 1979): of a faster one each stays with its share."""
    at, gap, draw = 0.0, random.expovariate, random.random
    while True:
        at += gap(highest)
        if draw() * highest < rate_at(at):
            yield at


def _require_rate(rate: float) -> None:
    if not 0 < rate < math.inf or 1 / rate == math.inf:
        raise InvalidScenarioError(
            f"{rate:g} requests a second is no rate", hint="it is above 0, finite, and not next to 0"
        )
