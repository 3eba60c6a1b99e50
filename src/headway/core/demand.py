"""What the load that gateways report, as integrals over time, demands: in requests at once, as means over time.

It says nothing of replicas. A backlog is no steady demand: what flows counts by Little's law, and what queues by the
capacity that works it off within backlog_drain.
"""

import math
from dataclasses import dataclass

from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load
from headway.core.window import IntegralWindow

SATURATED_AFTER = 1.0
_FORGIVEN = 1e-6
_READINGS_PER_WINDOW = 600


@dataclass(slots=True)
class _Source:
    """What one life of one gateway reported last, and since when its queue has never been empty."""

    load: Load
    nonempty_since: float | None

    def __deepcopy__(self, _: object) -> "_Source":
        return _Source(self.load, self.nonempty_since)  # a load never changes, and may be compiled


class Demand:
    """Of one deployment, over all gateways."""

    def __init__(self, settings: DeploymentSettings) -> None:
        self._settings = settings
        self._sources: dict[str, _Source] = {}
        self._totals = _Totals()
        self._rates = _Rates(settings.autoscaling_window)
        self.loaded_at = -math.inf
        """When something queued or was in flight last, by the reports."""
        self.reported_at = -math.inf

    @property
    def queued(self) -> int:
        return sum(one.load.queued for one in self._sources.values())

    @property
    def in_flight(self) -> int:
        return sum(one.load.in_flight for one in self._sources.values())

    @property
    def is_saturated(self) -> bool:
        """Whether a queue was never empty for SATURATED_AFTER."""
        return any(
            one.nonempty_since is not None and one.load.at - one.nonempty_since >= SATURATED_AFTER - _FORGIVEN
            for one in self._sources.values()
        )

    def mean(self, now: float, over: float) -> float:
        return self._rates.demand.mean(now, over)

    def mean_of_second(self, now: float) -> float:
        return self._rates.demand_second.mean(now, SATURATED_AFTER)

    def change_settings(self, settings: DeploymentSettings) -> None:
        """At once, without forgetting what was reported."""
        self._settings = settings
        self._rates.change_window(settings.autoscaling_window)

    def record(self, source: str, load: Load) -> None:
        """What a gateway reports, cumulative since its start. A source's first report is what later ones are measured
        against.
        """
        known = self._sources.get(source)
        self.reported_at = max(self.reported_at, load.at)
        if load.queued or load.in_flight:
            self.loaded_at = max(self.loaded_at, load.at)
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
            self.loaded_at = max(self.loaded_at, load.at)
        totals.demand_seconds += self._of(queued, in_flight, load.at) * elapsed
        self._rates.record(load.at, totals)

    def _of(self, queued: float, in_flight: float, at: float) -> float:
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
