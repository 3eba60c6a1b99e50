"""Gathers the requests of one running step and says when they have shown enough."""

import math
from bisect import insort
from collections import defaultdict
from dataclasses import dataclass

from headway.planner.tuning.confidence import mean_interval, quantile, quantile_interval
from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Measurement, StageTimes, Step

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


@dataclass(frozen=True, slots=True)
class StepRules:
    """How long a step may and must take, in seconds and requests, and how sure it has to be."""

    relative_error: float = 0.03
    """Half of the throughput's interval at 95% confidence, as a share of it."""
    fewest_requests: int = 60
    shortest: float = 0.5
    longest: float = 15.0


class Samples:
    """The requests of one step from the end of the warm-up on. `now` and `at` are on one clock."""

    def __init__(self, step: Step, goal: Goal, rules: StepRules, began: float) -> None:
        self._step = step
        self._goal = goal
        self._rules = rules
        self._began = began
        self._ends: list[float] = []
        self._latencies: list[float] = []
        self._stages: defaultdict[str, float] = defaultdict(float)
        self._failed = 0
        self._looks_at = began
        self._fewest = max(rules.fewest_requests, _ROUNDS * step.point.concurrency_target)

    def add(self, at: float, latency: float, stages: dict[str, float]) -> None:
        """A request succeeded. `stages` has seconds by the names of Server-Timing."""
        self._ends.append(at)
        insort(self._latencies, latency)
        for name, seconds in stages.items():
            self._stages[name] += seconds

    def add_failure(self) -> None:
        self._failed += 1

    def verdict(self, now: float) -> str | None:
        """None while the step must go on, "" when it has shown enough, else why it need not."""
        elapsed, rules = now - self._began, self._rules
        if now < self._looks_at and elapsed < rules.longest:
            return None
        self._looks_at = now + _LOOKS_EVERY * elapsed
        if elapsed >= rules.longest:
            return self._at_the_end()
        if self._failed >= _FAILURES_SAY_ENOUGH and self._failed > len(self._ends):
            return "too many requests fail"
        if elapsed < rules.shortest or len(self._ends) < self._fewest / 2:
            return None
        low, high = self.throughput_interval(now)
        is_sure = high - low <= 2 * rules.relative_error * self.throughput(now)
        is_enough = is_sure and len(self._ends) >= self._fewest
        return self._hopeless(high) or ("" if is_enough else None)

    def _hopeless(self, most: float) -> str:
        """Why going on would change nothing, if so. `most` is the top of the throughput's interval."""
        if self._step.rate is None and most < _HOPELESS * self._step.best_so_far:
            return "clearly slower than the best"
        return "clearly later than asked" if self._is_late_beyond_doubt() else ""

    def throughput(self, now: float) -> float:
        return len(self._ends) / max(1e-9, now - self._began)

    def throughput_interval(self, now: float) -> tuple[float, float]:
        """By the means of batches: neighbouring requests depend on each other, long stretches hardly."""
        length = (now - self._began) / BATCHES
        if length <= 0:
            return 0.0, math.inf
        counts = [0] * BATCHES
        for at in self._ends:
            counts[min(BATCHES - 1, int((at - self._began) / length))] += 1
        low, high = mean_interval([count / length for count in counts])
        one_request = 1 / (now - self._began)  # just before or after the end: no less is ever known
        return max(0.0, low - one_request), high + one_request

    def measurement(self, now: float, *, stopped: str = "", died: str = "") -> Measurement:
        count = len(self._latencies)
        return Measurement(
            step=self._step,
            throughput=self.throughput(now),
            throughput_interval=self.throughput_interval(now),
            percentiles={one: quantile(self._latencies, one / 100) for one in self._goal.percentiles},
            percentile_intervals={
                one: quantile_interval(self._latencies, one / 100) for one in self._goal.percentiles
            },
            stages=self._stage_times(count) if count else None,
            requests=count,
            failed=self._failed,
            seconds=now - self._began,
            stopped=stopped,
            died=died,
        )

    def _at_the_end(self) -> str:
        is_enough = len(self._ends) >= self._rules.fewest_requests / 2
        return "" if is_enough else "the longest time for a step is over"

    def _is_late_beyond_doubt(self) -> bool:
        return any(
            quantile_interval(self._latencies, one.percent / 100)[0] > _LATE_BY * one.seconds
            for one in self._goal.limits
        )

    def _stage_times(self, count: int) -> StageTimes:
        pre, gate, predict, post = (self._stages[name] / count for name in ("pre", "gate", "predict", "post"))
        return StageTimes(pre, gate, predict, post, sum(self._latencies) / count)
