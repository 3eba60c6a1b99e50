"""Puts the question what other settings would have made of the recorded traffic, and words the answer."""

import dataclasses
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headway.api import bodies
from headway.api.evidence import Evidence, gather
from headway.api.simulation_schemas import Comparison, Curves, Trial
from headway.api.simulator import Simulator
from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.core.errors import HeadwayError
from headway.core.settings import DeploymentSettings
from headway.observed.timeline import TIERS

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

    evidence: Evidence
    since: float
    until: float
    starts: Sequence[float]
    """What starts of replicas take; what was seen, or assumed."""
    replicas: int | None
    """Ready when it began; None: nobody knows."""
    sampled_out: int
    notes: Sequence[str]


async def tried(
    plane: ControlPlane, simulator: Simulator, asked: bodies.WhatIf, before: Deployment, after: Deployment
) -> Comparison:
    """Raises InvalidRangeError, TooFewRequestsError, and what the simulator raises."""
    places = predict_concurrency(before)
    changed_places = asked.predict_concurrency or places
    variants = {
        "before": (before.scaling_settings, places),
        "after": (after.scaling_settings, changed_places),
    }
    since, until = _range(asked)
    async with simulator.place():
        traffic = await recorded(plane, before.deployment_id, since, until)
        told = await simulated(simulator, traffic, variants, asked.slo)
    return Comparison(
        since=traffic.since,
        until=traffic.until,
        requests=traffic.evidence.requests,
        sampled_out=traffic.sampled_out,
        start_seconds=statistics.median(traffic.starts),
        recorded=told["recorded"],
        before=_trial(told["trials"][0], *variants["before"]),
        after=_trial(told["trials"][1], *variants["after"]),
        warnings=list(after.settings.warnings(changed_places)),
        notes=[*traffic.notes, *_of_places(places, changed_places)],
    )


async def recorded(
    plane: ControlPlane, deployment_id: str, since: float, until: float, *, most: int = MOST_REQUESTS
) -> Traffic:
    """It begins with its first request: what was before, nobody may have recorded.

    Raises TooFewRequestsError.
    """
    evidence = await gather(plane, deployment_id, since, until, most=most)
    served = evidence.served if evidence.knows_predict else evidence.finished
    if served < FEWEST_REQUESTS:
        raise TooFewRequestsError(
            f"{served} finished requests are recorded of that time, too few to simulate",
            hint=f"it takes {FEWEST_REQUESTS}: choose a longer time, or send requests first",
        )
    replicas, ended = _around(plane, deployment_id, evidence.begin, until)
    sampled_out = max(0, ended - evidence.requests) if evidence.requests < _MOSTLY * ended else 0
    around = [] if replicas is not None else [_UNKNOWN]
    starts = plane.supervisor.replicas.start_times(deployment_id)
    return Traffic(
        evidence,
        evidence.begin,
        until,
        starts or (ASSUMED_START,),
        replicas,
        sampled_out,
        [*_of_requests(evidence, since, sampled_out), *around, _of_starts(starts)],
    )


async def simulated(
    simulator: Simulator,
    traffic: Traffic,
    variants: Mapping[str, tuple[DeploymentSettings, int]],
    slo: float | None = None,
) -> dict[str, Any]:
    """What `trials` tells of the variants, which are settings and predict concurrency by name."""
    question = {
        "since": traffic.since,
        "until": traffic.until,
        "start_seconds": list(traffic.starts),
        "slo": slo,
        "knows_predict": traffic.evidence.knows_predict,
        "variants": [
            {
                "name": name,
                "settings": dataclasses.asdict(settings),
                "predict_concurrency": places
                if traffic.evidence.knows_predict
                else settings.concurrency_target,
                "initial_replicas": _at_first(traffic.replicas, settings),
            }
            for name, (settings, places) in variants.items()
        ],
    }
    return await simulator.answer(traffic.evidence.lines, question)


def predict_concurrency(deployment: Deployment) -> int:
    return 1 if deployment.prepared is None else deployment.prepared.predict_concurrency


def _range(asked: bodies.WhatIf) -> tuple[float, float]:
    now = time.time()
    until = now if asked.until is None else min(asked.until, now)
    since = until - asked.seconds if asked.since is None else asked.since
    if not 0 < until - since <= LONGEST:
        raise InvalidRangeError(
            f"from since to until it is {until - since:.0f} s",
            hint=f"a time that has passed, of up to {LONGEST:g} s",
        )
    return since, until


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


def _trial(content: Mapping[str, Any], settings: DeploymentSettings, places: int) -> Trial:
    names = {field.name for field in dataclasses.fields(Trial)}
    told = {name: value for name, value in content.items() if name in names}
    curves = Curves(**told.pop("curves"))
    return Trial(settings=dataclasses.asdict(settings), predict_concurrency=places, curves=curves, **told)


def _of_requests(evidence: Evidence, since: float, sampled_out: int) -> list[str]:
    notes = []
    if evidence.is_cut:
        notes.append(
            f"Only the latest {evidence.requests:,} requests are simulated, from {_clock(evidence.begin)} on."
        )
    elif evidence.begin - since > _AT_ONCE:
        notes.append(f"The first record of that time is from {_clock(evidence.begin)}: it begins there.")
    if not evidence.knows_predict:
        notes.append(
            "The replicas tell no times of predict: all of a request's time there counts as that, and "
            "predict concurrency limits nothing."
        )
    if sampled_out:
        notes.append(
            f"{sampled_out:,} more requests ended in that time without a record, and are missing here: the load was "
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
