"""Decides how many replicas a deployment is to have, from the load that gateways report as integrals over time.

It starts and stops nothing. Rules, in order of need: `want` follows the mean demand over the window, `burst` a sudden
rise, `sat` a queue that does not empty, `wake` a queue where nothing runs. Growth is at once; what is not needed goes
when nothing queues and the need was lower for the whole scale_down_delay.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

from headway.core.demand import SATURATED_AFTER, Demand
from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load
from headway.core.window import MaximumWindow

BLIND_AFTER = 5.0
"""Without a report for so long nothing is known, so nothing shrinks."""
_FORGIVEN = 1e-6
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


class AutoscalingPolicy:
    """The load of one deployment and what follows from it."""

    def __init__(self, settings: DeploymentSettings, now: float) -> None:
        self._demand = Demand(settings)
        self._needs = MaximumWindow(settings.scale_down_delay)
        self._required = 0
        self._removed_at = -math.inf
        self._loaded_at = now
        self._settings = settings

    @property
    def queues_since(self) -> float | None:
        """Since when a queue has not been empty; None: there is none."""
        return self._demand.queues_since

    def change_settings(self, settings: DeploymentSettings) -> None:
        """At once, without forgetting what was reported."""
        self._settings = settings
        self._needs.span = settings.scale_down_delay
        self._demand.change_settings(settings)

    def record(self, source: str, load: Load) -> None:
        """What a gateway reports, cumulative since its start; `source` names that life of it.

        The first report of a source is what later ones are measured against.
        """
        self._demand.record(source, load)
        self._loaded_at = max(self._loaded_at, self._demand.loaded_at)

    def forget(self, source: str) -> None:
        """That life of a gateway is over, and with it whatever it queued and held."""
        self._demand.forget(source)

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

    def _inputs(self, replicas: Replicas, now: float) -> ScalingInputs:
        settings, window = self._settings, self._settings.autoscaling_window
        cap = settings.concurrency_target * settings.target_utilization_percentage / 100
        demand = self._demand.mean(now, window)
        sudden = self._demand.mean(now, window / 10)
        second = self._demand.mean_of_second(now)
        queued = self._demand.queued
        present = replicas.present
        want = 1 if 0 < demand <= 1 else _ceil(demand / cap)
        burst = _ceil(sudden / cap) if sudden / cap >= 2 * max(1, present) else 0
        saturated = 0
        if self._demand.is_saturated and queued > settings.concurrency_target * replicas.starting:
            saturated = max(replicas.ready + 1, _ceil(second / settings.concurrency_target))
        wake = _ceil(queued / settings.concurrency_target) if not present else 0
        need = max(want, burst, saturated, wake, self._required)
        self._needs.record(now, need)
        return ScalingInputs(
            present=present,
            ready=replicas.ready,
            queued=queued,
            in_flight=self._demand.in_flight,
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

    def _desired(self, inputs: ScalingInputs, now: float) -> tuple[int, str]:
        low, high, present = self._settings.min_replica, self._settings.max_replica, inputs.present
        need, rule = _need(inputs)
        if present > high:
            return high, f"max_replica is {high}"
        if need > present or low > present:
            return _clamped(need, rule, low, high)
        if inputs.queued or now - self._demand.reported_at > BLIND_AFTER:
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
        return (
            present - removed,
            f"no more than {kept} needed for {delay:g} s: {present} become {present - removed}",
        )

    def _zero_at(self) -> float:
        return self._loaded_at + max(self._settings.scale_down_delay, self._settings.autoscaling_window)

    def _next_at(self, desired: int, inputs: ScalingInputs, now: float) -> float | None:
        """Means fall and needs grow old by themselves as long as there is more than the least."""
        if desired <= self._settings.min_replica and not inputs.queued and not inputs.demand_window:
            return None
        return now + _LOOK_AGAIN


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
