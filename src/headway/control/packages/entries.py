"""Content-addressed directories that are built once: complete or not there, whoever else builds at that moment.

An entry counts as built from the moment its manifest exists, whose time of change is that of its last use. What is left
of a broken build is removed by the next. Each has a lock beside it: whoever builds or removes it holds that alone, and
whoever is about to refer to it holds it with others (`holding`).
"""

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from headway.core.errors import HeadwayError

LOCK_TIMEOUT = 3600.0
_LOCK_POLL = 0.1

_held: ContextVar[contextlib.ExitStack | None] = ContextVar("held", default=None)

Progress = Callable[[str], None]
"""Gets one line for people whenever something that takes time begins or moves on."""


class PreparationError(HeadwayError):
    """A Truss that could not be made ready to run; the text holds what the failing tool said."""

    code = "preparation_failed"


@contextlib.contextmanager
def holding() -> Iterator[None]:
    """Whatever entry is built or found within the block, in threads that are begun there too, stays until its end:
    by then somebody has to refer to it.
    """
    if _held.get() is not None:
        yield
        return
    with contextlib.ExitStack() as held:
        token = _held.set(held)
        try:
            yield
        finally:
            _held.reset(token)


def build_once(entry: Path, build: Callable[[Path], Mapping[str, Any]], progress: Progress) -> bool:
    """Have `build` fill the directory `entry` unless it is built already; say whether it had to.

    `build` returns the manifest: what the entry was made of, for people. Raises PreparationError when
    another process holds the entry for longer than `LOCK_TIMEOUT`.
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    was_built = False
    while not _is_found(entry, progress):
        with locked(entry, progress):
            was_built = _built(entry, build) or was_built
    return was_built


def manifest_of(entry: Path) -> Path:
    """The file that makes it a whole one."""
    return entry / "manifest.json"


def note_use(entry: Path) -> None:
    """It is in use now. A disk that does not take that takes no removal either."""
    with contextlib.suppress(OSError):
        os.utime(manifest_of(entry))


def _built(entry: Path, build: Callable[[Path], Mapping[str, Any]]) -> bool:
    """Whether it had to be built."""
    manifest = manifest_of(entry)
    if manifest.exists():
        return False
    shutil.rmtree(entry, ignore_errors=True)
    entry.mkdir()
    content = build(entry)
    unfinished = entry / "manifest.json.unfinished"
    unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    unfinished.replace(manifest)
    return True


def _is_found(entry: Path, progress: Progress) -> bool:
    """Whether it is built; it is held then, if anything is."""
    if not manifest_of(entry).exists():
        return False
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(entry, progress, alone=False))
        except OSError:
            return True  # a disk that takes no lock lets nothing be removed
        if not manifest_of(entry).exists():
            return False
        note_use(entry)
        if (held := _held.get()) is not None:
            held.push(stack.pop_all())
    return True


@contextlib.contextmanager
def locked(entry: Path, progress: Progress, *, alone: bool = True) -> Iterator[None]:
    """Hold the entry's lock; the kernel lets go of it when this process dies."""
    path = lock_of(entry)
    mode = fcntl.LOCK_EX if alone else fcntl.LOCK_SH
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _try_lock(descriptor, mode):
                progress("waiting for another Headway that prepares the same")
                _wait_for_lock(descriptor, path, mode)
            if not _is_at(descriptor, path):
                continue  # it went with its entry
            yield
            return
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def locked_if_free(entry: Path) -> Iterator[bool]:
    """The same for who does not wait: whether it is held."""
    path = lock_of(entry)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield _try_lock(descriptor, fcntl.LOCK_EX) and _is_at(descriptor, path)
    finally:
        os.close(descriptor)


def lock_of(entry: Path) -> Path:
    return entry.with_suffix(".lock")


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the file is still the one of that name: who removes an entry removes its lock too."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _wait_for_lock(descriptor: int, path: Path, mode: int) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT
    while not _try_lock(descriptor, mode):
        if time.monotonic() >= deadline:
            raise PreparationError(
                f"another process has held {path} for {LOCK_TIMEOUT:g} s", hint="see whether it still works"
            )
        time.sleep(_LOCK_POLL)


def _try_lock(descriptor: int, mode: int) -> bool:
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
