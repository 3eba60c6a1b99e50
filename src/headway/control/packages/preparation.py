"""Makes a Truss ready to run: a snapshot of it, an environment for it, and what its author should know.

It starts nothing. Everything is kept under the data directory by content, so the second time is a look-up.
"""

import contextlib
import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import headway
from headway.control.packages.attachments import Sources, attachments, leads_to
from headway.control.packages.bytecode import compile_all
from headway.control.packages.caches import cache_of
from headway.control.packages.declared import stated_python_version
from headway.control.packages.entries import Progress, holding, manifest_of
from headway.control.packages.environments import (
    Build,
    EnvironmentPlan,
    activated,
    make_environment,
    with_programs,
)
from headway.control.packages.findings import warnings_of
from headway.control.packages.interpreters import pick_interpreter
from headway.control.packages.lint import of_serving
from headway.control.packages.machine import Machine, this_machine
from headway.control.packages.requirements import read_requirements
from headway.control.packages.snapshots import Snapshot, take_snapshot
from headway.control.packages.stand_ins import stand_ins
from headway.control.storage import StorageError
from headway.core.isolation import Isolation
from headway.model_server.docker_server.settings import docker_server
from headway.model_server.truss.truss_config import TrussConfig, read_truss
from headway.passed_on import for_models


@dataclass(frozen=True, slots=True)
class PreparedModel:
    """What a backend needs to start replicas of a model."""

    config: TrussConfig
    """Read from `directory`, so paths in it are those of the snapshot."""
    directory: Path
    """The replicas' working directory: config.yaml, model/, data/ and packages/ lie in it."""
    interpreter: Path
    environment_variables: Mapping[str, str]
    """Laid over Headway's own."""
    warnings: tuple[str, ...]
    attached: tuple[Path, ...] = ()
    """Files and folders that links in `directory` lead to."""
    mounts: Mapping[str, Path] = field(default_factory=dict)
    """What the model looks for at other absolute paths, by these."""


def prepare(
    directory: Path,
    *,
    data_dir: Path,
    progress: Progress,
    model_cache_dir: Path | None = None,
    model: str | None = None,
) -> PreparedModel:
    """Prepare the Truss in `directory`, or find it prepared.

    It blocks, for minutes where packages must be downloaded. `progress` gets lines for people. Models of hubs
    are looked up in `model_cache_dir`, which is `model_cache` below the data directory if not told; what build commands
    download into `~/.cache` in a sandbox stays for the replicas of `model`. Raises
    InvalidTrussError for a Truss that is wrong, PreparationError when a tool fails and StorageError when the disk does.
    """
    try:
        with holding():
            return _prepared(directory, this_machine(data_dir.resolve(), model_cache_dir), progress, model)
    except OSError as error:
        raise StorageError.of("the model cannot be prepared", error) from error


def _prepared(directory: Path, machine: Machine, progress: Progress, model: str | None) -> PreparedModel:
    config, data_dir = read_truss(directory.resolve()), machine.data_dir
    if config.docker_server:
        docker_server(config.expanded)  # or its error
    cache = None if model is None else cache_of(data_dir, model)
    is_apart = machine.way_for(config) is Isolation.SANDBOX
    found = attachments(
        config, Sources(data_dir / "downloads", machine.model_cache, can_mount=is_apart), progress
    )
    snapshot = _snapshot(config, data_dir / "snapshots", progress, found.links)
    programs = stand_ins(data_dir / "path")
    attached = (*leads_to((*found.links.values(), *found.mounts.values())), programs)
    interpreter, _ = pick_interpreter(stated_python_version(config))
    plan = EnvironmentPlan(
        interpreter=interpreter,
        requirements=read_requirements(config, snapshot.directory),
        snapshot=snapshot,
        build_commands=tuple(config.expanded["build_commands"]),
        build=_build(
            config, machine, Build(attached=attached, mounts=found.mounts, cache=cache, programs=programs)
        ),
    )
    environment = make_environment(plan, data_dir / "environments", progress)
    variables = _variables(config, environment.interpreter.parent.parent, data_dir / "path")
    if is_apart:
        compile_all(environment, config, progress)
    machine = dataclasses.replace(machine, path=variables["PATH"], has_environment=True)
    return PreparedModel(
        config=read_truss(environment.directory),
        directory=environment.directory,
        interpreter=environment.interpreter,
        environment_variables=variables,
        warnings=warnings_of(of_serving(config, machine)),
        attached=attached,
        mounts=found.mounts,
    )


def _build(config: TrussConfig, machine: Machine, build: Build) -> Build:
    """With the way of the model, if it has anything to build: whether that works here matters only then."""
    has_any = bool(config.expanded["build_commands"])
    return dataclasses.replace(build, way=machine.way(config)) if has_any else build


def _snapshot(
    config: TrussConfig, snapshots_dir: Path, progress: Progress, links: Mapping[str, Path]
) -> Snapshot:
    """A deployment's Truss is one already, unless something is to be linked into it."""
    entry = config.directory.parent
    if not links and entry.parent == snapshots_dir and manifest_of(entry).exists():
        return Snapshot(entry.name, config.directory)
    return take_snapshot(config, snapshots_dir, progress, links)


def _variables(config: TrussConfig, venv: Path, paths_dir: Path) -> dict[str, str]:
    stated = {"PYTHONUNBUFFERED": "1", **config.environment_variables}
    path = with_programs(stand_ins(paths_dir), for_models())
    variables = activated(venv, {"PATH": path, **stated})
    only_headway = str(_path_with_headway_only(paths_dir))
    variables["PYTHONPATH"] = ":".join(filter(None, [only_headway, stated.get("PYTHONPATH", "")]))
    return variables


def _path_with_headway_only(paths_dir: Path) -> Path:
    """A directory that has this Headway in it and nothing else: a model must not find our other packages."""
    package = Path(headway.__file__).resolve().parent
    directory = paths_dir / hashlib.sha256(str(package).encode()).hexdigest()[:16]
    link = directory / package.name
    directory.mkdir(parents=True, exist_ok=True)
    # The directory's name is made of the package's place, so a link that is there is right.
    with contextlib.suppress(FileExistsError):
        link.symlink_to(package, target_is_directory=True)
    return directory
