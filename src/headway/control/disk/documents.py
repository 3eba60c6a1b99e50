"""What is told of the disk, as JSON: by the API, and by the command where nothing runs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from headway.control.disk.pruning import Removed
from headway.control.disk.usage import Usage
from headway.control.packages.room import free_bytes, total_bytes


def room_document(data_dir: Path, min_free: int) -> dict[str, Any]:
    """Of the file system that the data directory lies on."""
    return {
        "free_bytes": free_bytes(data_dir),
        "total_bytes": total_bytes(data_dir),
        "min_free_bytes": min_free,
    }


def disk_document(data_dir: Path, min_free: int, found: Iterable[Usage]) -> dict[str, Any]:
    return {
        "data_dir": str(data_dir),
        **room_document(data_dir, min_free),
        "entries": [
            {
                "what": one.what,
                "name": one.name,
                "size_bytes": one.size_bytes,
                "used_by": list(one.used_by),
                "last_used_at": None if one.last_use is None else _instant(one.last_use),
            }
            for one in found
        ],
    }


def pruned_document(removed: Sequence[Removed], *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "removed": [
            {"what": one.what, "name": one.name, "size_bytes": one.size_bytes, "reason": one.reason}
            for one in removed
        ],
        "size_bytes": sum(one.size_bytes for one in removed),
    }


def _instant(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
