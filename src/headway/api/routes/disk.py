"""The disk: what takes how much of it and for what, and the removal of what nobody needs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from headway.api.dependencies import Plane
from headway.api.schemas import administration
from headway.control.disk.documents import disk_document, pruned_document, room_document
from headway.control.disk.usage import usage

router = APIRouter(tags=["disk"])

DryRun = Annotated[bool, Query(description="Only say what would be removed.")]


@router.get("/v1/disk", response_model=administration.Disk)
async def get_disk(plane: Plane) -> dict[str, Any]:
    """What the data directory holds. It looks at every file."""
    options = plane.options
    return disk_document(options.data_dir, options.min_free, await usage(options.data_dir, plane.pruner))


@router.get("/v1/disk/room", response_model=administration.Room)
async def get_room(plane: Plane) -> dict[str, Any]:
    """Whether a push is taken now; refused with the numbers where not."""
    await plane.require_room()
    return room_document(plane.options.data_dir, plane.options.min_free)


@router.post("/v1/disk/prune", response_model=administration.Pruned)
async def prune(plane: Plane, *, dry_run: DryRun = False) -> dict[str, Any]:
    """Remove replaced deployments and files that nobody needs, beyond what is to be kept."""
    return pruned_document(await plane.pruner.prune(dry_run=dry_run), dry_run=dry_run)
