"""What the load that gateways report, as integrals over time, demands: in requests at once, as means over time.

It says nothing of replicas. A backlog is no steady demand: what flows counts by Little's law, and what queues by the
capacity that works it off within backlog_drain.
"""

import math
from collections import deque
from typing import NamedTuple

from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load
from headway.core.window import IntegralWindow

SATURATED_AFTER = 1.0
SILENT_AFTER = 1.0
"""A gateway that has told nothing for so long is not waited for; what it tells later counts then."""
_FORGIVEN = 1e-6
_READINGS_PER_WINDOW = 600


class Demand:
    """Of one deployment, over all gateways.

    Each gateway reports at instants of its own. What they told is added up until the instant up to which all have
    told it, and only the sum is asked what it demands: however a load lies on gateways, it demands the same.
    """

    def __init__(self, settings: DeploymentSettings) -> None:
        self._settings = settings
        self._sources: dict[str, _Source] = {}
        self._gone: list[_Source] = []
        """Sources that told of instants which are not counted yet."""
        self._counted_at = -math.inf
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

    @property
    def queues_since(self) -> float | None:
        """Since when a queue has not been empty, by the reports; None: there is none."""
        return min(
            (one.nonempty_since for one in self._sources.values() if one.nonempty_since is not None),
            default=None,
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
        self.reported_at = max(self.reported_at, load.at)
        known = self._sources.get(source)
        if known is None:
            self._sources[source] = known = _Source(load)
            is_loaded = False
        else:
            is_loaded = known.add(load)
        if is_loaded or load.queued or load.in_flight:
            self.loaded_at = max(self.loaded_at, load.at)
        self._count()

    def forget(self, source: str) -> None:
        """That life of a gateway is over, and with it whatever it queued and held."""
        gone = self._sources.pop(source, None)
        if gone is not None:
            self._gone.append(gone)
            self._count()

    def _count(self) -> None:
        """Count what all have told of by now. Demand is taken from the means over the time since the last count."""
        at = self._told_until()
        if at <= self._counted_at:
            return
        elapsed = at - self._counted_at
        taken = [source.take(at) for source in (*self._sources.values(), *self._gone)]
        self._gone = [source for source in self._gone if source.load.at > at]
        news = _Amounts(*(sum(column) for column in zip(*taken, strict=True)))
        self._counted_at = at
        demand = self._of(news.queued_seconds / elapsed, news.in_flight_seconds / elapsed, at)
        if demand:  # the first time it is none, over an endless time
            self._totals.demand_seconds += demand * elapsed
        self._totals.add(news)
        self._rates.record(at, self._totals)

    def _told_until(self) -> float:
        """Up to when everything is known of all that are there, but for who is silent."""
        told = [source.load.at for source in self._sources.values()]
        if not told:
            return max((source.load.at for source in self._gone), default=-math.inf)
        return max(min(told), max(told) - SILENT_AFTER)

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


class _Amounts(NamedTuple):
    """What came together over some time."""

    queued_seconds: float
    in_flight_seconds: float
    arrivals: float
    finished: float


class _Source:
    """What one life of one gateway has told, as far as it is not counted: cumulative, even between two reports."""

    def __init__(self, load: Load) -> None:
        self._reports = deque([load])  # the last that is counted as a whole, and those after it
        self._counted = _amounts(load)
        self.nonempty_since = load.at if load.queued else None
        """Since when its queue has never been empty."""

    def __deepcopy__(self, _: object) -> "_Source":
        other = _Source(self.load)
        other._reports = self._reports.copy()  # loads never change, and may be compiled
        other._counted, other.nonempty_since = self._counted, self.nonempty_since
        return other

    @property
    def load(self) -> Load:
        """As told last."""
        return self._reports[-1]

    def add(self, load: Load) -> bool:
        """It tells more, unless what it tells is old. Whether something has queued or been in flight since."""
        before = self.load
        if load.at <= before.at:
            return False
        nonempty = load.nonempty_seconds - before.nonempty_seconds
        if not load.queued:
            self.nonempty_since = None
        elif self.nonempty_since is None or nonempty < load.at - before.at - _FORGIVEN:
            self.nonempty_since = load.at
        self._reports.append(load)
        return (
            load.queued_seconds > before.queued_seconds or load.in_flight_seconds > before.in_flight_seconds
        )

    def take(self, until: float) -> _Amounts:
        """What came since the last time, up to `until`."""
        reports = self._reports
        while len(reports) > 1 and reports[1].at <= until:
            reports.popleft()
        amounts = _amounts(reports[0])
        if len(reports) > 1 and until > reports[0].at:
            part = (until - reports[0].at) / (reports[1].at - reports[0].at)
            pairs = zip(amounts, _amounts(reports[1]), strict=True)
            amounts = _Amounts(*(low + (high - low) * part for low, high in pairs))
        taken = _Amounts(*(new - old for new, old in zip(amounts, self._counted, strict=True)))
        self._counted = amounts
        return taken


def _amounts(load: Load) -> _Amounts:
    return _Amounts(load.queued_seconds, load.in_flight_seconds, load.arrivals, load.finished)


class _Totals:
    """Cumulative over all sources, those that are gone included."""

    __slots__ = ("arrivals", "demand_seconds", "finished", "in_flight_seconds")

    def __init__(self) -> None:
        self.demand_seconds = 0.0
        self.in_flight_seconds = 0.0
        self.arrivals = 0.0
        self.finished = 0.0

    def add(self, news: _Amounts) -> None:
        self.in_flight_seconds += news.in_flight_seconds
        self.arrivals += news.arrivals
        self.finished += news.finished


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
