"""Measures one step on a running replica: warm-up, load, and an end as soon as enough is known."""

import asyncio
import dataclasses
import math
from collections.abc import Sequence
from time import monotonic

from headway.planner.tuning.goal import Goal
from headway.planner.tuning.measurements import Age, Measurement, Step
from headway.planner.tuning.samples import Samples, StepRules
from headway.tuning.errors import TuningError
from headway.tuning.load import Finished, Load
from headway.tuning.replica import TrialReplica

_LOOK_EVERY = 0.02
_SHORTEST_WARM_UP = 0.2
_WARM_UP_SHARE = 0.5
"""Of the longest step: a warm-up that takes longer is taken for what it is, and measured."""
_FIRST_ANSWER_WITHIN = 600.0


class Stopwatch:
    """The requests of one step: those of the warm-up are counted, the later ones kept."""

    def __init__(self, step: Step, goal: Goal, rules: StepRules, age: Age) -> None:
        self._step, self._goal, self._rules, self._age = step, goal, rules, age
        self.began = monotonic()
        self._warmed = 0
        self.answered = 0
        """Requests that succeeded, those of the warm-up included."""
        self.samples: Samples | None = None

    def note(self, finished: Finished) -> None:
        self.answered += finished.is_good
        if self.samples is None:
            self._warmed += 1
        elif finished.is_good:
            self.samples.add(finished.at, finished.latency, finished.stages)
        else:
            self.samples.add_failure()

    def verdict(self) -> str | None:
        """As `Samples.verdict`; None during the warm-up, which this ends."""
        now = monotonic()
        if self.samples is not None:
            return self.samples.verdict(now)
        elapsed = now - self.began
        is_filled = self._warmed >= self._step.point.concurrency_target or self._step.rate is not None
        if (is_filled and elapsed >= _SHORTEST_WARM_UP) or elapsed >= _WARM_UP_SHARE * self._rules.longest:
            self._begin(now)
        return None

    def measurement(self, *, stopped: str = "", died: str = "") -> Measurement:
        now = monotonic()
        return (self.samples or self._begin(now)).measurement(now, stopped=stopped, died=died)

    def _begin(self, now: float) -> Samples:
        age = Age(self._age.replica, self._age.requests + self.answered, self._age.seconds + now - self.began)
        self.samples = Samples(self._step, self._goal, self._rules, now, age)
        return self.samples


async def measure(
    step: Step,
    replica: TrialReplica,
    requests: Sequence[bytes],
    goal: Goal,
    rules: StepRules,
    *,
    until: float = math.inf,
) -> Measurement:
    """Put the step's load on the replica and return what it showed, at the latest at `until` (monotonic)."""
    watch = Stopwatch(step, goal, rules, replica.age)
    load = Load(replica.address, requests, step.point.concurrency_target, watch.note)
    replica.forget_memory()
    stopped: str | None = None
    try:
        await load.start(step.rate)
        while stopped is None and not replica.died:
            await asyncio.sleep(_LOOK_EVERY)
            await load.tend()
            stopped = "the time is up" if monotonic() >= until else watch.verdict()
    except OSError as error:  # it is gone; how, the watcher will know
        await asyncio.sleep(10 * _LOOK_EVERY)
        replica.died = replica.died or str(error)
    finally:
        load.stop()
    measured = watch.measurement(stopped=stopped or "", died=replica.died)
    seconds = monotonic() - watch.began
    replica.has_had(watch.answered, seconds)
    return _with_resources(measured, replica, seconds)


async def require_answer(replica: TrialReplica, requests: Sequence[bytes]) -> None:
    """Send the input once, which also warms the replica up. Raises TuningError when the answer is no 200."""
    answered: asyncio.Future[Finished] = asyncio.get_running_loop().create_future()

    def note(finished: Finished) -> None:
        if not answered.done():
            answered.set_result(finished)

    load = Load(replica.address, requests, 1, note)
    try:
        async with asyncio.timeout(_FIRST_ANSWER_WITHIN):
            await load.start(None)
            finished = await answered
    except TimeoutError as error:
        raise TuningError(f"the model does not answer the input within {_FIRST_ANSWER_WITHIN:g} s") from error
    finally:
        load.stop()
    if not finished.is_good:
        raise TuningError(
            f"the model does not answer the input: {finished.text or 'no 200'}",
            hint="--input names a file that the model can answer, as headway predict --file takes it",
        )


def _with_resources(measured: Measurement, replica: TrialReplica, seconds: float) -> Measurement:
    return dataclasses.replace(measured, memory_bytes=replica.most_memory_bytes or None, seconds=seconds)
