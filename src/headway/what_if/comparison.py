"""Compares the present settings with others on the recorded traffic of some time, simulated."""

import dataclasses
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.core.errors import HeadwayError
from headway.core.settings import DeploymentSettings
from headway.observed.timeline import TIERS
from headway.observed.words import counted, verb
from headway.what_if.replayed import Replayed, gather
from headway.what_if.simulator import Simulator

FEWEST_REQUESTS = 20
"""Below that nothing is simulated: chance would decide."""
MOST_REQUESTS = 100_000
"""About 15 seconds of simulation."""
LONGEST = 86_400.0
ASSUMED_START = 10.0
"""Where no start was seen; seconds."""
_MOSTLY = 0.95
_AT_ONCE = 1.0
_A_BUCKET = TIERS[-1][0]
_UNKNOWN = (
    "How many replicas there were then is not known any more, nor whether more requests came than are recorded: it "
    "begins with min_replica."
)


class InvalidRangeError(HeadwayError):
    """The time that is asked about is none."""

    code = "invalid_range"


class TooFewRequestsError(HeadwayError):
    """Nothing can be said of so little traffic."""

    code = "too_few_requests"


@dataclass(frozen=True, slots=True)
class Traffic:
    """The recorded requests of one deployment and what was around them."""

    replayed: Replayed
    since: float
    until: float
    starts: Sequence[float]
    """What starts of replicas take; what was seen, or assumed."""
    replicas: int | None
    """Ready when it began; None: nobody knows."""
    sampled_out: int
    notes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Tried:
    """Settings, and what the simulation tells of them (`planner.simulation.report.summary`, with curves)."""

    settings: DeploymentSettings
    predict_concurrency: int
    told: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the recorded requests of some time would have met."""

    traffic: Traffic
    recorded: Mapping[str, Any]
    """How they fared in truth: quantiles by stage, seconds."""
    before: Tried
    after: Tried
    notes: Sequence[str]
    """What was assumed, and what was left out."""


@dataclass(frozen=True, slots=True)
class Asked:
    """`span` is when the requests arrived, two instants in seconds since 1970; longer than `slo` seconds is a miss."""

    span: tuple[float, float]
    predict_concurrency: int | None = None
    """None: the present one."""
    slo: float | None = None


async def compared(
    plane: ControlPlane, simulator: Simulator, before: Deployment, after: Deployment, asked: Asked
) -> Comparison:
    """Raises TooFewRequestsError, and what the simulator raises."""
    places = predict_concurrency(before)
    changed_places = asked.predict_concurrency or places
    variants = {
        "before": (before.scaling_settings, places),
        "after": (after.scaling_settings, changed_places),
    }
    async with simulator.place():
        traffic = await recorded(plane, before.deployment_id, *asked.span)
        told = await simulated(simulator, traffic, variants, asked.slo)
    first, second = (
        Tried(*variant, trial) for variant, trial in zip(variants.values(), told["trials"], strict=True)
    )
    notes = [*traffic.notes, *_of_places(places, changed_places)]
    return Comparison(traffic, told["recorded"], first, second, notes)


def span(since: float | None, until: float | None, seconds: float) -> tuple[float, float]:
    """The time that is asked about: up to now, and `seconds` long, where nothing else is said.

    Raises InvalidRangeError.
    """
    now = time.time()
    end = now if until is None else min(until, now)
    begin = end - seconds if since is None else since
    if not 0 < end - begin <= LONGEST:
        raise InvalidRangeError(
            f"from since to until it is {end - begin:.0f} s",
            hint=f"a time that has passed, of up to {LONGEST:g} s",
        )
    return begin, end


async def recorded(
    plane: ControlPlane, deployment_id: str, since: float, until: float, *, most: int = MOST_REQUESTS
) -> Traffic:
    """It begins with its first request: what was before, nobody may have recorded.

    Raises TooFewRequestsError.
    """
    replayed = await gather(plane, deployment_id, since, until, most=most)
    served = replayed.served if replayed.knows_predict else replayed.finished
    if served < FEWEST_REQUESTS:
        raise TooFewRequestsError(
            f"{counted(served, 'finished request')} {verb(served, 'are', 'is')} recorded of that time: "
            "too few to simulate",
            hint=f"it takes {FEWEST_REQUESTS}: choose a longer time, or send requests first",
        )
    replicas, ended = _around(plane, deployment_id, replayed.begin, until)
    sampled_out = max(0, ended - replayed.requests) if replayed.requests < _MOSTLY * ended else 0
    around = [] if replicas is not None else [_UNKNOWN]
    starts = plane.supervisor.replicas.start_times(deployment_id)
    return Traffic(
        replayed,
        replayed.begin,
        until,
        starts or (ASSUMED_START,),
        replicas,
        sampled_out,
        [*_of_requests(replayed, since, sampled_out), *around, _of_starts(starts)],
    )


async def simulated(
    simulator: Simulator,
    traffic: Traffic,
    variants: Mapping[str, tuple[DeploymentSettings, int]],
    slo: float | None = None,
) -> dict[str, Any]:
    """What `worker` tells of the variants, which are settings and predict concurrency by name."""
    question = {
        "since": traffic.since,
        "until": traffic.until,
        "start_seconds": list(traffic.starts),
        "slo": slo,
        "knows_predict": traffic.replayed.knows_predict,
        "variants": [
            {
                "name": name,
                "settings": dataclasses.asdict(settings),
                "predict_concurrency": places
                if traffic.replayed.knows_predict
                else settings.concurrency_target,
                "initial_replicas": _at_first(traffic.replicas, settings),
            }
            for name, (settings, places) in variants.items()
        ],
    }
    return await simulator.answer(traffic.replayed.lines, question)


def predict_concurrency(deployment: Deployment) -> int:
    return 1 if deployment.prepared is None else deployment.prepared.predict_concurrency


def _around(plane: ControlPlane, deployment_id: str, since: float, until: float) -> tuple[int | None, int]:
    """How many replicas were ready when it began, and how many requests have ended in that time, at least."""
    step, kept = plane.supervisor.history.points(deployment_id, time.time() - since + _A_BUCKET)
    points = [one for one in kept if one.at < until]
    earlier = [one.ready for one in points if one.at + step <= since]
    ready = [*earlier[-1:], *(one.ready for one in points if since < one.at + step)]
    ended = sum(sum(one.ends.values()) for one in points if since <= one.at and one.at + step <= until)
    return next((one for one in ready if one is not None), None), ended


def _at_first(replicas: int | None, settings: DeploymentSettings) -> int:
    """As many as there were, where these settings allow that."""
    least, most = settings.min_replica, settings.max_replica
    return least if replicas is None else max(least, min(replicas, most))


def _of_requests(replayed: Replayed, since: float, sampled_out: int) -> list[str]:
    notes = []
    if replayed.is_cut:
        notes.append(
            f"Of the requests only the latest {replayed.requests:,} {verb(replayed.requests, 'are', 'is')} simulated, "
            f"from {_clock(replayed.begin)} on."
        )
    elif replayed.begin - since > _AT_ONCE:
        notes.append(f"The first record of that time is from {_clock(replayed.begin)}: it begins there.")
    if not replayed.knows_predict:
        notes.append(
            "The replicas tell no times of predict: all of a request's time there counts as that, and "
            "predict concurrency limits nothing."
        )
    if sampled_out:
        notes.append(
            f"{counted(sampled_out, 'more request')} ended in that time without a record, and "
            f"{verb(sampled_out, 'are', 'is')} missing here: the load was "
            "higher than what is simulated."
        )
    return notes


def _of_starts(starts: Sequence[float]) -> str:
    if not starts:
        return (
            f"Replicas are taken to start within {ASSUMED_START:g} s: none has started since control began."
        )
    count = len(starts)
    last = "the last one" if count == 1 else f"the last {count}"
    return f"Replicas start as {last} did, in {statistics.median(starts):.2g} s{'' if count == 1 else ' (median)'}."


def _of_places(present: int, tried: int) -> list[str]:
    if tried == present:
        return []
    return [
        f"Predict is taken to run as fast with {tried} at once as it did with {present}: "
        "whether it does, headway tune measures.",
    ]


def _clock(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))
