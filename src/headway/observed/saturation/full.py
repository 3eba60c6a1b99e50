"""What limits a deployment whose replicas are ready: one rule for each cause, the first that holds is told."""

from headway.core.demand import SATURATED_AFTER
from headway.observed.saturation.hindrance import (
    Code,
    Hindrance,
    all_slots,
    ill,
    restarting,
    starting,
    taken,
    without_room,
)
from headway.observed.saturation.situation import Situation
from headway.observed.words import counted, lasting, verb

_TAKEN_UP_WITHIN = 2.0
_ELSEWHERE = "(in config.yaml, then push)"


def all_taken(seen: Situation) -> Hindrance:
    """Every slot is taken: why there are no more."""
    for rule in (_abandoned, _more_start, without_room, restarting, ill, _most):
        if found := rule(seen):
            return found
    return _about_to_grow(seen)


def some_free(seen: Situation) -> Hindrance | None:
    """Slots are free. What waits all the same."""
    is_overdue = all(one.in_state >= _TAKEN_UP_WITHIN for one in seen.ready)
    if seen.queued and is_overdue and seen.is_news_to_gateway:
        return Hindrance(
            code=Code.NOT_TAKEN_UP,
            text=f"{counted(len(seen.ready), 'replica')} ready, and the gateway gives to {seen.gateways_ready}",
            advice="see logs/gateway.log of the data directory",
            coming=None,
        )
    if not seen.is_gate_fed or seen.at_gate < 2 * seen.places * len(seen.ready):
        return None
    free = seen.slots - seen.held
    return Hindrance(
        code=Code.GATE_FULL,
        text=f"{_before_gate(seen)}, while {counted(free, 'slot')} {verb(free, 'are', 'is')} free",
        advice=f"raise max_replica, or predict_concurrency {_ELSEWHERE}",
        setting="predict_concurrency",
        see="settings",
    )


def _abandoned(seen: Situation) -> Hindrance | None:
    if not seen.abandoned or 2 * seen.abandoned < seen.held:
        return None
    of = "all" if seen.abandoned >= seen.held else f"{seen.abandoned:,} of {seen.held:,}"
    return Hindrance(
        code=Code.ABANDONED,
        text=f"{all_slots(seen)} taken, {of} by work whose clients have left",
        advice="have the model's functions stop when their client leaves, or lower abandon_grace",
        setting="abandon_grace",
        see="settings",
    )


def _more_start(seen: Situation) -> Hindrance | None:
    if not seen.starting:
        return None
    return Hindrance(
        code=Code.SCALING_UP,
        text=f"{taken(seen)}{starting(seen)}",
        advice="raise min_replica to keep more ready",
        setting="min_replica",
        see="settings",
        coming=seen.coming,
    )


def _most(seen: Situation) -> Hindrance | None:
    most = seen.settings.max_replica
    if seen.serving < most:
        return None
    if seen.is_gate_fed:
        return Hindrance(
            code=Code.GATE_FULL,
            text=f"{all_slots(seen)} taken and max_replica {most:,} is reached; {_before_gate(seen)}",
            advice=f"raise max_replica, or predict_concurrency {_ELSEWHERE}: more slots would only wait at the gate",
            setting="max_replica",
            see="settings",
        )
    target, places = seen.settings.concurrency_target, seen.places
    least = f" to at least {places:,}, the places in predict," if target < places else ""
    return Hindrance(
        code=Code.SLOTS_FULL,
        text=f"{all_slots(seen)} taken and max_replica {most:,} is reached",
        advice=f"raise concurrency_target{least} or max_replica",
        setting="concurrency_target",
        see="settings",
    )


def _about_to_grow(seen: Situation) -> Hindrance:
    if seen.desired > seen.serving:
        since = f"decided {lasting(seen.decided_for)} ago"
        grows = f"{seen.desired:,} replicas are wanted ({since}), {seen.serving:,} there"
    else:
        grows = f"another replica is ordered once the queue has not been empty for {SATURATED_AFTER:g} s"
    return Hindrance(
        code=Code.SCALING_UP,
        text=f"{taken(seen)}{grows}",
        advice="lower target_utilization_percentage to have replicas ordered sooner",
        setting="target_utilization_percentage",
        see="decisions",
        coming=None if seen.usual_start is None else [(seen.usual_start, seen.settings.concurrency_target)],
    )


def _before_gate(seen: Situation) -> str:
    each = "" if len(seen.ready) == 1 else " on each replica"
    waits = verb(seen.at_gate, "wait")
    return f"predict takes {seen.places:,} at a time{each}, and {seen.at_gate:,} {waits} at the gate"
