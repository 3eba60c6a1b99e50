"""API keys and models' secrets: both are written here and never read again."""

import dataclasses

from fastapi import APIRouter, status

from headway.api import bodies
from headway.api.dependencies import Plane
from headway.api.schemas import administration, traffic
from headway.api.views import resources as documents

router = APIRouter(tags=["keys and secrets"])


@router.get("/v1/api_keys")
async def list_keys(plane: Plane) -> administration.Keys:
    return administration.Keys(api_keys=[documents.key(row) for row in plane.credentials.keyring.rows])


@router.post("/v1/api_keys", status_code=status.HTTP_201_CREATED)
async def create_key(new: bodies.NewKey, plane: Plane) -> administration.CreatedKey:
    """From the first key on, every call needs one. Only the answer to this call ever shows it."""
    key, row = await plane.credentials.create_key(new.name, new.scopes)
    return administration.CreatedKey(**dataclasses.asdict(documents.key(row)), api_key=key)


@router.delete("/v1/api_keys/{prefix}")
async def delete_key(prefix: str, plane: Plane) -> traffic.Success:
    """Calls with it are refused from now on."""
    await plane.credentials.delete_key(prefix)
    return traffic.Success()


@router.get("/v1/secrets")
async def list_secrets(plane: Plane) -> administration.Secrets:
    """Their names; values are never shown."""
    rows = plane.credentials.secret_files.names().items()
    return administration.Secrets(
        secrets=[administration.Secret(name=name, created_at=traffic.instant(at)) for name, at in rows]
    )


@router.post("/v1/secrets")
async def set_secret(new: bodies.NewSecret, plane: Plane) -> administration.Secret:
    """Set or replace it. Models see it at their next look, without a restart."""
    row = await plane.credentials.set_secret(new.name, new.value)
    return administration.Secret(name=row.name, created_at=traffic.instant(row.created_at))


@router.delete("/v1/secrets/{name}")
async def delete_secret(name: str, plane: Plane) -> traffic.Success:
    await plane.credentials.delete_secret(name)
    return traffic.Success()
