"""Tells files that a disk has from devices and from what the kernel makes up as it is read: those have no end, or no
contents that could be kept.
"""

from pathlib import Path

from headway.model_server.truss.truss_config import InvalidTrussError

_UNREAL = (Path("/proc"), Path("/sys"), Path("/dev"))
_REAL_ALL_THE_SAME = Path("/dev/shm")  # noqa: S108  # a disk in memory


def is_real(path: Path) -> bool:
    """Whether it is no device, and nothing that the kernel makes up as it is read. Raises OSError."""
    path = path.resolve()
    if path.is_relative_to(_REAL_ALL_THE_SAME):
        return True
    if any(path.is_relative_to(one) for one in _UNREAL):
        return False
    return not (path.is_char_device() or path.is_block_device())


def require_real(field: str, path: Path) -> None:
    """Raise InvalidTrussError unless it is on a disk, or not at all."""
    try:
        if is_real(path):
            return
    except (OSError, RuntimeError, ValueError) as error:  # links in a circle, a name that none can have
        raise InvalidTrussError(f"{field}: {str(path)!r} is no path: {error}") from error
    raise InvalidTrussError(
        f"{field}: {path} is a device or made up by the kernel, no file that could be kept",
        hint="name files and folders of a disk; /proc, /sys and /dev have none",
    )
