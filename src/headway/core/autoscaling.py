"""Decides how many replicas a deployment is to have, from the load that gateways report as integrals over time.

It starts and stops nothing. Rules, in order of need: `want` follows the mean demand over the window, `burst` a sudden
rise, `sat` a queue that does not empty, `wake` a queue where nothing runs. Growth is at once; what is not needed goes
when nothing queues and the need was lower for the whole scale_down_delay.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load
from headway.core.window import IntegralWindow, MaximumWindow

SATURATED_AFTER = 1.0
BLIND_AFTER = 5.0
"""Without a report for so long nothing is known, so nothing shrinks."""
_FORGIVEN = 1e-6
_READINGS_PER_WINDOW = 600
_LOOK_AGAIN = 1.0


@dataclass(frozen=True, slots=True)
class Replicas:
    """What there is: `away` are those that are meant to be there and wait for their restart or recovery."""

    ready: int
    starting: int = 0
    away: int = 0

    @property
    def present(self) -> int:
        return self.ready + self.starting + self.away


def there(states: Sequence[ReplicaState], desired: int, *, is_backing_off: bool) -> Replicas:
    """What there is, from the states of all replicas and the number desired up to now. What failed and is to be tried
    again is still meant to be there, as is what may recover.
    """
    ready, starting, unhealthy = (
        states.count(state) for state in (ReplicaState.READY, ReplicaState.STARTING, ReplicaState.UNHEALTHY)
    )
    missing = max(0, desired - ready - starting - unhealthy) if is_backing_off else 0
    return Replicas(ready, starting, unhealthy + missing)


@dataclass(frozen=True, slots=True)
class ScalingInputs:
    """The numbers that went into a decision. Demands are means, in requests."""

    present: int
    ready: int
    queued: int
    in_flight: int
    demand_window: float
    demand_burst: float
    demand_second: float
    want: int
    burst: int
    saturated: int
    wake: int
    required: int
    highest_need: int
    """The most that was needed within scale_down_delay."""

    @property
    def need(self) -> int:
        """What the present load asks for, whatever the bounds."""
        return max(self.want, self.burst, self.saturated, self.wake, self.required)


@dataclass(frozen=True, slots=True)
class ScalingDecision:
    """`next_at` is when to ask again though nothing is reported; None: never."""

    at: float
    desired: int
    reason: str
    inputs: ScalingInputs
    next_at: float | None


@dataclass(slots=True)
class _Source:
    """What one life of one gateway reported last, and since when its queue has never been empty."""

    load: Load
    nonempty_since: float | None

    def __deepcopy__(self, _: object) -> "_Source":
        return _Source(self.load, self.nonempty_since)  # a load never changes, and may be compiled


class AutoscalingPolicy:
    """The load of one deployment and what follows from it."""

    def __init__(self, settings: DeploymentSettings, now: float) -> None:
        self._sources: dict[str, _Source] = {}
        self._totals = _Totals()
        self._needs = MaximumWindow(settings.scale_down_delay)
        self._required = 0
        self._removed_at = -math.inf
        self._loaded_at = now
        self._reported_at = -math.inf
        self._settings = settings
        self._rates = _Rates(settings.autoscaling_window)

    def change_settings(self, settings: DeploymentSettings) -> None:
        """At once, without forgetting what was reported."""
        self._settings = settings
        self._needs.span = settings.scale_down_delay
        self._rates.change_window(settings.autoscaling_window)

    def record(self, source: str, load: Load) -> None:
        """What a gateway reports, cumulative since its start; `source` names that life of it.

        The first report of a source is what later ones are measured against.
        """
        known = self._sources.get(source)
        self._reported_at = max(self._reported_at, load.at)
        if load.queued or load.in_flight:
            self._loaded_at = max(self._loaded_at, load.at)
        if known is None:
            self._sources[source] = _Source(load, load.at if load.queued else None)
            self._rates.record(load.at, self._totals)
        elif load.at > known.load.at:
            self._add(known.load, load)
            self._note_queue(known, load)
            known.load = load

    def forget(self, source: str) -> None:
        """That life of a gateway is over, and with it whatever it queued and held."""
        self._sources.pop(source, None)

    def require(self, count: int, now: float) -> None:
        """So many are needed now whatever the load: they are there already, or are to take over."""
        self._required = max(self._required, count)
        self._loaded_at = max(self._loaded_at, now)

    def decide(self, replicas: Replicas, now: float) -> ScalingDecision:
        """How many replicas there are to be from now on."""
        inputs = self._inputs(replicas, now)
        self._required = 0
        desired, reason = self._desired(inputs, now)
        return ScalingDecision(now, desired, reason, inputs, self._next_at(desired, inputs, now))

    def preview(self, settings: DeploymentSettings, replicas: Replicas, now: float) -> ScalingDecision:
        """What would be decided now under other settings. Asking changes nothing."""
        other = copy.deepcopy(self)
        other.change_settings(settings)
        return other.decide(replicas, now)

    def _add(self, before: Load, load: Load) -> None:
        """Count what happened between two reports. Demand is taken from the means over that interval."""
        elapsed = load.at - before.at
        queued = max(0.0, load.queued_seconds - before.queued_seconds) / elapsed
        in_flight = max(0.0, load.in_flight_seconds - before.in_flight_seconds) / elapsed
        totals = self._totals
        totals.in_flight_seconds += in_flight * elapsed
        totals.arrivals += load.arrivals - before.arrivals
        totals.finished += load.finished - before.finished
        if queued or in_flight:
            self._loaded_at = max(self._loaded_at, load.at)
        totals.demand_seconds += self._demand(queued, in_flight, load.at) * elapsed
        self._rates.record(load.at, totals)

    def _demand(self, queued: float, in_flight: float, at: float) -> float:
        """Little's law for what flows, and the capacity that works the backlog off within backlog_drain."""
        load = queued + in_flight
        finished = self._rates.finished.mean(at, self._settings.autoscaling_window)
        if not queued or not finished:
            return load
        in_slot = self._rates.in_flight.mean(at, self._settings.autoscaling_window) / finished
        arrivals = self._rates.arrivals.mean(at, self._settings.autoscaling_window / 10)
        backlog = queued * min(1.0, in_slot / self._settings.backlog_drain)
        return min(load, max(in_flight, arrivals * in_slot) + backlog)

    @staticmethod
    def _note_queue(source: _Source, load: Load) -> None:
        elapsed = load.at - source.load.at
        nonempty = load.nonempty_seconds - source.load.nonempty_seconds
        if not load.queued:
            source.nonempty_since = None
        elif source.nonempty_since is None or nonempty < elapsed - _FORGIVEN:
            source.nonempty_since = load.at

    def _inputs(self, replicas: Replicas, now: float) -> ScalingInputs:
        settings, window = self._settings, self._settings.autoscaling_window
        cap = settings.concurrency_target * settings.target_utilization_percentage / 100
        demand = self._rates.demand.mean(now, window)
        sudden = self._rates.demand.mean(now, window / 10)
        second = self._rates.demand_second.mean(now, SATURATED_AFTER)
        queued = sum(one.load.queued for one in self._sources.values())
        present = replicas.present
        want = 1 if 0 < demand <= 1 else _ceil(demand / cap)
        burst = _ceil(sudden / cap) if sudden / cap >= 2 * max(1, present) else 0
        saturated = 0
        if self._is_saturated() and queued > settings.concurrency_target * replicas.starting:
            saturated = max(replicas.ready + 1, _ceil(second / settings.concurrency_target))
        wake = _ceil(queued / settings.concurrency_target) if not present else 0
        need = max(want, burst, saturated, wake, self._required)
        self._needs.record(now, need)
        return ScalingInputs(
            present=present,
            ready=replicas.ready,
            queued=queued,
            in_flight=sum(one.load.in_flight for one in self._sources.values()),
            demand_window=demand,
            demand_burst=sudden,
            demand_second=second,
            want=want,
            burst=burst,
            saturated=saturated,
            wake=wake,
            required=self._required,
            highest_need=int(self._needs.maximum(now)),
        )

    def _is_saturated(self) -> bool:
        return any(
            one.nonempty_since is not None and one.load.at - one.nonempty_since >= SATURATED_AFTER - _FORGIVEN
            for one in self._sources.values()
        )

    def _desired(self, inputs: ScalingInputs, now: float) -> tuple[int, str]:
        low, high, present = self._settings.min_replica, self._settings.max_replica, inputs.present
        need, rule = _need(inputs)
        if present > high:
            return high, f"max_replica is {high}"
        if need > present or low > present:
            return _clamped(need, rule, low, high)
        if inputs.queued or now - self._reported_at > BLIND_AFTER:
            return (
                present,
                "something is queued" if inputs.queued else "no gateway reports, so nothing shrinks",
            )
        if present and not low and now >= self._zero_at():
            self._removed_at = now
            return 0, f"no load for {now - self._loaded_at:.0f} s and min_replica is 0"
        return self._shrunk(inputs, now)

    def _shrunk(self, inputs: ScalingInputs, now: float) -> tuple[int, str]:
        present, delay = inputs.present, self._settings.scale_down_delay
        kept = max(inputs.highest_need, self._settings.min_replica)
        if not inputs.highest_need and not self._settings.min_replica:
            kept = min(present, 1)  # the last one goes by the rule for zero
        if kept >= present:
            return present, f"{inputs.highest_need} needed within {delay:g} s, {present} present"
        if now < self._removed_at + delay:
            return present, f"waits {delay:g} s after the last removal"
        removed = max(1, math.floor(self._settings.max_scale_down_rate / 100 * (present - kept)))
        self._removed_at = now
        return present - removed, f"no more than {kept} needed for {delay:g} s: {removed} of {present} go"

    def _zero_at(self) -> float:
        return self._loaded_at + max(self._settings.scale_down_delay, self._settings.autoscaling_window)

    def _next_at(self, desired: int, inputs: ScalingInputs, now: float) -> float | None:
        """Means fall and needs grow old by themselves as long as there is more than the least."""
        if desired <= self._settings.min_replica and not inputs.queued and not inputs.demand_window:
            return None
        return now + _LOOK_AGAIN


