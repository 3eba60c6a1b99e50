"""Makes a Truss ready to run: a snapshot of it, an environment for it, and what its author should know.

It starts nothing. Everything is kept under the data directory by content, so the second time is a look-up.
"""

import contextlib
import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

import headway
from headway.configuration import variables_for_tools
from headway.control.packages.attachments import Sources, attachments
from headway.control.packages.entries import Progress
from headway.control.packages.environments import EnvironmentPlan, activated, make_environment
from headway.control.packages.interpreters import pick_interpreter
from headway.control.packages.requirements import read_requirements
from headway.control.packages.snapshots import take_snapshot
from headway.core.settings import DeploymentSettings
from headway.model_server.docker_server.settings import docker_server
from headway.model_server.truss.truss_config import TrussConfig, read_truss

_QUERY_TIMEOUT = 10.0
_SEEN_TO_HERE = ("system_packages:", "model_cache:", "weights:")


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


def prepare(
    directory: Path, *, data_dir: Path, progress: Progress, model_cache_dir: Path | None = None
) -> PreparedModel:
    """Prepare the Truss in `directory`, or find it prepared.

    It blocks, for minutes where packages must be downloaded. `progress` gets lines for people. Models of hubs
    are looked up in `model_cache_dir`, which is `model_cache` below the data directory if not told. Raises
    InvalidTrussError for a Truss that is wrong and PreparationError when a tool fails.
    """
    config, data_dir = read_truss(directory.resolve()), data_dir.resolve()
    if config.docker_server:
        docker_server(config.expanded)  # or its error
    sources = Sources(data_dir / "downloads", (model_cache_dir or data_dir / "model_cache").resolve())
    attached = attachments(config, sources, progress)
    snapshot = take_snapshot(config, data_dir / "snapshots", progress, attached.links)
    interpreter, interpreter_warnings = pick_interpreter(_stated_python_version(config))
    plan = EnvironmentPlan(
        interpreter=interpreter,
        requirements=read_requirements(config, snapshot.directory),
        snapshot=snapshot,
        build_commands=tuple(config.expanded["build_commands"]),
    )
    environment = make_environment(plan, data_dir / "environments", progress)
    variables = _variables(config, environment.interpreter.parent.parent, data_dir / "path")
    return PreparedModel(
        config=read_truss(environment.directory),
        directory=environment.directory,
        interpreter=environment.interpreter,
        environment_variables=variables,
        warnings=(*_warnings(config), *attached.warnings, *interpreter_warnings),
    )


def first_settings(config: TrussConfig) -> DeploymentSettings:
    """The settings that a first deployment starts with: concurrency target and predict concurrency are equal.

    Raises InvalidSettingError when `model_metadata.headway` says what cannot be.
    """
    start = DeploymentSettings(concurrency_target=config.predict_concurrency)
    return start.with_changes(config.headway.settings or {})


def _stated_python_version(config: TrussConfig) -> str | None:
    """`python_version` where config.yaml has one: Truss's default is no wish of the author."""
    content = yaml.safe_load((config.directory / "config.yaml").read_bytes())
    return config.python_version if "python_version" in (content or {}) else None


def _variables(config: TrussConfig, venv: Path, paths_dir: Path) -> dict[str, str]:
    stated = {"PYTHONUNBUFFERED": "1", **config.environment_variables}
    inherited_path = variables_for_tools().get("PATH", "")
    variables = activated(venv, {"PATH": inherited_path, **stated})
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


def _warnings(config: TrussConfig) -> tuple[str, ...]:
    """The config's own, with what is true on this machine in place of what it can only suppose."""
    known = tuple(warning for warning in config.warnings if not warning.startswith(_SEEN_TO_HERE))
    return known + _missing_system_packages(config)


def _missing_system_packages(config: TrussConfig) -> tuple[str, ...]:
    """A warning for packages of the operating system that the Truss names and that are not here."""
    names = config.system_packages
    query = shutil.which("dpkg-query")
    if not names:
        return ()
    if not query:
        return (f"system_packages: cannot see whether they are on this machine: {', '.join(names)}",)
    listed = subprocess.run(  # noqa: S603  # names are arguments, never a shell's text
        [query, "--show", "--showformat", "${binary:Package} ${db:Status-Status}\\n", "--", *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=_QUERY_TIMEOUT,
    )
    installed = {
        line.split()[0].partition(":")[0]
        for line in listed.stdout.splitlines()
        if line.endswith(" installed")
    }
    missing = [name for name in names if name.partition("=")[0] not in installed]
    if not missing:
        return ()
    return (
        f"system_packages: not on this machine: {', '.join(missing)}; install them with your package manager, "
        "since Headway does not change the operating system",
    )
