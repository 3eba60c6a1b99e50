"""Content-addressed directories that are built once: complete or not there, whoever else builds at that moment.

An entry counts as built from the moment its manifest exists. What is left of a broken build is removed by the next.
"""

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from headway.core.errors import HeadwayError

LOCK_TIMEOUT = 3600.0
_LOCK_POLL = 0.1

Progress = Callable[[str], None]
"""Gets one line for people whenever something that takes time begins or moves on."""


class PreparationError(HeadwayError):
    """A Truss that could not be made ready to run; the text holds what the failing tool said."""

    code = "preparation_failed"


def build_once(entry: Path, build: Callable[[Path], Mapping[str, Any]], progress: Progress) -> bool:
    """Have `build` fill the directory `entry` unless it is built already; say whether it had to.

    `build` returns the manifest: what the entry was made of, for people. Raises PreparationError when
    another process holds the entry for longer than `LOCK_TIMEOUT`.
    """
    manifest = entry / "manifest.json"
    if manifest.exists():
        return False
    entry.parent.mkdir(parents=True, exist_ok=True)
    with _locked(entry.with_suffix(".lock"), progress):
        if manifest.exists():
            return False
        shutil.rmtree(entry, ignore_errors=True)
        entry.mkdir()
        content = build(entry)
        unfinished = entry / "manifest.json.unfinished"
        unfinished.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        unfinished.replace(manifest)
    return True


@contextlib.contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """Hold the lock file at `path`; the kernel lets go of it when this process dies."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if not _try_lock(descriptor):
            progress("waiting for another Headway that prepares the same")
            _wait_for_lock(descriptor, path)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT
    while not _try_lock(descriptor):
        if time.monotonic() >= deadline:
            raise PreparationError(
                f"another process has held {path} for {LOCK_TIMEOUT:g} s", hint="see whether it still works"
            )
        time.sleep(_LOCK_POLL)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
