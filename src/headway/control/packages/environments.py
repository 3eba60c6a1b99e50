"""Makes the virtual environments of models with uv, one for all models whose contents are equal.

A Truss with build commands gets an environment of its own together with a copy of the Truss, since its
commands may change both.
"""

import hashlib
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uv

from headway.backends.isolation.none import OnTheMachine
from headway.backends.isolation.remains import remove
from headway.backends.isolation.world import Launch, Way, World
from headway.control.packages import commands
from headway.control.packages.entries import PreparationError, Progress, build_once
from headway.control.packages.interpreters import Interpreter
from headway.control.packages.requirements import IMAGE, IMAGE_PREFERENCE, REPLICA, Requirements
from headway.control.packages.snapshots import Snapshot
from headway.core.isolation import Isolation
from headway.passed_on import for_builds

_OWN = "own"
_UNSOLVABLE = "No solution found"
_UNREACHABLE = ("error sending request", "dns error", "Failed to fetch")


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that is ready; `directory` is the Truss as its build commands left it."""

    interpreter: Path
    directory: Path


@dataclass(frozen=True, slots=True)
class Build:
    """The way in which build commands run, and what they find beside the Truss."""

    way: Way = field(default_factory=OnTheMachine)
    attached: tuple[Path, ...] = ()
    mounts: Mapping[str, Path] = field(default_factory=dict)
    cache: Path | None = None
    programs: Path | None = None
    """A folder of programs that are found before the machine's."""


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """All that decides what an environment contains."""

    interpreter: Interpreter
    requirements: Requirements
    snapshot: Snapshot
    build_commands: tuple[str, ...] = ()
    build: Build = field(default_factory=Build)

    @property
    def is_of_its_own(self) -> bool:
        """Whether it is this snapshot's only, and may lead into it."""
        return bool(self.build_commands or self.requirements.use_local_files)

    @property
    def _is_built_apart(self) -> bool:
        return bool(self.build_commands) and self.build.way.name is not Isolation.NONE

    @property
    def key(self) -> str:
        contents = {
            "interpreter": [str(self.interpreter.path), self.interpreter.version],
            "requirements": self.requirements.fingerprint,
            "with": [*REPLICA, *IMAGE, IMAGE_PREFERENCE],
            "snapshot": self.snapshot.digest if self.is_of_its_own else "",
            "build_commands": self.build_commands,
            **({"way": self.build.way.name, "cache": str(self.build.cache)} if self._is_built_apart else {}),
        }
        return hashlib.sha256(json.dumps(contents).encode()).hexdigest()[:32]


def make_environment(plan: EnvironmentPlan, environments_dir: Path, progress: Progress) -> Environment:
    """Build the planned environment unless it exists. Raises PreparationError with the failing tool's words."""
    entry = environments_dir / plan.key
    build_once(entry, lambda where: _build(plan, where, progress), progress)
    return Environment(
        interpreter=entry / "venv" / "bin" / "python",
        directory=entry / "truss" if plan.build_commands else plan.snapshot.directory,
    )


def with_programs(programs: Path | None, variables: Mapping[str, str]) -> str:
    """The path of `variables`, with the programs in that folder first."""
    return ":".join(filter(None, ["" if programs is None else str(programs), variables.get("PATH", "")]))


