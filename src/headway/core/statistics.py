"""Running totals of one deployment: integrals over time that lose nothing between two readings.

Load is never sampled: two readings of the integrals give the exact mean of what lay between them.
"""

from dataclasses import dataclass


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
