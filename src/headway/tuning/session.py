"""Runs a whole search, one step after another, with a replica for each predict concurrency."""

import contextlib
import math
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Self

from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Measurement, Step
from headway.planner.tuning.samples import StepRules
from headway.planner.tuning.search import Search
from headway.tuning.errors import TuningError
from headway.tuning.measuring import measure, require_answer
from headway.tuning.replica import TrialReplica, Workshop, running

_FEWEST_SECONDS = 1.0
"""Of the budget: with less left no step is begun."""


class Bench:
    """Measures steps; the replica of the last one is kept for the next with the same predict concurrency."""

    def __init__(self, workshop: Workshop, requests: Sequence[bytes], goal: Goal, rules: StepRules) -> None:
        self._workshop, self._requests, self._goal, self._rules = workshop, requests, goal, rules
        self._replica: TrialReplica | None = None
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def measure(self, step: Step, *, until: float = math.inf) -> Measurement:
        """Raises TuningError when not even the first replica comes up or answers."""
        try:
            replica = await self._with(step.point.predict_concurrency)
        except TuningError as error:
            if step.point.predict_concurrency == 1:
                raise
            await self._stack.aclose()
            return Measurement(step, died=error.message)
        return await measure(step, replica, self._requests, self._goal, self._rules, until=until)

    async def _with(self, predict_concurrency: int) -> TrialReplica:
        kept = self._replica
        if kept is not None and kept.predict_concurrency == predict_concurrency and not kept.died:
            return kept
        self._replica = None
        await self._stack.aclose()  # one at a time: two would share the machine
        replica = await self._stack.enter_async_context(running(self._workshop, predict_concurrency))
        await require_answer(replica, self._requests)
        self._replica = replica
        return replica


async def run_search(
    search: Search, bench: Bench, tell: Callable[[Step], None], *, budget: float = math.inf
) -> bool:
    """Measure what the search proposes; True when it came to its end within `budget` seconds.

    `tell` gets each step before it is measured. What is known stays in the search, however this ends.
    """
    until = monotonic() + budget
    while (step := search.step) is not None:
        if until - monotonic() < _FEWEST_SECONDS:
            return False
        tell(step)
        search.tell(await bench.measure(step, until=until))
    return True
