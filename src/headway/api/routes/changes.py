"""Who changed what of a model, and when."""

from typing import Annotated

from fastapi import APIRouter, Query

from headway.api.dependencies import Found, Ops, Plane
from headway.api.schemas import changes
from headway.api.views.changes import newest

router = APIRouter(tags=["changes"])

Limit = Annotated[int, Query(ge=1, le=1000)]
OlderThan = Annotated[
    int | None, Query(ge=0, le=2**53, description="Only those before this one, by its `id`: the next page.")
]


@router.get("/v1/models/{model}/changes")
async def list_changes(
    model: str, plane: Plane, operations: Ops, limit: Limit = 100, older_than: OlderThan = None
) -> changes.Changes:
    """Who changed what of the model, its environments and deployments, the newest first; the latest 5000, of each
    deployment 500. They go with the model.
    """
    return await newest(plane, operations.catalog.model(model), None, limit, older_than)


@router.get("/v1/models/{model}/deployments/{deployment}/changes")
async def list_deployment_changes(
    found: Found, plane: Plane, limit: Limit = 100, older_than: OlderThan = None
) -> changes.Changes:
    """The same of one deployment."""
    return await newest(plane, found.model, found.deployment_id, limit, older_than)
