"""Deployments: pushing them, their settings, and what is done with one."""

import dataclasses
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header, Query, Request, Response, status

from headway.api import bodies
from headway.api.dependencies import Found, Ops, Plane
from headway.api.schemas import resources, traffic
from headway.api.settings_schema import settings_schema
from headway.api.uploads import deploy, length_of, read_settings
from headway.api.views.resources import ResourceViews, decision
from headway.control.desired.state import PRODUCTION
from headway.control.operations.operations import Push
from headway.core.errors import InvalidSettingError

router = APIRouter(tags=["deployments"])

_DEPLOYMENTS = "/v1/models/{model}/deployments"
_DEPLOYMENT = _DEPLOYMENTS + "/{deployment}"
_ARCHIVE = {
    "requestBody": {
        "required": True,
        "description": "the Truss's folder as .tar.gz, .tar or .zip",
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_CHANGES = {"requestBody": {"required": True, "content": {"application/json": {"schema": settings_schema()}}}}

EnvironmentName = Annotated[
    str, Query(description="The environment whose place it takes once it is ready; empty for none.")
]
SettingsText = Annotated[str, Query(description="Changes to its first settings, as a JSON object.")]
Name = Annotated[
    str,
    Query(
        description="What to call it; its id if empty.",
        max_length=bodies.MOST_LABEL,
        pattern=bodies.LABEL,
    ),
]


async def _order(
    environment: EnvironmentName = PRODUCTION, settings: SettingsText = "", name: Name = ""
) -> Push:
    return Push(None, environment or None, read_settings(settings), name)


Order = Annotated[Push, Depends(_order)]
"""How the Truss is to be deployed, under its own model_name."""
Changes = Annotated[dict[str, Any], Body()]
IfMatch = Annotated[
    str | None,
    Header(
        description="The settings' version that the change is meant for; * for any.",
        json_schema_extra={"pattern": r'^(\*|(W/)?"[0-9]{1,18}"|[0-9]{1,18})$'},
    ),
]


@router.post("/v1/models", status_code=status.HTTP_202_ACCEPTED, openapi_extra=_ARCHIVE)
async def push_model(request: Request, order: Order, plane: Plane, operations: Ops) -> resources.Deployment:
    """Deploy a Truss under its own model_name."""
    await plane.require_room(length_of(request))
    return ResourceViews(plane).deployment(await deploy(request.stream(), operations, order))


@router.post(_DEPLOYMENTS, status_code=status.HTTP_202_ACCEPTED, openapi_extra=_ARCHIVE)
async def push(
    model: str, request: Request, order: Order, plane: Plane, operations: Ops
) -> resources.Deployment:
    """Deploy a Truss. The answer comes once it is checked; what goes on then is in `status` and `preparation`."""
    await plane.require_room(length_of(request))
    named = dataclasses.replace(order, model=model)
    return ResourceViews(plane).deployment(await deploy(request.stream(), operations, named))


@router.get(_DEPLOYMENTS)
async def list_deployments(model: str, plane: Plane, operations: Ops) -> resources.Deployments:
    found = plane.desired_state.deployments_of(operations.catalog.model(model))
    return resources.Deployments(deployments=[ResourceViews(plane).deployment(one) for one in found])


@router.get(_DEPLOYMENT)
async def get_deployment(found: Found, plane: Plane) -> resources.Deployment:
    """By its id, or by the name of an environment."""
    return ResourceViews(plane).deployment(found)


@router.delete(_DEPLOYMENT, status_code=status.HTTP_202_ACCEPTED)
async def delete_deployment(found: Found, plane: Plane, operations: Ops) -> resources.Deployment:
    """Refused while an environment uses it. What is in flight is finished first."""
    return ResourceViews(plane).deployment(
        await operations.deletions.deployment(found.model, found.deployment_id)
    )


@router.get(_DEPLOYMENT + "/settings")
async def get_settings(found: Found, plane: Plane, response: Response) -> resources.Settings:
    response.headers["etag"] = f'"{found.version}"'
    return ResourceViews(plane).settings(found)


@router.patch(_DEPLOYMENT + "/settings", openapi_extra=_CHANGES)
@router.patch(
    _DEPLOYMENT + "/autoscaling_settings",
    openapi_extra=_CHANGES,
    operation_id="change_autoscaling_settings",
)
async def change_settings(
    found: Found,
    changes: Changes,
    plane: Plane,
    operations: Ops,
    response: Response,
    if_match: IfMatch = None,
) -> resources.SettingsChange:
    """Change some of the settings, at once and without a restart. With If-Match, only what you have seen. `message`
    says whether the gateway goes by them already.
    """
    changed = await operations.change_settings(
        found.model, found.deployment_id, changes, expected=_version(if_match)
    )
    is_in_force = changed.settings == found.settings or await operations.are_in_force(changed)
    answer = ResourceViews(plane).settings_change(found, changed, is_in_force=is_in_force)
    response.headers["etag"] = f'"{answer.version}"'
    return answer


@router.post(_DEPLOYMENT + "/settings/preview", openapi_extra=_CHANGES)
async def preview_settings(
    found: Found, changes: Changes, plane: Plane, operations: Ops
) -> resources.SettingsPreview:
    """What a change of some settings would do at the present load. Nothing is changed."""
    return ResourceViews(plane).settings_preview(
        operations.with_changes(found.model, found.deployment_id, changes)
    )


@router.post(_DEPLOYMENT + "/activate", status_code=status.HTTP_202_ACCEPTED)
async def activate(found: Found, plane: Plane, operations: Ops) -> resources.Deployment:
    """Let it serve again; what failed is tried anew at once."""
    return ResourceViews(plane).deployment(await operations.activate(found.model, found.deployment_id))


@router.post(_DEPLOYMENT + "/deactivate", status_code=status.HTTP_202_ACCEPTED)
async def deactivate(found: Found, plane: Plane, operations: Ops) -> resources.Deployment:
    """Refuse its requests; what is in flight is finished, then its replicas go."""
    return ResourceViews(plane).deployment(await operations.deactivate(found.model, found.deployment_id))


@router.post(_DEPLOYMENT + "/wake", status_code=status.HTTP_202_ACCEPTED)
async def wake(found: Found, plane: Plane, operations: Ops) -> resources.Deployment:
    """Have one replica started now, if there is none."""
    return ResourceViews(plane).deployment(operations.wake(found))


@router.get(_DEPLOYMENT + "/replicas")
async def list_replicas(found: Found, plane: Plane) -> resources.Replicas:
    return ResourceViews(plane).replicas(found.deployment_id)


@router.get(_DEPLOYMENT + "/decisions")
async def list_decisions(
    found: Found,
    plane: Plane,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> traffic.Decisions:
    """Changes of the desired number of replicas with their reasons and inputs, the newest first."""
    persistence = plane.persistence
    await persistence.save()
    rows = await persistence.call(persistence.store.decisions, found.deployment_id, limit=limit)
    return traffic.Decisions(decisions=[decision(row) for row in rows])


def _version(if_match: str | None) -> int | None:
    if if_match is None or if_match.strip() == "*":
        return None
    try:
        return int(if_match.strip().removeprefix("W/").strip('"'))
    except ValueError as error:
        raise InvalidSettingError(
            f"If-Match is {if_match!r}", hint="it is the version of the settings that you saw"
        ) from error
