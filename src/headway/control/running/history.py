"""Keeps how each deployment has fared: its requests and load, as gateways report them, and its replicas."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headway.core.stages import Stage
from headway.observed.records import FIRST_BYTE
from headway.observed.saturation.newcomer import Pace
from headway.observed.timeline import SIZES, TOTAL, Point, State, Timeline

Loads = Mapping[str, Mapping[str, Any]]
"""What each gateway reported last of one deployment, by the gateway's name."""


Ends = Mapping[str, Mapping[str, int]]
_NONE: Ends = {}


class LoadHistory:
    """Deployments are known by their ids; `clock` tells seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._timelines: dict[str, Timeline] = {}
        self._paces: dict[str, Pace] = {}
        self._loads: dict[tuple[str, str], Mapping[str, Any]] = {}

    def of(self, deployment_id: str) -> Timeline:
        """Empty for a deployment of which nothing is known."""
        return self._timelines.get(deployment_id) or Timeline()

    def seconds_in_slot(self, deployment_id: str) -> float | None:
        """How long its requests have held their slots lately, on average; None before the first has finished."""
        pace = self._paces.get(deployment_id)
        return None if pace is None else pace.seconds_in_slot(self._clock())

    def queue_share(self, deployment_id: str) -> float:
        """The part of the last seconds in which something of it was queued."""
        pace = self._paces.get(deployment_id)
        return 0.0 if pace is None else pace.queue_share(self._clock())

    def points(self, deployment_id: str, seconds: float) -> tuple[int, list[Point]]:
        """The last so many seconds: the length of a bucket, and the buckets."""
        return self.of(deployment_id).points(seconds, self._clock())

    def between(self, deployment_id: str, since: float, until: float | None) -> tuple[int, list[Point]]:
        """The same for the time from `since` on and before `until`; without one, up to now."""
        step, points = self.points(deployment_id, self._clock() - since)
        end = math.inf if until is None else until
        return step, [one for one in points if one.at + step > since and one.at < end]

    def note_requests(self, rows: Sequence[Mapping[str, Any]], ended: Ends, errors: Ends = _NONE) -> None:
        """What a gateway tells: records of requests, and exactly how many ended, by class of status and by error."""
        now = self._clock()
        for deployment_id, ends in ended.items():
            self._timeline(deployment_id).count(ends, now, errors.get(deployment_id, {}))
        for row in rows:
            self._timeline(row["deployment_id"]).observe(_measured(row), now)

    def note_state(
        self, deployment_id: str, loads: Loads, *, capacity: int, desired: int, ready: int
    ) -> None:
        """What there is now. Loads are integrals over time, so that nothing between two calls is missed."""
        queued = in_flight = held_seconds = queue_seconds = 0.0
        finished = 0
        for gateway, load in loads.items():
            before = self._loads.get((deployment_id, gateway), {})
            self._loads[deployment_id, gateway] = load
            queued += _mean("queued", load, before)
            in_flight += _mean("in_flight", load, before)
            held, count, nonempty = _totals(load, before)
            held_seconds, finished = held_seconds + held, finished + int(count)
            queue_seconds = max(queue_seconds, nonempty)
        pace, now = self._paces.setdefault(deployment_id, Pace()), self._clock()
        pace.add(held_seconds, finished, sum(int(load["in_flight"]) for load in loads.values()), now)
        pace.note_queue(queue_seconds, now)
        state = State(queued, in_flight, capacity, desired, ready)
        self._timeline(deployment_id).note(state, self._clock())

    def take_closed(self) -> list[tuple[str, int, Point]]:
        """What is over since the last time and to be stored: deployment, length of the bucket, bucket."""
        return [
            (deployment_id, step, point)
            for deployment_id, timeline in self._timelines.items()
            for step, point in timeline.take_closed()
        ]

    def restore(self, deployment_id: str, step: int, points: Sequence[Point]) -> None:
        """What a former life of control stored, the oldest first."""
        self._timeline(deployment_id).restore(step, points)

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone."""
        self._timelines.pop(deployment_id, None)
        self._paces.pop(deployment_id, None)
        for known in [one for one in self._loads if one[0] == deployment_id]:
            del self._loads[known]

    def _timeline(self, deployment_id: str) -> Timeline:
        return self._timelines.setdefault(deployment_id, Timeline())


def _mean(name: str, load: Mapping[str, Any], before: Mapping[str, Any]) -> float:
    """Of a quantity since the report before; what it is now where that says nothing."""
    elapsed = load["at"] - before.get("at", load["at"])
    integral = load[f"{name}_seconds"] - before.get(f"{name}_seconds", 0.0)
    if elapsed <= 0 or integral < 0:  # no new report, or another life of the gateway
        return float(load[name])
    return float(integral / elapsed)


_TOTALS = ("held_seconds", "finished", "nonempty_seconds")


def _totals(load: Mapping[str, Any], before: Mapping[str, Any]) -> list[float]:
    """Since the report before: for how long what has finished held its slots, how much that is, and for how long
    something was queued.
    """
    since = [float(load.get(name, 0) - before.get(name, 0)) for name in _TOTALS]
    return since if min(since) >= 0 else _totals(load, {})  # another life of the gateway


def _measured(row: Mapping[str, Any]) -> dict[str, float]:
    """What charts show of a record."""
    seconds, stages = row["seconds"], row["stages"]
    measured = {TOTAL: seconds, **stages, **{name: row[name] for name in SIZES}}
    if Stage.SEND in stages:
        measured[FIRST_BYTE] = max(0.0, seconds - stages[Stage.SEND])
    return measured
