"""The peers' own virtual environments, and one of Headway's wheel, made outside the repository on first use and kept.

All are made from the interpreter that runs Headway, so that no contender wins by its build of Python.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

_ROOT = Path(__file__).parent.parent
_INSTALL_WITHIN = 900.0


class UnavailableError(Exception):
    """A contender cannot run here; the text says why, and the report repeats it."""


@dataclass(frozen=True, slots=True)
class Environment:
    """`requirements` are installed with their dependencies, `bare` ones without."""

    name: str
    requirements: tuple[str, ...]
    bare: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "headway-bench"


def interpreter() -> str:
    """The Python that every contender's environment is made from."""
    return getattr(sys, "_base_executable", None) or sys.executable


def python_of(environment: Environment) -> Path:
    """The environment's interpreter; installs it first when it is not there as described.

    Raises UnavailableError when it cannot be installed.
    """
    folder = cache_folder() / "venvs" / environment.name
    python = folder / "bin" / "python"
    stamp = folder / "installed-by-benchmarks"
    wanted = hashlib.sha256(f"{environment}{interpreter()}".encode()).hexdigest()
    if stamp.is_file() and stamp.read_text() == wanted:
        return python
    print(f"  installing {environment.name} into {folder}", flush=True)
    _uv("venv", "--clear", "--python", interpreter(), str(folder))
    if environment.bare:
        _uv("pip", "install", "--python", str(python), "--no-deps", *environment.bare)
    overrides = folder / "overrides.txt"
    overrides.write_text("\n".join(environment.overrides))
    if environment.requirements:
        _uv(
            *("pip", "install", "--python", str(python), "--override", str(overrides)),
            *environment.requirements,
        )
    stamp.write_text(wanted)
    return python


def compiled_headway() -> Path:
    """The interpreter of an environment with Headway's compiled wheel, as a user has it.

    Raises UnavailableError when it cannot be built or installed.
    """
    digest = hashlib.sha256(interpreter().encode())
    for path in (
        *sorted((_ROOT / "src").rglob("*.py")),
        _ROOT / "pyproject.toml",
        *(_ROOT / "tools").rglob("*.py"),
    ):
        digest.update(path.read_bytes())
    wheels = cache_folder() / "wheels" / digest.hexdigest()[:16]
    wheel = next(wheels.glob("*.whl"), None)
    if wheel is None:
        print("  compiling headway", flush=True)
        command = ("build", "--wheel", "--python", interpreter(), "--out-dir", str(wheels), str(_ROOT))
        _uv(*command, variables={"HEADWAY_COMPILED": "yes"})
        wheel = next(wheels.glob("*.whl"))
    return python_of(Environment("headway", (str(wheel),)))


def system_program(name: str, package: str) -> str:
    """The path of a program of the system. Raises UnavailableError with the command that installs it."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if path is None:
        raise UnavailableError(f"{name} is not installed; on Debian: apt-get install {package}")
    return path


def _uv(*arguments: str, variables: Mapping[str, str] = MappingProxyType({})) -> None:
    uv = Path(sys.executable).parent / "uv"
    command = [str(uv) if uv.exists() else "uv", "--quiet", *arguments]
    try:
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            text=True,
            timeout=_INSTALL_WITHIN,
            env={**os.environ, **variables},
        )
    except FileNotFoundError as error:
        raise UnavailableError("uv is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"uv {arguments[0]} took longer than {_INSTALL_WITHIN:.0f} s") from error
    except subprocess.CalledProcessError as error:
        lines = [line for line in error.stderr.strip().splitlines() if line.strip()]
        raise UnavailableError(f"uv {arguments[0]} failed: {' '.join(lines)[:300]}") from error
