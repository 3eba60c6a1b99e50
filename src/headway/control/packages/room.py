"""Whether there is room on the disk for what is pushed; it makes none."""

import os
from pathlib import Path

from headway.core.errors import HeadwayError


class NoRoomError(HeadwayError):
    """The disk is too full to take a push."""

    code = "no_room"


def free_bytes(data_dir: Path) -> int:
    """On the file system of the data directory, for who is not root."""
    status = _status(data_dir)
    return status.f_bavail * status.f_frsize


def total_bytes(data_dir: Path) -> int:
    status = _status(data_dir)
    return status.f_blocks * status.f_frsize


def require_room(data_dir: Path, least_bytes: int, coming_bytes: int = 0) -> None:
    """Raise NoRoomError where less than `least_bytes` are free, or would be when `coming_bytes` have come."""
    free = free_bytes(data_dir)
    if free - coming_bytes >= least_bytes:
        return
    coming = f", and {coming_bytes:,} are to come" if coming_bytes else ""
    raise NoRoomError(
        f"no push is taken: {free:,} bytes are free where {data_dir} lies{coming}, and {least_bytes:,} must stay free",
        hint="headway disk shows what takes how much, headway prune removes what nobody needs; HEADWAY_MIN_FREE is the "
        "least that stays free",
    )


def _status(path: Path) -> os.statvfs_result:
    """Of where it lies, or will lie."""
    return os.statvfs(next(one for one in (path, *path.absolute().parents) if one.exists()))
