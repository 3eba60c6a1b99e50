"""What is known of a model so far: all that was measured, what of it can be compared, and the best of that."""

import math
from dataclasses import dataclass

from headway.planner.tuning.goal import NEGLIGIBLE, Goal, Objective
from headway.planner.tuning.measurements import Measurement, Point
from headway.planner.tuning.warmth import Warmth

_CLEARLY_LESS = 0.95
_SPARE = 1.1
"""CT beyond Little's law, so that one request mostly waits at the gate when a place there becomes free."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest numbers that are tried."""

    predict_concurrency: int = 16
    concurrency_target: int = 512


class Findings:
    """Grows by `note`; everything else asks."""

    def __init__(self, goal: Goal, bounds: Bounds | None = None) -> None:
        self.goal = goal
        self.bounds = bounds or Bounds()
        self.measured: list[Measurement] = []
        self.skipped: dict[int, str] = {}
        """Predict concurrencies that were not tried, and why."""
        self.warmth = Warmth()

    def note(self, measured: Measurement) -> None:
        self.measured.append(measured)
        self.warmth.note(measured)

    @property
    def alone(self) -> Measurement | None:
        """The measurement with one client, which shows the stages without any waiting."""
        return self.closed(Point(1, 1))

    @property
    def compared(self) -> list[Measurement]:
        """The closed-loop measurements of warm replicas, the last one of each point."""
        closed = [one for one in self.measured if one.step.rate is None]
        warm = [one for one in closed if not self.warmth.is_cold(one)]
        return list({one.point: one for one in warm or closed}.values())

    @property
    def unseen(self) -> list[int]:
        """The predict concurrencies within the bounds that have no measurement."""
        seen = {one.point.predict_concurrency for one in self.measured}
        return [pc for pc in range(1, self.bounds.predict_concurrency + 1) if pc not in seen]

    @property
    def dips(self) -> list[int]:
        """The predict concurrencies that do clearly less than those measured next below and above."""
        by_pc = self.by_pc
        known = sorted(by_pc)
        return [
            pc
            for below, pc, above in zip(known, known[1:], known[2:], strict=False)
            if by_pc[pc].throughput_interval[1]
            < _CLEARLY_LESS * min(by_pc[one].throughput_interval[0] for one in (below, above))
        ]

    @property
    def choice(self) -> Measurement | None:
        """The closed-loop measurement of the best point known so far; None if none meets the goal."""
        sustained = self.sustained
        if self.goal.objective is Objective.COST and sustained is not None:
            return self.closed(sustained.point)
        return self.goal.best(self.compared)

    @property
    def sustained(self) -> Measurement | None:
        """The highest load with random arrivals that kept the limits, its queue counted."""
        kept = [one for one in self.measured if one.step.rate is not None and self.goal.is_met(one)]
        return max(kept, key=lambda one: one.step.rate or 0.0, default=None)

    def little(self, predict_concurrency: int) -> int:
        """CT about PC x (time in the replica / time in predict), from the stage times seen at the PCs next to it.

        Of the two the larger ratio counts: a CT too large costs latency, which is looked at later, one too small
        hides what a PC can do.
        """
        seen = {
            one.point.predict_concurrency: one.stages.slot_per_predict
            for one in self.compared
            if one.stages is not None
        }
        below = max((pc for pc in seen if pc <= predict_concurrency), default=0)
        above = min((pc for pc in seen if pc > predict_concurrency), default=0)
        ratio = max(seen.get(below, 1.0), seen.get(above, 1.0))
        target = math.ceil(round(predict_concurrency * ratio * _SPARE, 6))
        return max(predict_concurrency, min(target, self.bounds.concurrency_target))

    def times_measured(self, point: Point) -> int:
        return sum(one.point == point and one.step.rate is None for one in self.measured)

    def closed(self, point: Point) -> Measurement | None:
        return next((one for one in self.compared if one.point == point), None)

    def best_so_far(self) -> float:
        return max(
            (one.throughput_interval[0] for one in self.compared if self.goal.is_met(one)), default=0.0
        )

    @property
    def by_pc(self) -> dict[int, Measurement]:
        """The best of each PC."""
        best: dict[int, Measurement] = {}
        for one in self.compared:
            pc = one.point.predict_concurrency
            if pc not in best or self._beats(one, best[pc]):
                best[pc] = one
        return best

    def best_pc(self) -> int | None:
        best = self.goal.best(self.by_pc.values())
        return None if best is None else best.point.predict_concurrency

    def predicted_memory(self, pc: int) -> float:
        """By the line through the two nearest PCs below; 0 where that is not known."""
        known = [(one.point.predict_concurrency, one.memory_bytes) for one in self.by_pc.values()]
        below = sorted((place, size) for place, size in known if size and place < pc)[-2:]
        if len(below) < 2:  # noqa: PLR2004
            return 0.0
        (first, low), (second, high) = below
        return high + (high - low) / (second - first) * (pc - second)

    def _improves(self, pc: int, other: int) -> bool:
        return pc in self.by_pc and self._beats(self.by_pc[pc], self.by_pc[other])

    def _beats(self, one: Measurement, other: Measurement) -> bool:
        """Whether it does clearly more, or is the one of them that can be used at all."""
        useful, other_useful = self.goal.is_met(one), self.goal.is_met(other)
        if useful and other_useful:
            return one.throughput > (1 + NEGLIGIBLE) * other.throughput
        if not useful and not other_useful:  # more of what is too late: keep what is nearer to its limits
            return False
        return useful
