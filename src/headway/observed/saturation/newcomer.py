"""How long who comes now waits for a slot, from what queues, the slots and the time that a request holds one: pure.

It is an estimate of what happens if all goes on as lately. A slot that frees, and each slot of a replica that becomes
ready, takes the head of the queue.
"""

from collections.abc import Iterable

from headway.core.window import IntegralWindow

MEASURED_OVER = 60.0
_LATELY = 10.0
_RESOLUTION = 1.0


class Pace:
    """How long requests of one deployment hold their slots, and how much of the time some are queued."""

    def __init__(self) -> None:
        self._held = IntegralWindow(MEASURED_OVER, _RESOLUTION)
        self._finished = IntegralWindow(MEASURED_OVER, _RESOLUTION)
        self._queue = IntegralWindow(_LATELY)
        self._held_seconds = 0.0
        self._queue_seconds = 0.0
        self._count = 0
        self._still_since: float | None = None
        """Since when something is in flight and nothing has finished."""

    def add(self, held_seconds: float, finished: int, in_flight: int, now: float) -> None:
        """So many have finished since the last time, and held slots for so long together; so many are in flight."""
        self._held_seconds += held_seconds
        self._count += finished
        if finished or not in_flight:
            self._still_since = None
        if in_flight and self._still_since is None:
            self._still_since = now
        self._held.record(now, self._held_seconds)
        self._finished.record(now, self._count)

    def note_queue(self, seconds: float, now: float) -> None:
        """For so long since the last time something was queued."""
        self._queue_seconds += seconds
        self._queue.record(now, self._queue_seconds)

    def queue_share(self, now: float) -> float:
        """Of the last seconds, the part in which something was queued."""
        return min(1.0, self._queue.mean(now, _LATELY))

    def seconds_in_slot(self, now: float) -> float | None:
        """The mean of those that have finished in the last minute, else of all, and no less than what is in flight has
        taken by now; None before the first.
        """
        if not self._count:
            return None
        finished = self._finished.mean(now, MEASURED_OVER)
        lately = (
            self._held.mean(now, MEASURED_OVER) / finished if finished else self._held_seconds / self._count
        )
        return lately if self._still_since is None else max(lately, now - self._still_since)


Coming = tuple[float, int]
"""Replicas that will be ready: in so many seconds, with so many slots."""


def wait_for_slot(
    ahead: int, slots: int, seconds_in_slot: float | None, coming: Iterable[Coming] = ()
) -> float | None:
    """Seconds until a request with `ahead` before it has a slot, all `slots` being taken. None where nothing says so:
    no slot is there or comes, or it is not known how long one is held.

    Slots free at `slots / seconds_in_slot` a second. A replica that comes takes as many from the queue at once as it
    has slots; from then on there are more to free.
    """
    left, now = float(ahead + 1), 0.0
    for at, more in sorted(coming):
        freed = _freed(at - now, slots, seconds_in_slot)
        if freed is None:
            return None
        if freed >= left:
            break
        left, now, slots = left - freed - more, at, slots + more
        if left <= 0:
            return at
    if not slots or seconds_in_slot is None:
        return None
    return now + left * seconds_in_slot / slots


def _freed(seconds: float, slots: int, seconds_in_slot: float | None) -> float | None:
    """How many slots free meanwhile."""
    if not slots or seconds <= 0:
        return 0.0
    if seconds_in_slot is None:
        return None
    return seconds * slots / seconds_in_slot if seconds_in_slot else float("inf")
