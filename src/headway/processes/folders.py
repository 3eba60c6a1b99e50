"""The folders that one Headway has for itself while it runs, and who else may have them: nobody."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from headway.configuration import Configuration
from headway.processes.listening import RootError


@contextlib.contextmanager
def sole_user_of(data_directory: Path) -> Iterator[None]:
    """Hold the data directory's lock; the kernel lets go of it when this process dies."""
    with in_words(f"cannot use {data_directory}"):
        data_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data_directory / "headway.lock").open("a")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RootError(
                f"another Headway runs on {data_directory}",
                hint="stop it, or choose another directory with --data-dir",
            ) from error
        yield


def fresh_run_directory(data_directory: Path) -> Path:
    """An empty, short directory for sockets, one for each data directory; a killed Headway left one behind."""
    name = hashlib.sha256(os.fsencode(data_directory.resolve())).hexdigest()[:8]
    configuration = Configuration.load()
    configuration.make_run_directory()
    directory = configuration.run_dir / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    return directory


def passing(data_directory: Path) -> Path:
    """The folder of what lasts no longer than this Headway: not beside the sockets, which others clean up."""
    return data_directory / "passing"


def make_passing(data_directory: Path) -> None:
    shutil.rmtree(passing(data_directory), ignore_errors=True)
    passing(data_directory).mkdir(mode=0o700)


@contextlib.contextmanager
def in_words(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RootError(
            f"{what}: {error.strerror or error}",
            hint="see to the disk, or name another place with --data-dir or HEADWAY_RUN_DIR",
        ) from error
