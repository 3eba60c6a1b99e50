"""What a hindrance is, and the half sentences that several of them share."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from headway.observed.saturation.newcomer import Coming
from headway.observed.saturation.situation import Situation
from headway.observed.words import counted, lasting, verb


class Code(StrEnum):
    """Each has its line in docs/guide/troubleshooting.md."""

    DELETING = "deleting"
    DEACTIVATED = "deactivated"
    BUILD_FAILED = "build_failed"
    PREPARING = "preparing"
    PREPARATION_HELD_UP = "preparation_held_up"
    GATEWAY_AWAY = "gateway_away"
    WAITS_FOR_GPU = "waits_for_gpu"
    WAITS_FOR_ROOM = "waits_for_room"
    WAITS_FOR_PREDECESSOR = "waits_for_predecessor"
    STARTS_FAIL = "starts_fail"
    RESTARTING = "restarting"
    STARTING = "starting"
    UNHEALTHY = "unhealthy"
    WAKING = "waking"
    DRAINING = "draining"
    SCALED_TO_ZERO = "scaled_to_zero"
    QUEUE_FULL = "queue_full"
    ABANDONED = "abandoned"
    SCALING_UP = "scaling_up"
    SLOTS_FULL = "slots_full"
    GATE_FULL = "gate_full"
    NOT_TAKEN_UP = "not_taken_up"


See = Literal["", "settings", "logs", "decisions"]
"""Where more is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hindrance:
    """`setting` is what the advice is about."""

    code: Code
    text: str
    advice: str = ""
    setting: str = ""
    see: See = ""
    is_refusing: bool = False
    """Requests are turned away."""
    coming: Sequence[Coming] | None = ()
    """Replicas that will be ready; None: nobody knows when."""


def without_room(seen: Situation) -> Hindrance | None:
    """An order found no room."""
    missing = seen.desired - seen.serving
    if not seen.lacks or missing <= 0:
        return None
    what = (
        f"waiting for {counted(missing, 'GPU')}"
        if seen.lacks_gpu
        else f"{counted(missing, 'replica')} cannot be started"
    )
    return Hindrance(
        code=Code.WAITS_FOR_GPU if seen.lacks_gpu else Code.WAITS_FOR_ROOM,
        text=f"{taken(seen)}{what}: {seen.lacks}{again(seen)}",
        advice=seen.lacks_hint,
        setting="max_replica" if seen.lacks_gpu else "",
        see="settings" if seen.lacks_gpu else "logs",
        is_refusing=seen.is_refused,
        coming=None,
    )


def restarting(seen: Situation) -> Hindrance | None:
    """A replica is missing, and the next start waits."""
    if not seen.retry_in or seen.serving >= seen.desired:
        return None
    failed = "its last start failed" if seen.failed_starts else "a replica has failed"
    usual = seen.usual_start
    return Hindrance(
        code=Code.RESTARTING,
        text=f"{taken(seen)}{failed}{again(seen)}",
        advice="see its log",
        see="logs",
        coming=None if usual is None else [(seen.retry_in + usual, seen.settings.concurrency_target)],
    )


def ill(seen: Situation) -> Hindrance | None:
    """What may recover takes nothing meanwhile, and counts as there."""
    if not seen.unhealthy:
        return None
    does = verb(seen.unhealthy, "do", "does")
    return Hindrance(
        code=Code.UNHEALTHY,
        text=f"{taken(seen)}{counted(seen.unhealthy, 'replica')} {does} not answer the health check",
        advice="see its log for what blocks it; it comes back or is replaced by itself",
        see="logs",
        coming=None,
    )


def taken(seen: Situation) -> str:
    """How the sentence begins where replicas are ready."""
    if not seen.ready:
        return ""
    return f"{all_slots(seen)} taken; "


def all_slots(seen: Situation) -> str:
    if seen.slots == 1:
        return "the only slot is"
    of = f" of {len(seen.ready)} replicas" if len(seen.ready) > 1 else ""
    return f"all {seen.slots:,} slots{of} are"


def again(seen: Situation) -> str:
    """When the next start is tried."""
    if not seen.retry_in:
        return ""
    refused = ", and requests are refused until then" if seen.is_refused else ""
    return f"; the next try is in {lasting(seen.retry_in)}{refused}"


def starting(seen: Situation) -> str:
    """How far the replica is that was ordered first, by how long starts took."""
    oldest, usual, count = max(one.age for one in seen.starting), seen.usual_start, len(seen.starting)
    more = " more" if seen.ready else ""
    began = f"{count:,}{more} replicas are starting, the first" if count > 1 else "starting"
    if seen.ready and count == 1:
        began = "1 more replica is starting"
    if usual is None:
        return f"{began} for {lasting(oldest)}; how long a start takes was not measured yet"
    if oldest <= usual:
        return f"{began}: {lasting(oldest)} of about {lasting(usual)}"
    limit = f"it is given up after {lasting(seen.start_limit)}"
    return f"{began} for {lasting(oldest)}, longer than the usual {lasting(usual)}; {limit}"
