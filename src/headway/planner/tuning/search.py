"""Chooses what to measure next: one client first, then PCs all over the range with CT after Little's law, then those
beside the best, then other CTs.

It is told each measurement and proposes the next step; who measures, and how, it does not know.
"""

import math
from collections.abc import Generator

from headway.planner.tuning.findings import Bounds, Findings
from headway.planner.tuning.goal import NEGLIGIBLE, Goal, Objective
from headway.planner.tuning.measurements import Measurement, Point, Step
from headway.planner.tuning.range import beside, doublings, halfway

_WIDER, _NARROWER = 1.5, 0.75
_MOST_WIDENINGS = 3
_MOST_TIMES = 2
"""That a point is measured."""
_FULL = 0.9
"""Of the places in predict, taken on average: with fewer, CT may be what holds it up."""
_MORE = 1.15
_WORTH_A_TRY = 0.5
"""Of PC: if even a CT of that would be late, fewer at once do not help."""
_ARRIVING_SHARE = 0.8
"""Of the throughput of a full replica: the load under which the choice is shown with its queue."""
_COST_SHARES = (0.9, 0.8, 0.7, 0.55, 0.4)
_COST_CANDIDATES = 2

_Steps = Generator[Step, Measurement, None]


class Search(Findings):
    """`step` is what to measure next, None when enough is known; `tell` it what came out."""

    def __init__(self, goal: Goal, bounds: Bounds | None = None) -> None:
        super().__init__(goal, bounds)
        self._plan = self._steps()
        self.step: Step | None = next(self._plan)

    def tell(self, measured: Measurement) -> None:
        self.note(measured)
        try:
            self.step = self._plan.send(measured)
        except StopIteration:
            self.step = None

    def _steps(self) -> _Steps:
        yield from self._measure(Point(1, 1), "one client: the stages without waiting")
        if self.measured[0].died or not self.measured[0].requests:
            return
        yield from self._scan()
        yield from self._refine()
        yield from self._measure_cold_ones_again()
        yield from self._refine()
        yield from self._settle_target()
        if self.goal.objective is Objective.COST and self.goal.limits:
            yield from self._find_sustained()
        elif (choice := self.choice) is not None:
            rate = _ARRIVING_SHARE * choice.throughput
            yield Step(choice.point, f"arrivals at random, {_ARRIVING_SHARE:.0%} of that throughput", rate)

    def _measure(self, point: Point, why: str) -> _Steps:
        """Measure in a closed loop, unless that is known; once more where the figures were of a cold replica."""
        if self.closed(point) is None and self.times_measured(point) < _MOST_TIMES:
            yield self._closed_step(point, why)
        last = self.measured[-1]
        is_faster_by_now = last.moves and last.warm_up is not None and not last.died
        if last.point == point and is_faster_by_now and self.times_measured(point) == 1:
            yield self._closed_step(point, "again, for it was still becoming faster")

    def _closed_step(self, point: Point, why: str) -> Step:
        return Step(
            point,
            why,
            best_so_far=self.best_so_far(),
            is_first=not self.measured,
            warm_up=self.warmth.expected,
        )

    def _measure_cold_ones_again(self) -> _Steps:
        """What was measured before it was known how long a replica takes to become warm."""
        for point in dict.fromkeys(one.point for one in self.measured if self.warmth.is_cold(one)):
            if self.closed(point) is None and self.times_measured(point) == 1:
                yield self._closed_step(point, "again, on a warm replica")

    # Which PC.

    def _scan(self) -> _Steps:
        """All over the range, for behind a valley there may be a hill; finer only if something meets the goal."""
        yield from self._at(1, "the first guess from Little's law")
        yield from self._measure_cold_ones_again()
        for pc in doublings(self.bounds.predict_concurrency)[1:]:
            yield from self._at(pc, "all over the range: doublings")
        if self.best_pc() is not None:
            for pc in halfway(self.bounds.predict_concurrency):
                yield from self._at(pc, "all over the range: between the doublings")

    def _refine(self) -> _Steps:
        while (best := self.best_pc()) is not None:
            known = dict.fromkeys(
                {*self.skipped, *(one.point.predict_concurrency for one in self.measured)}, 0.0
            )
            known |= {pc: 0.0 if one.died else one.throughput for pc, one in self.by_pc.items()}
            pc = beside(known, best, gain=max(NEGLIGIBLE, self.by_pc[best].relative_error))
            if pc is None:
                return
            yield from self._at(pc, "is the best beside the best so far?")

    def _at(self, pc: int, why: str) -> _Steps:
        """Measure a PC with CT after Little's law; if that is too slow, with the CT that should be in time."""
        if why_not := self._unbearable(pc):
            self.skipped[pc] = why_not
            return
        point = Point(pc, self.little(pc))
        yield from self._measure(point, why)
        measured = self.closed(point)
        if measured is None or measured.died or not measured.requests:
            return
        if not self.goal.missed(measured):
            yield from self._fill(measured)
            return
        late = max(measured.percentiles[one.percent] / one.seconds for one in self.goal.limits)
        in_time = math.floor(point.concurrency_target / late)
        if pc * _WORTH_A_TRY <= in_time < point.concurrency_target:
            yield from self._measure(Point(pc, max(pc, in_time)), "fewer at once, to be in time")

    def _fill(self, measured: Measurement) -> _Steps:
        """Once more where predict is so much faster than at the PCs before that Little's law asks for a larger CT."""
        pc = measured.point.predict_concurrency
        needed = self.little(pc)
        is_empty = measured.stages is not None and measured.throughput * measured.stages.predict < _FULL * pc
        if is_empty and needed > _MORE * measured.point.concurrency_target:
            yield from self._measure(Point(pc, needed), "predict is faster here: it needs more at once")

    def _unbearable(self, pc: int) -> str:
        """Why a PC is not to be tried, if so."""
        if self.goal.memory_bytes and self.predicted_memory(pc) > self.goal.memory_bytes:
            return "by the memory of those before, it needs more than there is"
        died = min((one.point.predict_concurrency for one in self.measured if one.died), default=pc)
        return f"the replica died with PC {died}" if died < pc else ""

    # Which CT.

    def _settle_target(self) -> _Steps:
        pc = self.best_pc()
        if pc is None:
            return
        for _ in range(_MOST_WIDENINGS):
            kept = self.by_pc[pc]
            wider = min(
                max(math.ceil(kept.point.concurrency_target * _WIDER), kept.point.concurrency_target + 1),
                self.bounds.concurrency_target,
            )
            if wider == kept.point.concurrency_target or self._would_be_late(kept, wider):
                break
            yield from self._measure(Point(pc, wider), "do more requests at once help?")
            if self.by_pc[pc] is kept:
                break
        target = self.by_pc[pc].point.concurrency_target
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
        useful = [one for one in self.compared if self.goal.is_met(one)]
        return sorted(useful, key=lambda one: -one.throughput)[:_COST_CANDIDATES]


def shown(step: Step) -> str:
    """A step in words, for progress."""
    load = "" if step.rate is None else f", {step.rate:.1f} requests/s"
    return f"{step.point}{load}: {step.why}"
