"""Gathers the requests of one running step and says when they have shown enough."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from headway.planner.tuning import warmth
from headway.planner.tuning.confidence import mean_interval, quantile, quantile_interval
from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Age, Measurement, StageTimes, Step, WarmUp

BATCHES = 10
"""A step's time is cut into so many equal parts, whose throughputs count as independent values."""
_HOPELESS = 0.85
"""A step ends at once when even the top of its interval stays below this share of the best."""
_FAILURES_SAY_ENOUGH = 20
_LATE_BY = 2.0
"""A step ends when a percentile is so many times too high beyond doubt."""
_ROUNDS = 5
"""What is under way at a step's ends is so small a part of it."""
_LOOKS_EVERY = 0.05
"""Of the time so far: to look takes longer the more there is."""
_FEWEST_TO_MOVE = 2 * warmth.BATCHES
"""Requests, for a change to show."""
_LONGER = 2.0
"""A step whose replica becomes faster may take so many times the longest time."""
_RECENT = 0.2
"""Of a step's time: what changed in this last part of it still moves."""


@dataclass(frozen=True, slots=True)
class StepRules:
    """How long a step may and must take, in seconds and requests, and how sure it has to be."""

    relative_error: float = 0.03
    """Half of the throughput's interval at 95% confidence, as a share of it."""
    fewest_requests: int = 60
    shortest: float = 0.5
    longest: float = 15.0
    first_look: tuple[int, float] = (120, 5.0)
    """Requests and seconds of the very first step, in which a warm-up is to show."""


class _Done(NamedTuple):
    at: float
    latency: float
    stages: dict[str, float]


