"""Makes the answers of what has been: how a deployment has fared, and what its traffic says about its settings."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from headway.api.schemas import traffic
from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.observed.advice import FEWEST_REQUESTS, Advice, Observed, advise, observed
from headway.observed.records import STAGES
from headway.observed.timeline import Point
from headway.what_if.advised import Effects, effects
from headway.what_if.comparison import predict_concurrency
from headway.what_if.simulator import Simulator

_MOST_ADVISING = 2_000
"""Records that advice is drawn from: more do not make it better."""
_CLASSES = ("2xx", "4xx", "5xx", "none")


def history(plane: ControlPlane, deployment_id: str, seconds: int) -> traffic.History:
    """By columns, as charts take it; a gap where nothing was told is a point without values."""
    step, points = plane.supervisor.history.points(deployment_id, seconds)
    known = {one.at: one for one in points}
    grid = list(range(int(points[0].at), int(points[-1].at) + 1, step)) if points else []
    rows = [known.get(at) or Point(at) for at in grid]
    classes = sorted({*_CLASSES, *(name for one in points for name in one.ends)})
    stages = [stage for stage in ("total", *STAGES) if any(stage in one.stages for one in points)]
    return traffic.History(
        step=step,
        at=grid,
        queued=[one.queued for one in rows],
        in_flight=[one.in_flight for one in rows],
        capacity=[one.capacity for one in rows],
        desired=[one.desired for one in rows],
        ready=[one.ready for one in rows],
        statuses={
            name: [None if one.at not in known else one.ends.get(name, 0) / step for one in rows]
            for name in classes
        },
        stages={
            stage: {
                name: [one.stages[stage][place] if stage in one.stages else None for one in rows]
                for place, name in enumerate(("p50", "p95", "p99"))
            }
            for stage in stages
        },
    )


async def advice(
    plane: ControlPlane, deployment: Deployment, seconds: int, simulator: Simulator | None
) -> traffic.Advices:
    """What the traffic of the last so many seconds says about the settings; with a simulator, what each change would
    have made of it.
    """
    supervisor = plane.supervisor
    _, points = supervisor.history.points(deployment.deployment_id, seconds)
    records = supervisor.requests.latest(
        deployment.deployment_id, _MOST_ADVISING, since=time.time() - seconds
    )
    seen = observed(records, points)
    found = advise(seen, deployment.settings, predict_concurrency(deployment))
    simulated = Effects("")
    if simulator is not None:
        simulated = await effects(plane, simulator, deployment, found, seconds)
    return traffic.Advices(
        seconds=seconds,
        requests=seen.requests,
        advice=[_advice(one, simulated) for one in found],
        note=_note(seen, found),
        simulation=simulated.note,
    )


def _advice(advice: Advice, simulated: Effects) -> traffic.Advice:
    after = simulated.after.get(advice.code)
    return traffic.Advice(
        code=advice.code,
        title=advice.title,
        text=advice.text,
        arithmetic=list(advice.arithmetic),
        change=dict(advice.change),
        before=_outlook(simulated.before) if simulated.before and after else None,
        after=_outlook(after) if after else None,
    )


def _outlook(trial: Mapping[str, Any]) -> traffic.Outlook:
    wait, latency = (trial["stages"][stage] or {} for stage in ("wait", "latency"))
    return traffic.Outlook(
        wait_p50=wait.get("p50"),
        wait_p95=wait.get("p95"),
        latency_p95=latency.get("p95"),
        replica_hours=trial["replica_hours"],
    )


def _note(seen: Observed, found: Sequence[Advice]) -> str:
    if seen.requests < FEWEST_REQUESTS:
        return (
            f"{seen.requests} requests finished in that time; from {FEWEST_REQUESTS} on there is more to say"
        )
    return "" if found else "nothing to change: the settings fit the traffic"
