"""Adds to advice what each change would have made of the traffic that it is drawn from, simulated."""

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

from headway.api import schemas
from headway.api.simulator import Simulator
from headway.api.what_if import predict_concurrency, recorded, simulated
from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.core.errors import HeadwayError, InvalidSettingError
from headway.core.settings import DeploymentSettings

_MOST_REQUESTS = 20_000
"""Each change is simulated: some seconds for all of them."""
_PRESENT = "present"


async def added(
    plane: ControlPlane, simulator: Simulator, deployment: Deployment, told: schemas.Advices
) -> schemas.Advices:
    """The same advice where nothing can be simulated, and why."""
    variants = _variants(deployment, told)
    if len(variants) == 1:
        return told
    now = time.time()
    try:
        async with simulator.place():
            traffic = await recorded(
                plane, deployment.deployment_id, now - told.seconds, now, most=_MOST_REQUESTS
            )
            answer = await simulated(simulator, traffic, variants)
    except HeadwayError as error:
        return dataclasses.replace(told, simulation=f"Not simulated: {error.message}.")
    outlooks = dict(zip(variants, map(_outlook, answer["trials"]), strict=True))
    advice = [
        dataclasses.replace(one, before=outlooks[_PRESENT], after=outlooks[one.code])
        if one.code in outlooks
        else one
        for one in told.advice
    ]
    notes = " ".join(traffic.notes)
    return dataclasses.replace(
        told, advice=advice, simulation=f"Simulated on {traffic.evidence.requests:,} requests. {notes}"
    )


def _variants(deployment: Deployment, told: schemas.Advices) -> dict[str, tuple[DeploymentSettings, int]]:
    """The present settings, and those of each advice that names some."""
    places, present = predict_concurrency(deployment), deployment.scaling_settings
    variants = {_PRESENT: (present, places)}
    for one in told.advice:
        try:
            changed = present.with_changes(one.change)
        except InvalidSettingError:  # it is right in principle, and beyond the bounds
            continue
        if changed != present:
            variants[one.code] = changed, places
    return variants


def _outlook(trial: Mapping[str, Any]) -> schemas.Outlook:
    wait, latency = (trial["stages"][stage] or {} for stage in ("wait", "latency"))
    return schemas.Outlook(
        wait_p50=wait.get("p50"),
        wait_p95=wait.get("p95"),
        latency_p95=latency.get("p95"),
        replica_hours=trial["replica_hours"],
    )
