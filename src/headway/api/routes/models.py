"""Models, and what is done with a whole model."""

from fastapi import APIRouter, status

from headway.api.dependencies import Ops, Plane
from headway.api.schemas import resources, traffic
from headway.api.views.resources import ResourceViews

router = APIRouter(tags=["models"])


@router.get("/v1/models")
async def list_models(plane: Plane) -> resources.Models:
    return ResourceViews(plane).models()


@router.get("/v1/inference")
async def get_inference(plane: Plane) -> traffic.Inference:
    """Where requests go."""
    return traffic.Inference(url=plane.options.inference_url)


@router.get("/v1/models/{model}")
async def get_model(model: str, plane: Plane, operations: Ops) -> resources.Model:
    return ResourceViews(plane).model(operations.catalog.model(model))


@router.delete("/v1/models/{model}", status_code=status.HTTP_202_ACCEPTED)
async def delete_model(model: str, operations: Ops) -> traffic.Success:
    """With its deployments and environments; what is in flight is finished first."""
    await operations.deletions.model(model)
    return traffic.Success()
