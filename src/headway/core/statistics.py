"""Running totals of one deployment: integrals over time that lose nothing between two readings, and counts.

Load is never sampled: two readings of the integrals give the exact mean of what lay between them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headway.core.events import Abandoned, Dispatched, Event, Expired, Finished, Lost, Overran, Refused


@dataclass(frozen=True)
class Load:
    """Cumulative since the start: seconds that requests queued and were in flight, seconds with a queue at all."""

    at: float
    queued: int
    in_flight: int
    queued_seconds: float
    in_flight_seconds: float
    nonempty_seconds: float
    arrivals: int
    finished: int
    held_seconds: float = 0.0
    """For which what has finished held its slots."""


class LoadIntegrals:
    """Integrates the number queued and in flight over time. Tell every change with the instant of it."""

    __slots__ = (
        "_at",
        "_in_flight_seconds",
        "_nonempty_seconds",
        "_queued_seconds",
        "arrivals",
        "finished",
        "held_seconds",
    )

    def __init__(self, now: float) -> None:
        self._at = now
        self._queued_seconds = 0.0
        self._in_flight_seconds = 0.0
        self._nonempty_seconds = 0.0
        self.arrivals = 0
        self.finished = 0
        self.held_seconds = 0.0

    def advance(self, now: float, queued: int, in_flight: int) -> None:
        """Up to `now` there were so many queued and in flight. Call before they change."""
        elapsed = now - self._at
        if elapsed > 0:
            self._at = now
            self._in_flight_seconds += elapsed * in_flight
            if queued:
                self._queued_seconds += elapsed * queued
                self._nonempty_seconds += elapsed

    def load(self, now: float, queued: int, in_flight: int) -> Load:
        self.advance(now, queued, in_flight)
        return Load(
            at=now,
            queued=queued,
            in_flight=in_flight,
            queued_seconds=self._queued_seconds,
            in_flight_seconds=self._in_flight_seconds,
            nonempty_seconds=self._nonempty_seconds,
            arrivals=self.arrivals,
            finished=self.finished,
            held_seconds=self.held_seconds,
        )


@dataclass
class Counts:
    """How often each thing has happened to requests, folded from events."""

    dispatched: int = 0
    finished: int = 0
    refused: int = 0
    expired: int = 0
    overran: int = 0
    abandoned: int = 0
    lost: int = 0
    queue_seconds: float = 0.0
    held_seconds: float = 0.0

    def fold(self, events: Iterable[Event[Any]]) -> None:
        for event in events:
            name = _COUNTED.get(type(event))
            if name is not None:
                setattr(self, name, getattr(self, name) + 1)
            if isinstance(event, Dispatched):
                self.queue_seconds += event.waited
            elif isinstance(event, Finished):
                self.held_seconds += event.held


_COUNTED: dict[type, str] = {
    Dispatched: "dispatched",
    Finished: "finished",
    Refused: "refused",
    Expired: "expired",
    Overran: "overran",
    Abandoned: "abandoned",
    Lost: "lost",
}