class _Totals:
    """Cumulative over all sources, those that are gone included."""

    __slots__ = ("arrivals", "demand_seconds", "finished", "in_flight_seconds")

    def __init__(self) -> None:
        self.demand_seconds = 0.0
        self.in_flight_seconds = 0.0
        self.arrivals = 0
        self.finished = 0


class _Rates:
    """Means of the totals over the autoscaling window, and of demand over the last second."""

    def __init__(self, window: float) -> None:
        self.demand = IntegralWindow(window, resolution=window / _READINGS_PER_WINDOW)
        self.in_flight = IntegralWindow(window, resolution=window / _READINGS_PER_WINDOW)
        self.arrivals = IntegralWindow(window, resolution=window / _READINGS_PER_WINDOW)
        self.finished = IntegralWindow(window, resolution=window / _READINGS_PER_WINDOW)
        self.demand_second = IntegralWindow(SATURATED_AFTER)

    def change_window(self, window: float) -> None:
        for one in (self.demand, self.in_flight, self.arrivals, self.finished):
            one.change(span=window, resolution=window / _READINGS_PER_WINDOW)

    def record(self, at: float, totals: _Totals) -> None:
        self.demand.record(at, totals.demand_seconds)
        self.demand_second.record(at, totals.demand_seconds)
        self.in_flight.record(at, totals.in_flight_seconds)
        self.arrivals.record(at, totals.arrivals)
        self.finished.record(at, totals.finished)


def _need(inputs: ScalingInputs) -> tuple[int, str]:
    """The largest need and the rule that it comes from, in words."""
    rules = (
        (inputs.want, f"want {inputs.want}: mean demand {inputs.demand_window:.2f}"),
        (inputs.burst, f"burst {inputs.burst}: demand rose to {inputs.demand_burst:.2f}"),
        (
            inputs.saturated,
            f"saturated, {inputs.saturated}: the queue was not empty for {SATURATED_AFTER:g} s",
        ),
        (inputs.wake, f"wake {inputs.wake}: {inputs.queued} queued and nothing runs"),
        (inputs.required, f"{inputs.required} required by a start or a rollout"),
    )
    return max(rules, key=lambda rule: rule[0])


def _clamped(need: int, rule: str, low: int, high: int) -> tuple[int, str]:
    if need > high:
        return high, f"{rule}, held at {high}: max_replica"
    if need < low:
        return low, f"min_replica is {low}"
    return need, rule


def _ceil(value: float) -> int:
    return math.ceil(value - _FORGIVEN)
