"""What other settings would have made of the recorded traffic."""

from fastapi import APIRouter, HTTPException, Request

from headway.api import bodies, disconnects
from headway.api.dependencies import Found, Ops, Plane, Simulations
from headway.api.schemas.simulations import Comparison
from headway.api.views import simulations as views
from headway.what_if.comparison import Asked, compared, span

router = APIRouter(tags=["simulations"])


@router.post("/v1/models/{model}/deployments/{deployment}/what-if")
async def try_settings(
    found: Found,
    asked: bodies.WhatIf,
    request: Request,
    plane: Plane,
    operations: Ops,
    simulator: Simulations,
) -> Comparison:
    """Replay the recorded requests of some time, simulated under the present settings and under changed ones.

    Nothing is changed. It takes from a second up to half a minute; one is simulated at a time.
    """
    after = operations.with_changes(found.model, found.deployment_id, asked.changes)
    question = Asked(span(asked.since, asked.until, asked.seconds), asked.predict_concurrency, asked.slo)
    comparing = compared(plane, simulator, found, after, question)
    told = await disconnects.while_there(request, comparing)
    if told is None:
        raise HTTPException(disconnects.STATUS)
    return views.comparison(told)
