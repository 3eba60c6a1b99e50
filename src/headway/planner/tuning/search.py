"""Chooses what to measure next: one client first, then PC doubled with CT after Little's law, then what lies between.

It is told each measurement and proposes the next step; who measures, and how, it does not know.
"""

import math
from collections.abc import Generator
from dataclasses import dataclass

from headway.planner.tuning.goal import NEGLIGIBLE, Goal, Objective
from headway.planner.tuning.measurements import Measurement, Point, Step

_SPARE = 1.1
"""CT beyond Little's law, so that one request mostly waits at the gate when a place there becomes free."""
_WIDER, _NARROWER = 1.5, 0.75
_MOST_WIDENINGS = 3
_DOUBT = 0.06
"""A PC below the best is tried if the curve lets it come so near to the best's throughput."""
_ARRIVING_SHARE = 0.8
"""Of the throughput of a full replica: the load under which the choice is shown with its queue."""
_COST_SHARES = (0.9, 0.8, 0.7, 0.55, 0.4)
_COST_CANDIDATES = 2

_Steps = Generator[Step, Measurement, None]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The largest numbers that are tried."""

    predict_concurrency: int = 16
    concurrency_target: int = 512


class Search:
    """`step` is what to measure next, None when enough is known; `tell` it what came out."""

    def __init__(self, goal: Goal, bounds: Bounds | None = None) -> None:
        self.goal = goal
        self.bounds = bounds or Bounds()
        self.measured: list[Measurement] = []
        self.skipped: dict[int, str] = {}
        """Predict concurrencies that were not tried, and why."""
        self._by_pc: dict[int, Measurement] = {}
        self._plan = self._steps()
        self.step: Step | None = next(self._plan)

    def tell(self, measured: Measurement) -> None:
        self.measured.append(measured)
        try:
            self.step = self._plan.send(measured)
        except StopIteration:
            self.step = None

    @property
    def alone(self) -> Measurement | None:
        """The measurement with one client, which shows the stages without any waiting."""
        return next((one for one in self.measured if one.step.rate is None), None)

    @property
    def choice(self) -> Measurement | None:
        """The closed-loop measurement of the best point known so far; None if none meets the goal."""
        sustained = self.sustained
        if self.goal.objective is Objective.COST and sustained is not None:
            return self._closed(sustained.point)
        return self.goal.best(self.measured)

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
            for one in self.measured
            if one.stages is not None and one.step.rate is None
        }
        below = max((pc for pc in seen if pc <= predict_concurrency), default=0)
        above = min((pc for pc in seen if pc > predict_concurrency), default=0)
        ratio = max(seen.get(below, 1.0), seen.get(above, 1.0))
        target = math.ceil(round(predict_concurrency * ratio * _SPARE, 6))
        return max(predict_concurrency, min(target, self.bounds.concurrency_target))

    def _steps(self) -> _Steps:
        yield from self._measure(Point(1, 1), "one client: the stages without waiting")
        if self.measured[0].died or not self.measured[0].requests:
            return
        yield from self._double()
        yield from self._refine()
        yield from self._settle_target()
        if self.goal.objective is Objective.COST and self.goal.limits:
            yield from self._find_sustained()
        elif (choice := self.choice) is not None:
            rate = _ARRIVING_SHARE * choice.throughput
            yield Step(choice.point, f"arrivals at random, {_ARRIVING_SHARE:.0%} of that throughput", rate)

    def _measure(self, point: Point, why: str) -> _Steps:
        """Measure in a closed loop, unless that is known."""
        if self._closed(point) is None:
            yield Step(point, why, best_so_far=self._best_so_far())
        measured = self._closed(point)
        if measured is not None:
            self._keep(measured)

    def _keep(self, measured: Measurement) -> None:
        pc = measured.point.predict_concurrency
        known = self._by_pc.get(pc)
        if known is None or self._beats(measured, known):
            self._by_pc[pc] = measured

    def _closed(self, point: Point) -> Measurement | None:
        return next((one for one in self.measured if one.point == point and one.step.rate is None), None)

    def _best_so_far(self) -> float:
        useful = (one for one in self.measured if one.step.rate is None and self.goal.is_met(one))
        return max((one.throughput_interval[0] for one in useful), default=0.0)

    # Which PC.

    def _double(self) -> _Steps:
        pc = 1
        yield from self._at(pc, "the first guess from Little's law")
        while pc < self.bounds.predict_concurrency:
            following = min(2 * pc, self.bounds.predict_concurrency)
            yield from self._at(following, f"does PC {following} do more than PC {pc}?")
            if not self._improves(following, pc):
                return
            pc = following

    def _refine(self) -> _Steps:
        while (pc := self._between()) is not None:
            yield from self._at(pc, "is the best between those measured?")

    def _between(self) -> int | None:
        """The next PC to try beside the best one known: above it if more can be there, then below it."""
        known = sorted({*self._by_pc, *self.skipped})
        best = self._best_pc()
        if best is None:  # nothing meets the goal: what is small comes nearest
            return None
        place = known.index(best)
        above = known[place + 1] if place + 1 < len(known) else best
        below = known[place - 1] if place else best
        top = self._by_pc[best].throughput
        return self._middle(known, range(best + 1, above), (1 + NEGLIGIBLE) * top) or self._middle(
            known, range(below + 1, best), (1 - _DOUBT) * top
        )

    def _middle(self, known: list[int], between: range, least: float) -> int | None:
        """The middle of the PCs in a gap that may do so much."""
        promising = [pc for pc in between if self._ceiling(known, pc) > least]
        return promising[len(promising) // 2] if promising else None

    def _ceiling(self, known: list[int], pc: int) -> float:
        """The most that a PC can do, by the lines through the two nearest on each side.

        Each further place adds at most what the last one did. Beyond the best the line says something only where
        the curve is flat: one that falls may do so from a peak.
        """
        below, above = [one for one in known if one < pc][-2:], [one for one in known if one > pc][:2]
        ceiling = self._extended(below[::-1], pc)
        return min(ceiling, self._extended(above, pc)) if self._is_flat(above) else ceiling

    def _is_flat(self, pair: list[int]) -> bool:
        near, *far = (self._by_pc[one].throughput if one in self._by_pc else 0.0 for one in pair or [0])
        return bool(far) and far[0] > (1 - _DOUBT) * near

    def _extended(self, nearest: list[int], pc: int) -> float:
        """The line through the two nearest PCs of one side, at `pc`; infinite where there are none that ran."""
        if len(nearest) < 2 or not all(one in self._by_pc and self._by_pc[one].throughput for one in nearest):  # noqa: PLR2004
            return math.inf
        near, far = (self._by_pc[one].throughput for one in nearest)
        return near + (near - far) / (nearest[0] - nearest[1]) * (pc - nearest[0])

    def _best_pc(self) -> int | None:
        best = self.goal.best(self._by_pc.values())
        return None if best is None else best.point.predict_concurrency

    def _at(self, pc: int, why: str) -> _Steps:
        """Measure a PC with CT after Little's law; if that is too slow, with the CT that should be in time."""
        predicted = self._predicted_memory(pc)
        if self.goal.memory_bytes and predicted > self.goal.memory_bytes:
            self.skipped[pc] = "by the memory of those before, it needs more than there is"
            return
        point = Point(pc, self.little(pc))
        yield from self._measure(point, why)
        measured = self._closed(point)
        if measured is None or measured.died or not self.goal.missed(measured):
            return
        late = max(measured.percentiles[one.percent] / one.seconds for one in self.goal.limits)
        fewer = max(pc, math.floor(point.concurrency_target / late))
        if fewer < point.concurrency_target:
            yield from self._measure(Point(pc, fewer), "fewer at once, to be in time")

    def _predicted_memory(self, pc: int) -> float:
        """By the line through the two nearest PCs below; 0 where that is not known."""
        known = [(one.point.predict_concurrency, one.memory_bytes) for one in self._by_pc.values()]
        below = sorted((place, size) for place, size in known if size and place < pc)[-2:]
        if len(below) < 2:  # noqa: PLR2004
            return 0.0
        (first, low), (second, high) = below
        return high + (high - low) / (second - first) * (pc - second)

    def _improves(self, pc: int, other: int) -> bool:
        return pc in self._by_pc and self._beats(self._by_pc[pc], self._by_pc[other])

    def _beats(self, one: Measurement, other: Measurement) -> bool:
        """Whether it does clearly more, or is the one of them that can be used at all."""
        useful, other_useful = self.goal.is_met(one), self.goal.is_met(other)
        if useful and other_useful:
            return one.throughput > (1 + NEGLIGIBLE) * other.throughput
        if not useful and not other_useful:  # more of what is too late: keep what is nearer to its limits
            return False
        return useful

    # Which CT.

    def _settle_target(self) -> _Steps:
        pc = self._best_pc()
        if pc is None:
            return
        for _ in range(_MOST_WIDENINGS):
            kept = self._by_pc[pc]
            wider = min(
                max(math.ceil(kept.point.concurrency_target * _WIDER), kept.point.concurrency_target + 1),
                self.bounds.concurrency_target,
            )
            if wider == kept.point.concurrency_target or self._would_be_late(kept, wider):
                break
            yield from self._measure(Point(pc, wider), "do more requests at once help?")
            if self._by_pc[pc] is kept:
                break
        target = self._by_pc[pc].point.concurrency_target
        narrower = max(pc, math.floor(target * _NARROWER))
        if narrower < target:
            yield from self._measure(Point(pc, narrower), "do fewer at once do as well?")

    def _would_be_late(self, measured: Measurement, target: int) -> bool:
        """A full replica's latency grows with CT, unless its throughput does."""
        growth = target / measured.point.concurrency_target
        return any(
            measured.percentiles[one.percent] * growth > one.seconds * _WIDER for one in self.goal.limits
        )

    # How much random arrival it bears.

    def _find_sustained(self) -> _Steps:
        for measured in self._candidates():
            for share in _COST_SHARES:
                rate = share * measured.throughput
                sustained = self.sustained
                if sustained is not None and rate <= (sustained.step.rate or 0.0):
                    break
                yield Step(measured.point, f"arrivals at random, {share:.0%} of its throughput", rate)
                if self.goal.is_met(self.measured[-1]):
                    break

    def _candidates(self) -> list[Measurement]:
        """The best of closed loops, each with another PC or CT."""
        useful = [one for one in self.measured if one.step.rate is None and self.goal.is_met(one)]
        return sorted(useful, key=lambda one: -one.throughput)[:_COST_CANDIDATES]


def shown(step: Step) -> str:
    """A step in words, for progress."""
    load = "" if step.rate is None else f", {step.rate:.1f} requests/s"
    return f"{step.point}{load}: {step.why}"