def activated(venv: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """`variables` with the programs of the environment `venv` first on the path."""
    path = ":".join(filter(None, [str(venv / "bin"), variables.get("PATH", "")]))
    return {**variables, "VIRTUAL_ENV": str(venv), "PATH": path}


def _build(plan: EnvironmentPlan, entry: Path, progress: Progress) -> dict[str, Any]:
    venv = entry / "venv"
    interpreter = plan.interpreter
    progress(f"making an environment on Python {interpreter.version}")
    # Seeded with pip, which build commands and some models call.
    _uv(["venv", "--quiet", "--seed", "--python", interpreter.path, venv], plan, progress)
    sources = _sources(plan, entry, progress)
    _install(plan, entry, sources, progress)
    _run_build_commands(plan, entry, progress)
    return {
        "python": interpreter.version,
        "requirements": plan.requirements.lines,
        "requirements_file": plan.requirements.file,
        "build_commands": plan.build_commands,
        "snapshot": plan.snapshot.digest if plan.is_of_its_own else "",
    }


def _sources(plan: EnvironmentPlan, entry: Path, progress: Progress) -> list[str | Path]:
    """The arguments that name the model's own requirements to uv."""
    sources: list[str | Path] = []
    sources += plan.requirements.options
    for name, option, lines in (
        ("model.txt", "-r", plan.requirements.lines),
        ("constraints.txt", "-c", plan.requirements.constraints),
    ):
        if lines:
            (entry / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
            sources += [option, entry / name]
    if plan.requirements.is_lock:
        exported = entry / "locked.txt"
        project = (plan.snapshot.directory / str(plan.requirements.file)).parent
        command: list[str | Path] = ["export", "--quiet", "--frozen", "--no-dev", "--no-emit-project"]
        _uv([*command, "--project", project, "--output-file", exported], plan, progress)
        sources += ["-r", exported]
    elif plan.requirements.file:
        sources += ["-r", plan.requirements.file]
    return sources


def _install(plan: EnvironmentPlan, entry: Path, sources: Sequence[str | Path], progress: Progress) -> None:
    """One resolution of everything; Truss's preferences give way where the model contradicts them."""
    needed, preferred = entry / "headway.txt", entry / "preferred.txt"
    needed.write_text("".join(f"{line}\n" for line in (*REPLICA, *IMAGE)), encoding="utf-8")
    preferred.write_text(IMAGE_PREFERENCE + "\n", encoding="utf-8")
    command: list[str | Path] = ["pip", "install", "--python", entry / "venv" / "bin" / "python"]
    # Truss and pip take the best version of all indexes, not of the first that has the name.
    command += ["--index-strategy", "unsafe-best-match", *sources, "-r", needed]
    if plan.requirements.local_files:
        command += ["--refresh"]  # uv knows a file by its path, and may have kept what was there before
    try:
        _uv([*command, "-c", preferred], plan, progress)
    except PreparationError as error:
        if _UNSOLVABLE not in error.message:
            raise
        progress("trying again without the versions that Truss prefers")
        _uv(command, plan, progress)


def _uv(arguments: Sequence[str | Path], plan: EnvironmentPlan, progress: Progress) -> None:
    command = [uv.find_uv_bin(), *arguments, "--no-python-downloads", "--no-progress"]
    try:
        commands.run(
            command,
            directory=plan.snapshot.directory,
            environment=for_builds(),
            progress=_until_error(progress),
        )
    except commands.CommandError as error:
        raise PreparationError(
            f"the model's environment cannot be made:\n{error.output}", hint=_advice(error.output)
        ) from error


def _until_error(progress: Progress) -> Progress:
    """Pass on what uv does, not why it fails: a failure is raised with its text, or tried otherwise."""
    failed = False

    def pass_on(line: str) -> None:
        nonlocal failed
        failed = failed or line.startswith("error")
        if not failed:
            progress(line)

    return pass_on


def _advice(output: str) -> str:
    if _UNSOLVABLE in output:
        return "change requirements in config.yaml so that they agree with each other and with what is named"
    if any(words in output for words in _UNREACHABLE):
        return "the package index cannot be reached; UV_INDEX_URL or UV_FIND_LINKS name another place"
    return "the lines above are uv's own words"


def _run_build_commands(plan: EnvironmentPlan, entry: Path, progress: Progress) -> None:
    if not plan.build_commands:
        return
    directory = entry / "truss"
    shutil.copytree(plan.snapshot.directory, directory, symlinks=True)
    try:
        for command in plan.build_commands:
            progress(f"build command: {command}")
            _run_build_command(command, _launch(plan, entry, ["/bin/sh", "-c", command]), progress)
    finally:
        remove(entry / _OWN)


def _run_build_command(command: str, launch: Launch, progress: Progress) -> None:
    try:
        commands.run(
            launch.command,
            directory=launch.directory,
            environment=launch.environment,
            progress=progress,
            keep=launch.keep,
        )
    except commands.CommandError as error:
        raise PreparationError(
            f"the build command {command!r} failed:\n{error.output}",
            hint="it ran in a copy of the Truss with the model's environment first on the path",
        ) from error


def _launch(plan: EnvironmentPlan, entry: Path, words: Sequence[str]) -> Launch:
    build, variables = plan.build, for_builds()
    world = World(
        truss=entry / "truss",
        interpreter=entry / "venv" / "bin" / "python",
        own=entry / _OWN,
        stated=activated(entry / "venv", {"PATH": with_programs(build.programs, variables)}),
        inherited=variables,
        attached=build.attached,
        mounts=build.mounts,
        cache=build.cache,
        is_build=True,
    )
    return build.way.launch(world, words)
