"""Why no replica takes requests: one rule for each cause, the first that holds is told."""

from collections.abc import Sequence

from headway.core.reconcile import STARTS_UNTIL_FAILED
from headway.observed.saturation.hindrance import (
    Code,
    Hindrance,
    again,
    ill,
    restarting,
    starting,
    without_room,
)
from headway.observed.saturation.newcomer import Coming
from headway.observed.saturation.situation import Situation


def out_of_service(seen: Situation) -> Hindrance | None:
    """It does not serve because somebody wants that, or cannot."""
    for rule in (_deleting, _switched_off, _not_built, _being_prepared, _gateway_away):
        if found := rule(seen):
            return found
    return None


def no_replica(seen: Situation) -> Hindrance:
    """It is to serve, and none is ready."""
    for rule in (_after_another, _no_room, _starts_fail, _starts, restarting, ill):
        if found := rule(seen):
            return found
    return _asleep(seen)


def _deleting(seen: Situation) -> Hindrance | None:
    if not seen.is_deleting:
        return None
    left = f"; {seen.in_flight:,} still in flight" if seen.in_flight else ""
    return Hindrance(
        code=Code.DELETING, text=f"it is being deleted: requests are refused{left}", is_refusing=True
    )


def _switched_off(seen: Situation) -> Hindrance | None:
    if seen.is_active:
        return None
    left = f"; {seen.in_flight:,} still in flight" if seen.in_flight else ""
    return Hindrance(
        code=Code.DEACTIVATED,
        text=f"it is switched off: requests are refused{left}",
        advice="activate it",
        is_refusing=True,
    )


def _not_built(seen: Situation) -> Hindrance | None:
    if not seen.failure:
        return None
    return Hindrance(
        code=Code.BUILD_FAILED,
        text="it could not be prepared: requests are refused",
        advice="see its log, mend it and push again",
        see="logs",
        is_refusing=True,
    )


def _being_prepared(seen: Situation) -> Hindrance | None:
    if seen.preparing is None:
        return None
    text = f"it is being prepared: {seen.preparing}" if seen.preparing else "it is being prepared"
    if seen.is_held_up:
        advice = "see to what holds it up; headway disk and headway prune make room"
        return Hindrance(code=Code.PREPARATION_HELD_UP, text=text, advice=advice, see="logs", coming=None)
    return Hindrance(code=Code.PREPARING, text=text, see="logs", coming=None)


def _gateway_away(seen: Situation) -> Hindrance | None:
    if seen.is_gateway_there:
        return None
    text = "no gateway is connected to control: what queues and runs is not known"
    return Hindrance(
        code=Code.GATEWAY_AWAY, text=text, advice="see logs/gateway.log of the data directory", coming=None
    )


def _no_room(seen: Situation) -> Hindrance | None:
    return None if seen.starting else without_room(seen)


def _after_another(seen: Situation) -> Hindrance | None:
    if not seen.is_after_another or seen.starting:
        return None
    return Hindrance(
        code=Code.WAITS_FOR_PREDECESSOR,
        text="the deployment before it finishes what it holds, then this one starts",
        advice="set rollout to surge to start the next one beside it, where there is room",
        setting="rollout",
        see="settings",
        coming=None,
    )


def _starts_fail(seen: Situation) -> Hindrance | None:
    is_left = bool(seen.failed_starts) and not (seen.starting or seen.desired)
    if seen.failed_starts < STARTS_UNTIL_FAILED and not seen.is_refused and not is_left:
        return None
    failed = (
        "its last start failed" if seen.failed_starts == 1 else f"its last {seen.failed_starts} starts failed"
    )
    tried = "; another one is under way" if seen.starting else again(seen)
    return Hindrance(
        code=Code.STARTS_FAIL,
        text=f"{failed}{tried or '; the next request has it tried again'}",
        advice="see its log, mend the model and push again; activating it tries at once",
        see="logs",
        is_refusing=seen.is_refused,
        coming=None,
    )


def _starts(seen: Situation) -> Hindrance | None:
    if not seen.starting:
        return None
    return _waking(seen, Code.STARTING, starting(seen), seen.coming)


def _asleep(seen: Situation) -> Hindrance:
    usual = seen.usual_start
    coming = None if usual is None else [(usual, seen.settings.concurrency_target)]
    if seen.queued or seen.desired:
        return _waking(seen, Code.WAKING, "no replica runs; one is about to be ordered", coming)
    if seen.draining:
        text = "its last replicas finish what they hold and go; the next request keeps one"
        return _waking(seen, Code.DRAINING, text, [(0.0, seen.settings.concurrency_target)])
    unknown = ": how long that takes was not measured yet" if usual is None else ""
    return _waking(
        seen, Code.SCALED_TO_ZERO, f"no replica runs; the next request starts one{unknown}", coming
    )


def _waking(seen: Situation, code: Code, text: str, coming: Sequence[Coming] | None) -> Hindrance:
    """What min_replica would have spared."""
    if seen.settings.min_replica:
        return Hindrance(code=code, text=text, see="logs", coming=coming)
    advice = "set min_replica to 1 to keep one ready"
    return Hindrance(
        code=code, text=text, advice=advice, setting="min_replica", see="settings", coming=coming
    )
