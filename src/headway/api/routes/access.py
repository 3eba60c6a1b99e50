"""API keys and models' secrets: both are written here and never read again."""

import time

from fastapi import APIRouter, status

from headway.api import documents, schemas
from headway.api.access import Plane
from headway.control.catalog import NotFoundError
from headway.control.deletions import RefusedError
from headway.control.keys import MANAGE, new_key
from headway.control.plane import ControlPlane
from headway.control.secret_files import SecretFiles, require_name
from headway.control.store.rows import SecretRow
from headway.core.settings import nearest

router = APIRouter(tags=["keys and secrets"])


@router.get("/v1/api_keys")
async def list_keys(plane: Plane) -> schemas.Keys:
    return schemas.Keys(api_keys=[documents.key(row) for row in plane.keyring.rows])


@router.post("/v1/api_keys", status_code=status.HTTP_201_CREATED)
async def create_key(new: schemas.NewKey, plane: Plane) -> schemas.CreatedKey:
    """From the first key on, every call needs one. Only the answer to this call ever shows it."""
    if MANAGE not in new.scopes and not any(MANAGE in row.scopes for row in plane.keyring.rows):
        raise RefusedError(
            "with this key alone nobody could manage Headway", hint="make one with manage first"
        )
    text, row = new_key(new.name, new.scopes, time.time())
    await plane.add_key(row)
    return schemas.CreatedKey(**documents.key(row).model_dump(), api_key=text)


@router.delete("/v1/api_keys/{prefix}")
async def delete_key(prefix: str, plane: Plane) -> schemas.Success:
    """Calls with it are refused from now on."""
    if prefix not in plane.keyring:
        known = [row.prefix for row in plane.keyring.rows]
        raise NotFoundError(f"no key begins with {prefix!r}", hint=nearest(prefix, known))
    _refuse_last(plane, prefix)
    await plane.remove_key(prefix)
    return schemas.Success()


@router.get("/v1/secrets")
async def list_secrets(plane: Plane) -> schemas.Secrets:
    """Their names; values are never shown."""
    rows = _secret_files(plane).names().items()
    return schemas.Secrets(
        secrets=[schemas.Secret(name=name, created_at=schemas.instant(at)) for name, at in rows]
    )


@router.post("/v1/secrets")
async def set_secret(new: schemas.NewSecret, plane: Plane) -> schemas.Secret:
    """Set or replace it. Models see it at their next look, without a restart."""
    require_name(new.name)
    row = SecretRow(new.name, new.value, time.time())
    await plane.set_secret(_secret_files(plane), row)
    return schemas.Secret(name=row.name, created_at=schemas.instant(row.created_at))


@router.delete("/v1/secrets/{name}")
async def delete_secret(name: str, plane: Plane) -> schemas.Success:
    files = _secret_files(plane)
    if name not in files.names():
        raise NotFoundError(f"there is no secret {name!r}", hint=nearest(name, files.names()))
    await plane.remove_secret(files, name)
    return schemas.Success()


def _secret_files(plane: ControlPlane) -> SecretFiles:
    if plane.secret_files is None:
        raise RefusedError(
            f"secrets come from the folder {plane.options.secrets_dir}", hint="put a file there for each"
        )
    return plane.secret_files


def _refuse_last(plane: ControlPlane, prefix: str) -> None:
    """Without keys anybody could manage what can be reached from elsewhere, or nobody could with the rest."""
    managing = [row.prefix for row in plane.keyring.rows if MANAGE in row.scopes]
    is_last_of_all = len(plane.keyring) == 1
    if managing == [prefix] and (plane.options.is_exposed or not is_last_of_all):
        raise RefusedError(f"{prefix} is the last key that may manage", hint="create another one first")
