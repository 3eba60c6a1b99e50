"""Makes the answers of what has been: requests, how a deployment has fared, what its traffic says of its settings."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from headway.api.schemas import traffic
from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.observed.advice import FEWEST_REQUESTS, Advice, Observed, advise, observed
from headway.observed.records import ERRORS, FIRST_BYTE, STAGES, RequestRecord
from headway.observed.selection import SHARES, Page, Wanted, counts, select
from headway.observed.timeline import SIZES, TOTAL, Point, Quantiles
from headway.observed.words import counted
from headway.what_if.advised import Effects, effects
from headway.what_if.comparison import predict_concurrency
from headway.what_if.simulator import Simulator

_MOST_ADVISING = 2_000
"""Records that advice is drawn from: more do not make it better."""
_CLASSES = ("2xx", "4xx", "5xx", "none")


async def requests(plane: ControlPlane, deployment_id: str, wanted: Wanted, page: Page) -> traffic.Requests:
    """A page of the records that fit, with what all that fit, and all that are kept, say."""
    lately = plane.supervisor.requests
    kept = lately.kept(deployment_id)
    # Of ten thousand it takes 40 ms, in which control has other things to do.
    selection, counted = await asyncio.to_thread(lambda: (select(kept, wanted, page), counts(kept)))
    return traffic.Requests(
        requests=[told(one) for one in selection.records],
        matched=selection.matched,
        times={name: traffic.Quantiles(**its) for name, its in selection.times.items()},
        kept=len(kept),
        counts=traffic.Kept(**counted),
        sampled_out=lately.sampled_out(deployment_id),
    )


def told(record: RequestRecord) -> traffic.RequestRecord:
    """One request."""
    return traffic.RequestRecord(
        **{**record.as_row(), "outcome": record.outcome},
        ended_at=round(record.ended_at, 6),
        first_byte=record.first_byte,
    )


def history(plane: ControlPlane, deployment_id: str, since: float, until: float | None) -> traffic.History:
    """By columns, as charts take it; a gap where nothing was told is a point without values."""
    step, points = plane.supervisor.history.between(deployment_id, since, until)
    known = {one.at: one for one in points}
    grid = list(range(int(points[0].at), int(points[-1].at) + 1, step)) if points else []
    rows = [known.get(at) or Point(at) for at in grid]
    classes = sorted({*_CLASSES, *(name for one in points for name in one.ends)})

    def rates(of: Callable[[Point], Mapping[str, int]], names: Sequence[str]) -> dict[str, traffic.Column]:
        return {
            name: [None if one.at not in known else of(one).get(name, 0) / step for one in rows]
            for name in names
        }

    return traffic.History(
        step=step,
        at=grid,
        queued=[one.queued for one in rows],
        in_flight=[one.in_flight for one in rows],
        capacity=[one.capacity for one in rows],
        desired=[one.desired for one in rows],
        ready=[one.ready for one in rows],
        statuses=rates(lambda one: one.ends, classes),
        errors=rates(lambda one: one.errors, ERRORS),
        stages=_quantiles([one.stages for one in rows], (TOTAL, FIRST_BYTE, *STAGES)),
        sizes=_quantiles([one.sizes for one in rows], SIZES),
    )


def _quantiles(
    rows: Sequence[Mapping[str, Quantiles]], names: Sequence[str]
) -> dict[str, dict[str, traffic.Column]]:
    """Of what any of the rows tells."""
    return {
        name: {
            label: [row[name][place] if name in row else None for row in rows]
            for place, label in enumerate(SHARES)
        }
        for name in names
        if any(name in row for row in rows)
    }


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
        finished = counted(seen.requests, "request")
        return f"{finished} finished in that time; from {FEWEST_REQUESTS} on there is more to say"
    return "" if found else "nothing to change: the settings fit the traffic"
