"""Says whether who comes now waits, as one sentence with what to do and an estimate of the wait; None where a slot is
free. Full slots with an empty queue are no saturation, and neither is a queue that comes now and then
and is gone within a second.
"""

from dataclasses import dataclass
from enum import StrEnum

from headway.core.demand import SATURATED_AFTER
from headway.observed.saturation.full import all_taken, some_free
from headway.observed.saturation.hindrance import Code, Hindrance, See
from headway.observed.saturation.newcomer import wait_for_slot
from headway.observed.saturation.situation import Situation
from headway.observed.saturation.unserved import no_replica, out_of_service
from headway.observed.words import about, lasting

_MOSTLY = 0.5
"""A queue that was there for so much of the last seconds is told at once, though it was empty meanwhile."""
_FELT = 1.0
"""A shorter wait at the gate is not worth a word."""


class Level(StrEnum):
    NOTE = "note"
    """Nobody waits; who comes now would."""
    WAIT = "wait"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """`setting` is the one that the advice is about. That, `advice` and `see` may be empty."""

    code: Code
    level: Level
    text: str
    advice: str
    setting: str
    see: See
    wait_seconds: float | None
    """Of who comes now. None: it is refused, or not known."""
    wait: str
    """The same in words, or why it is not known."""


def saturation(seen: Situation) -> Saturation | None:
    found = _hindrance(seen)
    if found is None:
        return None
    if found.is_refusing:
        return _told(found, Level.REFUSED)
    if _is_queue_full(seen):
        return _told(_refusing(seen, found), Level.REFUSED)
    wait = _wait(seen, found)
    if _is_passing(seen, wait):
        return None
    waits = seen.queued > 0 or found.code is Code.GATE_FULL
    return _told(found, Level.WAIT if waits else Level.NOTE, wait, _in_words(seen, found, wait))


def _hindrance(seen: Situation) -> Hindrance | None:
    if found := out_of_service(seen):
        return found
    if not seen.ready:
        return no_replica(seen)
    return all_taken(seen) if seen.is_full else some_free(seen)


def _is_queue_full(seen: Situation) -> bool:
    """A slot that is free would be given first."""
    return seen.is_gateway_there and seen.is_full and seen.queued >= seen.settings.queue_limit


def _is_passing(seen: Situation, wait: float | None) -> bool:
    """Replicas are ready, and it will be over before anybody has read of it."""
    if not seen.ready or not seen.is_gateway_there:
        return False
    if seen.is_full:
        is_young = seen.queued_for < SATURATED_AFTER and seen.queue_share < _MOSTLY
        return not seen.queued or is_young
    return not seen.queued and wait is not None and wait < _FELT


def _refusing(seen: Situation, found: Hindrance) -> Hindrance:
    """The same with the queue full."""
    limit = seen.settings.queue_limit
    why = f"the queue is full, {limit:,} wait" if limit else "queue_limit is 0, so nothing may wait"
    return Hindrance(
        code=Code.QUEUE_FULL,
        text=f"{why}: requests are refused; {found.text}",
        advice=f"{found.advice}; raise queue_limit to let more wait" if found.advice else "raise queue_limit",
        setting=found.setting or "queue_limit",
        see="settings",
    )


def _wait(seen: Situation, found: Hindrance) -> float | None:
    """In seconds, for a slot; where slots are free, for a place in predict."""
    if not seen.ready:
        coming = found.coming
        return None if coming is None else wait_for_slot(seen.queued, 0, seen.seconds_in_slot, coming)
    if seen.is_full:
        surplus = max(0, seen.held - seen.slots)
        ahead, slots = seen.queued + surplus, seen.slots + surplus
        return wait_for_slot(ahead, slots, seen.seconds_in_slot, found.coming or ())
    if found.code is not Code.GATE_FULL or seen.seconds_in_slot is None:
        return None
    return seen.at_gate * seen.seconds_in_slot / seen.held  # Little's law


def _in_words(seen: Situation, found: Hindrance, wait: float | None) -> str:
    if wait is None:
        return (
            ""
            if found.coming is None
            else "how long who comes now waits is not known: nothing was measured yet"
        )
    limit = seen.settings.queue_timeout
    if wait > limit:
        return f"who comes now would wait {about(wait)}, and queue_timeout ends that after {lasting(limit)}"
    at_most = "at most " if found.coming is None and wait >= 1 else ""
    return f"who comes now waits {at_most}{about(wait)}"


def _told(found: Hindrance, level: Level, wait: float | None = None, words: str = "") -> Saturation:
    return Saturation(
        code=found.code,
        level=level,
        text=found.text,
        advice=found.advice,
        setting=found.setting,
        see=found.see,
        wait_seconds=None if wait is None else round(wait, 1),
        wait=words,
    )
