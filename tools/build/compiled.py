"""Compiles the gateway's hot path with mypyc into a wheel: docs/decisions/0007-compiled-hot-path.md.

HEADWAY_COMPILED=yes demands it and fails without a C compiler; no forbids it. Without either it is done when mypyc and
a C compiler are at hand. The source goes into the wheel all the same, for other versions of Python than the one that
compiles.
"""

import atexit
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_VARIABLE = "HEADWAY_COMPILED"
_REQUIREMENTS = ["mypy[mypyc]>=1.18,<3", "setuptools>=77"]
_WITHIN = 900.0
_GROUP = "headway.compiled"
"""What the modules share is headway.compiled__mypyc: a replica sees this package alone."""


class CannotCompileError(Exception):
    """The text says what is missing or wrong."""


def dependencies() -> list[str]:
    """What the build needs beyond its own tools."""
    return _REQUIREMENTS if _wish() == "yes" else []


def add(root: Path, modules: list[str], build_data: dict[str, Any]) -> None:
    """Put the compiled modules into the wheel. Raises CannotCompileError when they are demanded and cannot be had."""
    wish = _wish()
    if wish == "no":
        return
    folder = Path(tempfile.mkdtemp(prefix="headway-compiled-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # the wheel is written after this
    try:
        _require_tools()
        _compile(root, modules, folder)
    except CannotCompileError as error:
        if wish == "yes":
            raise
        sys.stderr.write(f"headway: the wheel stays plain Python: {error}\n")
        return
    build_data["force_include"].update(
        {str(path): str(path.relative_to(folder)) for path in folder.rglob("*.so")}
    )
    build_data["pure_python"] = False
    build_data["infer_tag"] = True


def _wish() -> str:
    wish = os.environ.get(_VARIABLE, "")
    if wish not in {"", "yes", "no"}:
        raise CannotCompileError(f"{_VARIABLE} is {wish!r}; it is yes, no or not set")
    return wish


def _require_tools() -> None:
    missing = [name for name in ("mypyc", "setuptools") if importlib.util.find_spec(name) is None]
    compiler = os.environ.get("CC", "cc").split()[0]
    if shutil.which(compiler) is None:
        missing.append(f"a C compiler ({compiler})")
    if missing:
        raise CannotCompileError(f"not installed: {', '.join(missing)}")


def _compile(root: Path, modules: list[str], folder: Path) -> None:
    """In a process of its own, for mypyc and setuptools change the one they run in."""
    paths = [f"{module.replace('.', '/')}.py" for module in modules]
    command = [sys.executable, str(Path(__file__).resolve()), str(folder), *paths]
    ran = subprocess.run(  # noqa: S603 - our own command
        command, cwd=root / "src", capture_output=True, text=True, timeout=_WITHIN, check=False
    )
    if ran.returncode:
        raise CannotCompileError(f"mypyc failed:\n{ran.stdout[-4000:]}{ran.stderr[-4000:]}")


def _main(folder: Path, paths: list[str]) -> None:
    from mypyc.build import mypycify
    from setuptools import setup

    with tempfile.TemporaryDirectory(prefix="headway-c-") as between:
        options = ["--config-file=", "--ignore-missing-imports", "--explicit-package-bases"]
        options.append(f"--cache-dir={between}/types")
        extensions = mypycify(
            [*options, *paths], opt_level="2", debug_level="0", target_dir=f"{between}/c", group_name=_GROUP
        )
        setup(
            name="headway",
            packages=[],
            ext_modules=extensions,
            script_args=["-q", "build_ext", "--build-lib", str(folder), "--build-temp", f"{between}/objects"],
        )


if __name__ == "__main__":
    _main(Path(sys.argv[1]), sys.argv[2:])
