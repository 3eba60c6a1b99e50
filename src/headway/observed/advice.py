"""What the measured traffic of a deployment says about its settings, in words and with the arithmetic: pure.

Little's law carries all of it. A request is in the replica for `preprocess + predict + postprocess` seconds when it
need not wait for the gate, and for `predict` of them it holds one of the PC places. So CT requests at once keep
`CT x predict / inside` places busy, and CT = PC x inside / predict keeps all of them busy.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headway.core.errors import InvalidSettingError
from headway.core.settings import DeploymentSettings
from headway.core.stages import Stage
from headway.observed.records import Outcome, RequestRecord
from headway.observed.timeline import Point
from headway.observed.words import counted, verb

FEWEST_REQUESTS = 20
"""Below that nothing is advised."""
_QUEUES = 0.1
"""Mean requests in the queue from which on it counts as one."""
_FULL = 0.9
_IDLE = 0.1
_A_SECOND = 0.9995
"""What would be written as 1e+03 ms is a second."""
_INSIDE = (Stage.PREPROCESS, Stage.PREDICT, Stage.POSTPROCESS)


@dataclass(frozen=True, slots=True)
class Observed:
    """Traffic over some seconds. Times are means in seconds over the finished requests."""

    requests: int
    stages: Mapping[str, float]
    longest_cold_start: float = 0.0
    queued: float = 0.0
    """Mean; so are `in_flight`, over all replicas, and `ready`, in replicas."""
    in_flight: float = 0.0
    ready: float = 0.0

    @property
    def predict(self) -> float:
        return self.stages.get(Stage.PREDICT, 0.0)

    @property
    def inside(self) -> float:
        """Time in the replica but for the wait before the gate."""
        return sum(self.stages.get(stage, 0.0) for stage in _INSIDE)


@dataclass(frozen=True, slots=True)
class Advice:
    """`change` has the settings to change; empty where it is no setting that can be changed live."""

    code: str
    title: str
    text: str
    arithmetic: Sequence[str]
    change: Mapping[str, Any] = field(default_factory=dict)


def observed(records: Sequence[RequestRecord], points: Sequence[Point]) -> Observed:
    """What records and buckets of the same time say together."""
    finished = [one for one in records if one.outcome is Outcome.FINISHED and Stage.PREDICT in one.stages]
    names = {name for one in finished for name in one.stages}
    known = [one for one in points if one.in_flight is not None]
    return Observed(
        requests=len(finished),
        stages={
            name: sum(one.stages.get(name, 0.0) for one in finished) / len(finished) for name in sorted(names)
        },
        longest_cold_start=max((one.stages.get(Stage.COLD_START, 0.0) for one in records), default=0.0),
        queued=_mean([one.queued or 0.0 for one in known]),
        in_flight=_mean([one.in_flight or 0.0 for one in known]),
        ready=_mean([float(one.ready or 0) for one in known]),
    )


def advise(seen: Observed, settings: DeploymentSettings, predict_concurrency: int) -> list[Advice]:
    """The most telling first; empty when nothing is wrong, or too little was seen."""
    target_is_low = _target_below_predict(settings, predict_concurrency)
    if seen.requests < FEWEST_REQUESTS or not seen.predict:
        return target_is_low
    rules: tuple[Callable[[Observed, DeploymentSettings, int], Advice | None], ...] = (
        _gate_idle,
        _gate_crowded,
        _all_full,
        _delay_short,
        _utilization_dear,
    )
    found = [rule(seen, settings, predict_concurrency) for rule in rules]
    advice = [one for one in found if one is not None and _can_follow(one, settings)]
    return advice if any("concurrency_target" in one.change for one in advice) else target_is_low + advice


def _can_follow(advice: Advice, settings: DeploymentSettings) -> bool:
    """Whether following it would change something: not what is set already, nor what no setting can be."""
    try:
        return settings.with_changes(advice.change) != settings
    except InvalidSettingError:
        return False


def busy_target(seen: Observed, predict_concurrency: int) -> int:
    """The least concurrency target that keeps every place in predict busy."""
    return max(predict_concurrency, math.ceil(predict_concurrency * seen.inside / seen.predict - 1e-6))


def _target_below_predict(settings: DeploymentSettings, places: int) -> list[Advice]:
    target = settings.concurrency_target
    if target >= places:
        return []
    return [
        Advice(
            "target_below_predict",
            f"Raise the concurrency target to {places}",
            f"A replica never holds more than {counted(target, 'request')}, so {places - target} of its {places} "
            f"places in predict {verb(places - target, 'stay')} empty.",
            (f"places that can be used = min(CT, PC) = min({target}, {places}) = {target}",),
            {"concurrency_target": places},
        )
    ]


def _gate_idle(seen: Observed, settings: DeploymentSettings, places: int) -> Advice | None:
    target, wanted = settings.concurrency_target, busy_target(seen, places)
    busy = min(1.0, target * seen.predict / (seen.inside * places))
    if target >= wanted or seen.queued < _QUEUES or 1 - busy < _IDLE:
        return None
    outside = seen.inside - seen.predict
    stage = max((Stage.PREPROCESS, Stage.POSTPROCESS), key=lambda name: seen.stages.get(name, 0.0))
    return Advice(
        "gate_idle",
        f"Raise the concurrency target to {wanted}",
        f"Requests spend {outside / seen.inside:.0%} of their time in the replica outside predict, most of it in "
        f"{stage}; at CT {target} the gate stands idle {1 - busy:.0%} of the time while requests wait at the gateway. "
        f"CT {wanted} would keep it busy.",
        (
            f"in the replica, without waiting = {_list(seen)} = {_time(seen.inside)}",
            f"gate busy = CT x predict / (in replica x PC) = {target} x {_time(seen.predict)} / "
            f"({_time(seen.inside)} x {places}) = {busy:.0%}",
            f"CT that keeps it busy = PC x in replica / predict = {places} x {_time(seen.inside)} / "
            f"{_time(seen.predict)} = {places * seen.inside / seen.predict:.1f}, so {wanted}",
            f"queued at the gateway, mean = {seen.queued:.1f}",
        ),
        {"concurrency_target": wanted},
    )


def _gate_crowded(seen: Observed, settings: DeploymentSettings, places: int) -> Advice | None:
    wait, target, wanted = (
        seen.stages.get(Stage.GATE_WAIT, 0.0),
        settings.concurrency_target,
        busy_target(seen, places),
    )
    if wait < seen.predict / 2 or target <= wanted:
        return None
    return Advice(
        "gate_crowded",
        f"Raise predict_concurrency above {places}, or lower the concurrency target to {wanted}",
        f"Requests wait {_time(wait)} before the gate for a predict of {_time(seen.predict)}: more are in the replica "
        f"than its {counted(places, 'place')} in predict can use. If predict runs as fast with more at once, "
        f"raise predict_concurrency (headway tune measures that). If not, CT {wanted} keeps the gate as busy, and the "
        "rest waits at the gateway, where the next free replica takes it.",
        (
            f"gate wait / predict = {_time(wait)} / {_time(seen.predict)} = {wait / seen.predict:.1f}",
            f"CT that keeps the gate busy = PC x in replica / predict = {places} x {_time(seen.inside)} / "
            f"{_time(seen.predict)} = {places * seen.inside / seen.predict:.1f}, so {wanted}; it is {target}",
        ),
        {"concurrency_target": wanted},
    )


def _all_full(seen: Observed, settings: DeploymentSettings, places: int) -> Advice | None:
    target, most = settings.concurrency_target, settings.max_replica
    slots = seen.ready * target
    is_full = slots > 0 and seen.in_flight >= _FULL * slots and seen.ready >= _FULL * most
    if target < busy_target(seen, places) or seen.queued < 1 or not is_full:
        return None
    load = seen.in_flight + seen.queued
    wanted = max(most + 1, math.ceil(load / target - 1e-6))
    return Advice(
        "all_full",
        f"Allow {wanted} replicas",
        f"{'The only replica is full, its gate is' if most == 1 else f'All {most} replicas are full, their gates are'} "
        f"kept busy, and {seen.queued:.1f} requests "
        "queue on average: only more replicas take more.",
        (
            f"slots taken = {seen.in_flight:.1f} of {seen.ready:.1f} replicas x CT {target} = {slots:.1f}",
            f"replicas = (in flight + queued) / CT = ({seen.in_flight:.1f} + {seen.queued:.1f}) / {target} = "
            f"{load / target:.1f}, so {wanted}",
        ),
        {"max_replica": wanted},
    )


def _delay_short(seen: Observed, settings: DeploymentSettings, _: int) -> Advice | None:
    start, delay = seen.longest_cold_start, settings.scale_down_delay
    if delay >= start:
        return None
    wanted = min(3600.0, float(math.ceil(start / 10) * 10))
    return Advice(
        "delay_below_cold_start",
        f"Raise scale_down_delay to {wanted:g} s",
        f"A replica goes after {delay:g} s without need, and the next one takes up to {start:.0f} s to be there: "
        "keeping it as long as its start takes costs less than it saves in waiting.",
        (f"longest wait for a cold start = {start:.1f} s, scale_down_delay = {delay:g} s",),
        {"scale_down_delay": wanted},
    )


def _utilization_dear(seen: Observed, settings: DeploymentSettings, _: int) -> Advice | None:
    load, target, share = (
        seen.in_flight + seen.queued,
        settings.concurrency_target,
        settings.target_utilization_percentage,
    )
    if load <= 1:  # one request needs one replica, whatever the share
        return None

    def replicas(percentage: int) -> int:
        return math.ceil(load / (target * percentage / 100) - 1e-6)

    least, present = replicas(100), min(replicas(share), settings.max_replica)
    if present < 2 * least:
        return None
    wanted = next(one for one in range(share, 101) if replicas(one) < 2 * least)
    return Advice(
        "utilization_dear",
        f"Raise target_utilization_percentage to {wanted}",
        f"Planning for {share}% of each replica takes {present} replicas where {least} would hold the load: the bill "
        f"is {present / least:.1f} times as high. At {wanted}% it is {replicas(wanted) / least:.1f} times; what is "
        "left is the reserve for a rise.",
        (
            f"load = in flight + queued = {load:.1f}",
            f"replicas at {share}% = {load:.1f} / ({target} x {share / 100:g}) = {load / (target * share / 100):.1f}, "
            f"so {present}",
            f"replicas at 100% = {load:.1f} / {target} = {load / target:.1f}, so {least}",
        ),
        {"target_utilization_percentage": wanted},
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _list(seen: Observed) -> str:
    return " + ".join(f"{name} {_time(seen.stages[name])}" for name in _INSIDE if name in seen.stages)


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= _A_SECOND else f"{seconds * 1e3:.3g} ms"
