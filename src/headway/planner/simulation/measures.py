"""What a variant is judged by: how long requests took, how many failed, what was queued and ran, what it costs."""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from headway.core.autoscaling import ScalingDecision
from headway.core.statistics import Load
from headway.observed.records import Outcome
from headway.observed.sketch import Sketch
from headway.planner.simulation.traffic import Request

STAGES = ("wait", "gate_wait", "predict", "latency")
"""What quantiles are given of: from arrival to a slot, at the gate, in predict, and from arrival to the answer."""
BUCKETS = 240
"""Points of a curve."""
MOST_DECISIONS = 2000
_FOLDED_AT_ONCE = 50_000
STEPS_PER_E = 100
"""Quantiles are right within 0.5%."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A bucket of time: means over it, but for the number desired at its end, and percentiles of what ended in it."""

    at: float
    queued: float
    in_flight: float
    present: float
    ready: float
    desired: int
    arrivals: int
    p95_wait: float | None
    p95_latency: float | None


class Measures:
    """Told by the planes. Of a request of the present bucket two numbers are kept, of an earlier one none."""

    def __init__(self, slo: float | None = None) -> None:
        self._slo = math.inf if slo is None else slo
        self._served: list[Request] = []
        self._waits, self._latencies = array("d"), array("d")
        self.stages = {stage: Sketch(STEPS_PER_E) for stage in STAGES}
        self.outcomes: Counter[Outcome] = Counter()
        self.cold_starts = 0
        """Requests that came while no replica was ready."""
        self.misses = 0
        """Requests that took longer than the objective, or failed."""
        self.decisions: list[ScalingDecision] = []
        """The first of them."""
        self.decided = 0
        self.moments: list[Moment] = []
        self.replica_seconds = 0.0
        """Of all replicas together, from each one's order to its end; within the buckets."""
        self.most_present = 0
        self.starts = 0
        """Replicas that were ordered."""
        self.failures = 0
        """Replicas that did not start, or crashed."""
        self._desired = 0
        self._present = _Integral()
        self._ready = _Integral()
        self._bucket_began = Load(0.0, 0, 0, 0.0, 0.0, 0.0, 0, 0)
        self._arrived = 0

    def served(self, request: Request, now: float) -> None:
        request.over_at = now
        served = self._served
        served.append(request)
        if len(served) == _FOLDED_AT_ONCE:
            self._fold()

    def failed(self, request: Request, outcome: Outcome, _: float) -> None:
        self.outcomes[outcome] += 1
        self.misses += 1
        self.cold_starts += request.is_cold

    def decide(self, decision: ScalingDecision) -> None:
        self.decided += 1
        self._desired = decision.desired
        if len(self.decisions) < MOST_DECISIONS:
            self.decisions.append(decision)

    def count(self, present: int, ready: int, now: float) -> None:
        self._present.change(present, now)
        self._ready.change(ready, now)
        self.most_present = max(self.most_present, present)

    def end_bucket(self, load: Load, arrived: int) -> None:
        """A bucket of time is over, `load` is what there was up to its end, and so many requests had come."""
        before, self._bucket_began = self._bucket_began, load
        arrived_before, self._arrived = self._arrived, arrived
        elapsed = load.at - before.at
        self._fold()
        present = self._present.take(load.at)
        self.replica_seconds += present
        self.moments.append(
            Moment(
                at=before.at,
                queued=(load.queued_seconds - before.queued_seconds) / elapsed,
                in_flight=(load.in_flight_seconds - before.in_flight_seconds) / elapsed,
                present=present / elapsed,
                ready=self._ready.take(load.at) / elapsed,
                desired=self._desired,
                arrivals=arrived - arrived_before,
                p95_wait=_p95(self._waits),
                p95_latency=_p95(self._latencies),
            )
        )
        self._waits, self._latencies = array("d"), array("d")

    def finish(self) -> None:
        """Nothing comes any more: count what ended after the last bucket."""
        self._fold()

    def _fold(self) -> None:
        """Count what was served since the last time. In batches that takes a third of what it takes one by one."""
        served, self._served = self._served, []
        durations = {
            "wait": [one.dispatched_at - one.arrived_at for one in served],
            "gate_wait": [one.entered_at - one.gate_at for one in served],
            "predict": [one.predicted_at - one.entered_at for one in served],
            "latency": [one.over_at - one.arrived_at for one in served],
        }
        for stage, seconds in durations.items():
            self.stages[stage].observe_all(seconds)
        latencies, slo = durations["latency"], self._slo
        if served:
            self.outcomes[Outcome.FINISHED] += len(served)
        self.misses += sum([one > slo for one in latencies])
        self.cold_starts += sum([one.is_cold for one in served])
        self._waits.extend(durations["wait"])
        self._latencies.extend(latencies)


class _Integral:
    """Of a count over time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._value = 0
        self._since = 0.0
        self._taken = 0.0

    def change(self, value: int, now: float) -> None:
        self.seconds += self._value * (now - self._since)
        self._value, self._since = value, now

    def take(self, now: float) -> float:
        """What has come together since the last time."""
        self.change(self._value, now)
        taken, self._taken = self.seconds - self._taken, self.seconds
        return taken


def _p95(seconds: Sequence[float]) -> float | None:
    return sorted(seconds)[math.ceil(0.95 * len(seconds)) - 1] if seconds else None