class Samples:
    """The requests of one step, in the order in which they ended. `now` and `at` are on one clock.

    What lies before a change of the throughput is left out, so that no figure is half of a cold replica and half of a
    warm one.
    """

    def __init__(
        self, step: Step, goal: Goal, rules: StepRules, began: float, age: Age | None = None
    ) -> None:
        self._step, self._goal, self._rules = step, goal, rules
        self._entered = self._began = began
        self._age = age or Age()
        self._done: list[_Done] = []
        self._first = 0
        """Of `_done`, what counts begins here."""
        self._failed = 0
        self._looks_at = began
        self._until = began + rules.longest
        self._has_changed = self._is_late = False
        self._warm_up: WarmUp | None = None
        self._is_warm = step.warm_up is None or self._age.has_passed(step.warm_up)
        self._fewest = max(rules.fewest_requests, _ROUNDS * step.point.concurrency_target)

    def add(self, at: float, latency: float, stages: dict[str, float]) -> None:
        """A request succeeded. `stages` has seconds by the names of Server-Timing."""
        self._done.append(_Done(at, latency, stages))

    def add_failure(self) -> None:
        self._failed += 1

    def verdict(self, now: float) -> str | None:
        """None while the step must go on, "" when it has shown enough, else why it need not."""
        if now < self._looks_at and now < self._until:
            return None
        self._looks_at = now + _LOOKS_EVERY * (now - self._began)
        if self._failed >= _FAILURES_SAY_ENOUGH and self._failed > len(self._done):
            return "too many requests fail"
        if self._step.rate is None:
            self._leave_out_what_has_changed(now)
        self._leave_out_what_is_cold(now)
        if now >= self._until:
            return self._at_the_end(now)
        if not self._is_warm or now - self._began < self._rules.shortest or self._count < self._fewest / 2:
            return None
        low, high = self.throughput_interval(now)
        is_sure = high - low <= 2 * self._rules.relative_error * self.throughput(now)
        is_enough = is_sure and self._count >= self._fewest and self._has_looked_for_a_warm_up(now)
        return self._hopeless(high) or ("" if is_enough else None)

    @property
    def _count(self) -> int:
        return len(self._done) - self._first

    def throughput(self, now: float) -> float:
        return self._count / max(1e-9, now - self._began)

    def throughput_interval(self, now: float) -> tuple[float, float]:
        """By the means of batches: neighbouring requests depend on each other, long stretches hardly."""
        length = (now - self._began) / BATCHES
        if length <= 0:
            return 0.0, math.inf
        low, high = mean_interval([count / length for count in self._counts(now, BATCHES)])
        one_request = 1 / (now - self._began)  # just before or after the end: no less is ever known
        return max(0.0, low - one_request), high + one_request

    def measurement(self, now: float, *, stopped: str = "", died: str = "") -> Measurement:
        done = self._done[self._first :]
        latencies = sorted(one.latency for one in done)
        if self._is_late and self._warm_up is None:  # without a change that was seen, but slower all in all
            self._note_warm_up(now)
        return Measurement(
            step=self._step,
            throughput=self.throughput(now),
            throughput_interval=self.throughput_interval(now),
            percentiles={one: quantile(latencies, one / 100) for one in self._goal.percentiles},
            percentile_intervals={
                one: quantile_interval(latencies, one / 100) for one in self._goal.percentiles
            },
            stages=_stage_times(done) if done else None,
            requests=len(done),
            failed=self._failed,
            seconds=now - self._entered,
            stopped=stopped,
            died=died,
            age=self._age_at(self._began),
            warm_up=self._warm_up,
            moves=self._moves(now),
        )

    # What is left out.

    def _leave_out_what_has_changed(self, now: float) -> None:
        while self._count >= _FEWEST_TO_MOVE:
            change = warmth.change(self._counts(now, warmth.BATCHES), self._rules.relative_error)
            if change is None:
                return
            self._begin_at(self._began + change.at * (now - self._began) / warmth.BATCHES)
            self._has_changed = True
            if change.factor >= warmth.NO_WARM_UP:
                self._note_warm_up(now)
            if change.factor > 1:
                expected = self._step.warm_up
                self._is_warm = self._is_warm or bool(expected and expected.is_like(change.factor))
                self._give_time_from(self._began)

    def _leave_out_what_is_cold(self, now: float) -> None:
        """Where the replica has just got what others needed to be warm, whether it became faster or not."""
        expected, longest = self._step.warm_up, self._entered + self._rules.longest
        if not self._is_warm and expected and (self._age_at(now).has_passed(expected) or now >= longest):
            self._is_warm = self._is_late = True
            self._begin_at(now)
            self._give_time_from(now)

    def _begin_at(self, at: float) -> None:
        self._began = at
        self._first = bisect_left(self._done, at, key=lambda one: one.at)

    def _give_time_from(self, at: float) -> None:
        self._until = min(at + self._rules.longest, self._entered + _LONGER * self._rules.longest)

    def _age_at(self, at: float) -> Age:
        requests = bisect_left(self._done, at, key=lambda one: one.at)
        age = self._age
        return Age(age.replica, age.requests + requests, age.seconds + at - self._entered)

    def _note_warm_up(self, now: float) -> None:
        """What lies before the part that counts took longer, if by enough."""
        if not self._first or not self._count:
            return
        times_slower = self.throughput(now) / (self._first / (self._began - self._entered))
        if times_slower >= warmth.NO_WARM_UP:
            age = self._age_at(self._began)
            self._warm_up = WarmUp(age.requests, age.seconds, times_slower)

    def _moves(self, now: float) -> bool:
        """Whether they changed so late that what came after says little."""
        is_recent = now - self._began < _RECENT * (now - self._entered)
        return self._has_changed and (is_recent or self._count < self._fewest / 2)

    # What is enough.

    def _has_looked_for_a_warm_up(self, now: float) -> bool:
        requests, seconds = self._rules.first_look
        return not self._step.is_first or (len(self._done) >= requests and now - self._entered >= seconds)

    def _hopeless(self, most: float) -> str:
        """Why going on would change nothing, if so. `most` is the top of the throughput's interval."""
        is_slower = self._step.rate is None and most < _HOPELESS * self._step.best_so_far
        expected = self._step.warm_up  # the last of a warm-up goes unnoticed longest
        if is_slower and self._count >= max(_FEWEST_TO_MOVE, expected.requests if expected else 0):
            return "clearly slower than the best"
        return "clearly later than asked" if self._is_late_beyond_doubt() else ""

    def _at_the_end(self, now: float) -> str:
        if self._moves(now):
            return "its figures still moved when its time was up"
        is_enough = self._count >= self._rules.fewest_requests / 2
        return "" if is_enough else "the longest time for a step is over"

    def _is_late_beyond_doubt(self) -> bool:
        if not self._goal.limits:
            return False
        latencies = sorted(one.latency for one in self._done[self._first :])
        return any(
            quantile_interval(latencies, one.percent / 100)[0] > _LATE_BY * one.seconds
            for one in self._goal.limits
        )

    def _counts(self, now: float, batches: int) -> list[int]:
        """How many requests ended in each of so many equal parts of the time that counts."""
        length = (now - self._began) / batches
        counts = [0] * batches
        for one in self._done[self._first :]:
            counts[min(batches - 1, int((one.at - self._began) / length))] += 1
        return counts


def _stage_times(done: Sequence[_Done]) -> StageTimes:
    pre, gate, predict, post = (
        sum(one.stages.get(name, 0.0) for one in done) / len(done)
        for name in ("pre", "gate", "predict", "post")
    )
    return StageTimes(pre, gate, predict, post, sum(one.latency for one in done) / len(done))
