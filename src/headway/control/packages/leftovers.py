"""Which entries of a data directory somebody refers to, and how one that nobody does is removed: at any moment, whoever
else builds or refers, and so that a kill in the middle leaves nothing that counts as an entry.

Whose turn it is, is decided elsewhere.
"""

import contextlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from headway.control.packages.entries import lock_of, locked_if_free, manifest_of

KINDS = ("snapshots", "environments", "downloads")
TRASH = ".trash-"
"""What a name begins with that is being removed."""
_BLOCK_BYTES = 512


def entries_of(data_dir: Path, kind: str) -> Iterator[Path]:
    """Built or begun. None where the folder is a link: others may share what is in it."""
    folder = data_dir / kind
    with contextlib.suppress(OSError):
        if not folder.is_symlink():
            yield from (
                path for path in sorted(folder.iterdir()) if path.is_dir() and not path.name.startswith(TRASH)
            )


def referred_to(data_dir: Path, paths: Iterable[Path]) -> set[Path]:
    """The entries that `paths` lie in, with those that these need."""
    found: set[Path] = set()
    waiting = [*paths]
    while waiting:
        entry = _entry_of(data_dir, waiting.pop())
        if entry is not None and entry not in found:
            found.add(entry)
            waiting += _needed(data_dir, entry)
    return found


def unused_since(entry: Path) -> float:
    """Seconds since 1970; 0 for one that was never finished."""
    try:
        return manifest_of(entry).stat().st_mtime
    except OSError:
        return 0.0


def remove(entry: Path, is_used: Callable[[Path], bool]) -> bool:
    """Whether it is gone. `is_used` is asked while nobody can begin to refer to it."""
    with locked_if_free(entry) as is_held:
        if not is_held or is_used(entry):
            return False
        trash = into_trash(entry)
        lock_of(entry).unlink(missing_ok=True)
    discard(trash)
    return True


def is_free(entry: Path) -> bool:
    """Whether nobody builds it or is about to refer to it."""
    with locked_if_free(entry) as is_held:
        return is_held


def into_trash(path: Path) -> Path:
    """Rename it, so that it is gone at once; `discard` what comes back."""
    trash = path.with_name(f"{TRASH}{path.name}-{time.time_ns()}")
    path.rename(trash)
    return trash


def sweep(folder: Path) -> None:
    """Discard what a removal that was killed has left, and locks of what is not there."""
    with contextlib.suppress(OSError):
        if folder.is_symlink():
            return
        for path in folder.iterdir():
            if path.name.startswith(TRASH):
                discard(path)
            elif path.suffix == ".lock" and not path.with_suffix("").exists():
                with locked_if_free(path.with_suffix("")) as is_held:
                    if is_held and not path.with_suffix("").exists():
                        path.unlink(missing_ok=True)


def discard(path: Path) -> None:
    """Remove it with all that is in it, whoever may write there. Raises OSError."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except PermissionError:
        for parent, _, _ in os.walk(path):
            Path(parent).chmod(0o700)
        shutil.rmtree(path)


def size_of(path: Path) -> int:
    """Bytes that it takes on the disk; what has several names in it counts once."""
    seen: set[tuple[int, int]] = set()
    size = 0
    for one in _all_in(path):
        with contextlib.suppress(OSError):
            status = one.lstat()
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                size += status.st_blocks * _BLOCK_BYTES
    return size


def _all_in(path: Path) -> Iterator[Path]:
    """With itself. What goes meanwhile is passed over, and no link is followed."""
    yield path
    if not path.is_symlink():
        for parent, folders, names in os.walk(path):
            yield from (Path(parent, name) for name in (*folders, *names))


def _entry_of(data_dir: Path, path: Path) -> Path | None:
    for top in (data_dir, data_dir.resolve()):
        if path.is_relative_to(top):
            kind, *rest = path.relative_to(top).parts or ("",)
            return data_dir / kind / rest[0] if kind in KINDS and rest else None
    return None


def _needed(data_dir: Path, entry: Path) -> list[Path]:
    """What an entry leads to: a snapshot to downloads, an environment to the Truss that it was made for."""
    try:
        manifest = json.loads(manifest_of(entry).read_bytes())
    except (OSError, ValueError):
        return []
    needed = [Path(source) for source in manifest.get("links", {}).values()]
    if snapshot := manifest.get("snapshot"):
        needed.append(data_dir / "snapshots" / snapshot)
    return needed
