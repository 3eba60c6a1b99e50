"""Picks the Python that runs a model: the version its Truss asks for when it exists here, else the nearest.

Nothing is downloaded. What a replica needs runs from Python 3.11 on, so older ones are never picked.
"""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import uv

from headway.control.packages.entries import PreparationError
from headway.passed_on import for_builds

OLDEST = (3, 11)
_LIST_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python by its path and its whole version: an upgrade in place is another one."""

    path: Path
    version: str

    @property
    def minor(self) -> int:
        return int(self.version.split(".")[1])


def pick_interpreter(wanted: str | None) -> tuple[Interpreter, tuple[str, ...]]:
    """The interpreter for `python_version` (`py312`; None: whichever runs Headway), and warnings."""
    own = _own_interpreter()
    if wanted is None or _minor(wanted) == own.minor:
        return own, ()
    nearest = choose(_minor(wanted), [own, *_installed_interpreters()])
    if nearest.minor == _minor(wanted):
        return nearest, ()
    return nearest, (
        f"python_version {wanted} is not on this machine; the model runs on Python {nearest.version}",
    )


def choose(minor: int, interpreters: Iterable[Interpreter]) -> Interpreter:
    """The nearest minor version; of two equally near the older, for which more packages are built."""
    usable = [one for one in interpreters if one.minor >= OLDEST[1]]
    return min(usable, key=lambda one: (abs(one.minor - minor), one.minor))


def _minor(python_version: str) -> int:
    return int(python_version.removeprefix("py3"))


def _own_interpreter() -> Interpreter:
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    installed = Path(sys.base_prefix, "bin", name)
    path = installed if installed.exists() else Path(sys.executable)
    return Interpreter(path, ".".join(map(str, sys.version_info[:3])))


def _installed_interpreters() -> list[Interpreter]:
    command = [uv.find_uv_bin(), "python", "list", "--only-installed", "--no-python-downloads"]
    try:
        listed = subprocess.run(  # noqa: S603  # uv's own binary, constant arguments
            [*command, "--output-format", "json"],
            capture_output=True,
            check=True,
            timeout=_LIST_TIMEOUT,
            env=for_builds(),
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise PreparationError(f"uv cannot list the Pythons of this machine: {error}") from error
    return [
        Interpreter(Path(one["path"]), one["version"])
        for one in json.loads(listed.stdout)
        if one["implementation"] == "cpython" and one["variant"] == "default" and one["path"]
    ]
