"""Whether figures still move, and which measurements are of replicas that had not warmed up yet."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from headway.planner.tuning.measurements import Age, Measurement, WarmUp

MOVES_CONFIDENCE = 0.99
BATCHES = 20
"""Equal parts of a step's time, whose counts of requests are looked at for a change."""
_FEWEST = 3
"""Batches on each side of a change: a single hiccup is none."""
_BEYOND_CHANCE = 4.6
"""Student's t of the best of all cuts through 20 batches, which 99% of steady steps stay below (simulated, with
lognormal times of sigma 1; with exponential ones it is 4.0)."""
NO_WARM_UP = 1.15
"""Times slower: less is not worth a name."""
_FAR = 1.5
_ENOUGH = 2
"""Replicas that did not become faster, against one that did."""
_ROUNDING = 0.5
"""Counts are whole numbers: that they all agree does not make them exact."""


@dataclass(frozen=True, slots=True)
class Change:
    """From batch `at` on there are `factor` times as many requests in a batch as before."""

    at: int
    factor: float


def change(counts: Sequence[int], negligible: float) -> Change | None:
    """The clearest change of the mean within successive counts, if it is no chance and no negligible share."""
    total, squares = sum(counts), sum(one * one for one in counts)
    clearest, at, before = 0.0, 0, 0
    for cut, sum_before in enumerate(accumulate(counts), start=1):
        if _FEWEST <= cut <= len(counts) - _FEWEST:
            student = abs(_student(cut, sum_before, len(counts) - cut, total - sum_before, squares))
            if student > clearest:
                clearest, at, before = student, cut, sum_before
    if clearest < _BEYOND_CHANCE:
        return None
    after = (total - before) / (len(counts) - at)
    factor = after * at / before if before else math.inf
    return Change(at, factor) if abs(factor - 1) > negligible else None


def _student(count: int, total: float, other_count: int, other_total: float, squares: float) -> float:
    """The difference of two means over its standard error, with the variance of both together.

    `squares` is the sum over both.
    """
    within = squares - total * total / count - other_total * other_total / other_count
    deviation = max(_ROUNDING, math.sqrt(max(0.0, within) / (count + other_count - 2)))
    return (other_total / other_count - total / count) / (deviation * math.sqrt(1 / count + 1 / other_count))


class Warmth:
    """What is known of the model's warm-up from the steps so far.

    One replica that became faster may have been disturbed, or have filled a cache for all: the next ones show it.
    They are given as much before anything counts, and either become faster too, or contradict it.
    """

    def __init__(self) -> None:
        self.expected: WarmUp | None = None
        """For a new replica: the least that those needed which became faster, in requests and in seconds."""
        self._first_seen: WarmUp | None = None
        self.is_confirmed = False
        self._by_replica: dict[int, WarmUp] = {}
        self._contradicted_by: set[int] = set()
        self._last: Measurement | None = None
        self._steady = Age()
        """The most load that a replica had without becoming faster."""

    @property
    def found(self) -> WarmUp | None:
        """To tell of: the first one seen, unless others contradict it."""
        return self._first_seen if self.is_confirmed or self.expected else None

    def note(self, measured: Measurement) -> None:
        if measured.step.rate is not None or measured.died:
            return
        seen, replica = measured.warm_up or self._between_steps(measured), measured.age.replica
        self._last = measured
        if seen is not None and not self._is_refuted(seen):
            self._believe(seen, replica)
        elif replica not in self._by_replica and not measured.moves:
            asked = measured.step.warm_up
            if asked is not None and measured.age.has_passed(asked):
                self._contradicted_by.add(replica)
            if len(self._contradicted_by) >= _ENOUGH and not self.is_confirmed:
                self.expected = None
            age = measured.age
            had = Age(replica, age.requests + measured.requests, age.seconds + measured.seconds)
            self._steady = max(self._steady, had, key=lambda one: one.requests)

    def _between_steps(self, measured: Measurement) -> WarmUp | None:
        """What showed only from one step to the next: alone in predict, a request takes the same time at every CT."""
        last, age = self._last, measured.age
        is_same = last is not None and last.age.replica == age.replica and last.point.predict_concurrency == 1
        if last is None or not is_same or not last.stages or not measured.stages:
            return None
        times_slower = last.stages.predict / max(measured.stages.predict, 1e-9)
        if times_slower < NO_WARM_UP + last.relative_error + measured.relative_error:
            return None
        return WarmUp(age.requests, age.seconds, times_slower)

    def _is_refuted(self, seen: WarmUp) -> bool:
        """Whether a replica before had far more load without becoming faster: then places filled up, or something
        disturbed.
        """
        return self._steady.requests > _FAR * seen.requests and self._steady.seconds > _FAR * seen.seconds

    def _believe(self, seen: WarmUp, replica: int) -> None:
        if self._steady.replica == replica:
            self._steady = Age()
        self._first_seen = self._first_seen or seen
        self.is_confirmed = self.is_confirmed or bool(self._by_replica.keys() - {replica})
        self._by_replica[replica] = seen
        known = self.expected or seen
        if known.is_like(seen.times_slower):
            self.expected = WarmUp(
                min(known.requests, seen.requests),
                min(known.seconds, seen.seconds),
                max(known.times_slower, seen.times_slower),
            )

    def is_cold(self, measured: Measurement) -> bool:
        """Whether its figures are from before its replica was warm."""
        own, expected, age = self._by_replica.get(measured.age.replica), self.expected, measured.age
        if own is not None:
            return not age.has_passed(own)
        if expected is None or not self.is_confirmed:
            return False
        has_seen_it = measured.warm_up is not None and expected.is_like(measured.warm_up.times_slower)
        return not has_seen_it and not age.has_passed(expected)
