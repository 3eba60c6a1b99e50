"""How long something takes, time after time: always the same, spread as a lognormal, or drawn from what was seen."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from headway.planner.errors import InvalidScenarioError

Draw = Callable[[], float]
"""The next duration, in seconds."""
_Z95 = 1.6448536269514722
"""The 95th percentile of the standard normal distribution."""
_WIDEST = 1e6
"""How far p95 may lie above p50; beyond any measured spread, and what is drawn stays a number."""
_SHORTEST = 1e-6
"""Of what is fitted; what is shorter is left from subtracting others."""


@dataclass(frozen=True, slots=True)
class Constant:
    seconds: float = 0.0

    def __post_init__(self) -> None:
        _require(self.seconds >= 0 and math.isfinite(self.seconds), f"{self.seconds} s is no duration")

    @property
    def mean(self) -> float:
        return self.seconds

    def draws(self, _: Random) -> Draw:
        seconds = self.seconds
        return lambda: seconds


@dataclass(frozen=True, slots=True)
class Lognormal:
    """Half of them take up to `p50` seconds, 95 of 100 up to `p95`: the shape that service times mostly have."""

    p50: float
    p95: float

    def __post_init__(self) -> None:
        _require(
            0 < self.p50 <= self.p95 < math.inf,
            f"p50 {self.p50} s and p95 {self.p95} s contradict each other",
        )
        _require(
            self.p95 / self.p50 <= _WIDEST,
            f"p50 {self.p50} s and p95 {self.p95} s lie more than {_WIDEST:,.0f} times apart",
        )

    @property
    def mean(self) -> float:
        return self.p50 * math.exp(self._sigma**2 / 2)

    @property
    def _sigma(self) -> float:
        return math.log(self.p95 / self.p50) / _Z95

    def draws(self, random: Random) -> Draw:
        middle, sigma, draw = math.log(self.p50), self._sigma, random.lognormvariate
        return lambda: draw(middle, sigma)


@dataclass(frozen=True, slots=True)
class Seen:
    """Each of the durations that were seen is as likely as any other."""

    seconds: Sequence[float]

    def __post_init__(self) -> None:
        _require(bool(self.seconds), "there is no duration to draw from")

    @property
    def mean(self) -> float:
        return math.fsum(self.seconds) / len(self.seconds)

    def draws(self, random: Random) -> Draw:
        seconds, draw, count = self.seconds, random.random, len(self.seconds)
        return lambda: seconds[int(draw() * count)]


Durations = Constant | Lognormal | Seen


def fitted(seconds: Sequence[float]) -> Durations:
    """The lognormal with the mean and deviation that the logarithms of `seconds` have."""
    positive = [one for one in seconds if one >= _SHORTEST]
    if not positive:
        return Constant(0.0)
    logarithms = [math.log(one) for one in positive]
    middle = math.fsum(logarithms) / len(logarithms)
    variance = math.fsum((one - middle) ** 2 for one in logarithms) / len(logarithms)
    p50 = math.exp(middle)
    return Constant(p50) if variance == 0 else Lognormal(p50, p50 * math.exp(_Z95 * math.sqrt(variance)))


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise InvalidScenarioError(problem)
