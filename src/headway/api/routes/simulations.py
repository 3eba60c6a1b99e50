"""What other settings would have made of the recorded traffic."""

from fastapi import APIRouter, HTTPException, Request

from headway.api import bodies, what_if
from headway.api import disconnects as leaving
from headway.api.dependencies import Found, Ops, Plane, Simulations
from headway.api.simulation_schemas import Comparison

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
    told = await leaving.while_there(request, what_if.tried(plane, simulator, asked, found, after))
    if told is None:
        raise HTTPException(leaving.STATUS)
    return told
