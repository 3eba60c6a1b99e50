"""Environments, and promoting deployments into them."""

from fastapi import APIRouter, status

from headway.api import bodies
from headway.api.dependencies import Ops, Plane
from headway.api.schemas import resources, traffic
from headway.api.views.resources import ResourceViews
from headway.control.desired.state import PRODUCTION

router = APIRouter(tags=["environments"])

_ENVIRONMENTS = "/v1/models/{model}/environments"


@router.get(_ENVIRONMENTS)
async def list_environments(model: str, plane: Plane, operations: Ops) -> resources.Environments:
    found = plane.desired_state.environments_of(operations.catalog.model(model))
    return resources.Environments(environments=[ResourceViews(plane).environment(one) for one in found])


@router.post(_ENVIRONMENTS, status_code=status.HTTP_201_CREATED)
async def create_environment(
    model: str, new: bodies.NewEnvironment, plane: Plane, operations: Ops
) -> resources.Environment:
    return ResourceViews(plane).environment(await operations.create_environment(model, new.name))


@router.get(_ENVIRONMENTS + "/{environment}")
async def get_environment(
    model: str, environment: str, plane: Plane, operations: Ops
) -> resources.Environment:
    return ResourceViews(plane).environment(operations.catalog.environment(model, environment))


@router.delete(_ENVIRONMENTS + "/{environment}")
async def delete_environment(model: str, environment: str, operations: Ops) -> traffic.Success:
    """Its deployment stays, reached by its id."""
    await operations.deletions.environment(model, environment)
    return traffic.Success()


@router.post(_ENVIRONMENTS + "/{environment}/promote", status_code=status.HTTP_202_ACCEPTED)
async def promote_into_environment(
    model: str, environment: str, promotion: bodies.Promotion, plane: Plane, operations: Ops
) -> resources.Environment:
    """The deployment takes the environment's place as soon as it is ready; until then the present one serves."""
    moved = await operations.promote(model, environment, promotion.deployment_id)
    return ResourceViews(plane).environment(moved)


@router.post("/v1/models/{model}/deployments/{deployment}/promote", status_code=status.HTTP_202_ACCEPTED)
async def promote(model: str, deployment: str, plane: Plane, operations: Ops) -> resources.Environment:
    """Into production."""
    return ResourceViews(plane).environment(await operations.promote(model, PRODUCTION, deployment))
