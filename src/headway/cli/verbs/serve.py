"""`headway serve`: prepares one Truss and serves it in the foreground until Ctrl-C."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli import options
from headway.cli.addresses import local_url
from headway.cli.exit_codes import FAILED
from headway.cli.foreground import platform_of
from headway.cli.log_lines import log_printer
from headway.cli.progress import spinner, warn
from headway.cli.ready_line import Reached, ready_line
from headway.cli.setting_values import stated_settings
from headway.cli.tables import messages

if TYPE_CHECKING:
    from rich.console import Console

    from headway.configuration import Configuration
    from headway.core.settings import DeploymentSettings
    from headway.processes.bootstrap import LocalPlatform

_MOST_RECORDS = 100_000
"""About 25 MB: they end with it, and where its sockets lie is often memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Model:
    """What is served. None, and what is empty, leave what the Truss says."""

    directory: options.Truss = Path()
    concurrency_target: options.ConcurrencyTarget = None
    replicas: Annotated[
        int | None, typer.Option(min=1, help="Replicas to keep: sets both min_replica and max_replica.")
    ] = None
    settings: options.Settings = None
    name: options.Name = None

    def stated(self) -> dict[str, Any]:
        """Changes to the settings. Raises InvalidSettingError."""
        target, replicas = self.concurrency_target, self.replicas
        return stated_settings(self.settings or [], concurrency_target=target, replicas=replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """Of the configuration; None leaves a value as it is."""

    host: options.Host = None
    port: options.Port = None
    control_port: options.ControlPort = None
    data_dir: options.DataDir = None
    secrets_dir: options.SecretsDir = None
    model_cache_dir: options.ModelCacheDir = None


def serve(
    model: _Model,
    changes: _Changes,
    *,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Serve changes of DIR as they come.")] = False,
) -> None:
    """Serve the model in DIR, or here, until Ctrl-C. Its state ends with it.

    Example: headway serve hello --concurrency-target 4 --watch
    """
    from headway.configuration import Configuration
    from headway.control.desired.catalog import require_name
    from headway.processes import bootstrap

    if model.name is not None:
        require_name(model.name, "a model")
    configuration = Configuration.load().with_changes(**dataclasses.asdict(changes))
    settings = model.stated()
    console = messages()
    told = _require_servable(model.directory, configuration, model.name, settings, console)
    configuration.make_directories()
    platform = _platform(model, configuration, settings, watch=watch)
    bootstrap.require_place(platform)
    line = _prepare(platform, model.directory, told, console)
    raise typer.Exit(bootstrap.serve(platform, log_printer(console), lambda: typer.echo(line)))


def _platform(
    model: _Model, configuration: "Configuration", settings: dict[str, Any], *, watch: bool
) -> "LocalPlatform":
    from headway.control.packages.names import served_name
    from headway.model_server.truss.truss_config import read_truss

    config = read_truss(model.directory)
    if "min_replica" not in {*settings, *(config.headway.settings or {})}:
        settings = {**settings, "min_replica": 1}  # who serves a model by hand has it ready at once
    return platform_of(
        configuration,
        truss_directory=model.directory.resolve(),
        settings=settings,
        model_name=model.name or served_name(config, model.directory),
        watch=watch,
        keep_requests=min(configuration.keep_requests, _MOST_RECORDS),
    )


def _require_servable(
    directory: Path,
    configuration: "Configuration",
    name: str | None,
    settings: dict[str, Any],
    console: "Console",
) -> tuple[str, ...]:
    """Tell all that is found out about the Truss before anything is made; return the warnings. Ends the command with
    exit code 1 when it cannot be served.
    """
    from headway.cli.findings import lines_of
    from headway.control.packages.findings import warnings_of
    from headway.control.packages.lint import lint
    from headway.control.packages.machine import this_machine

    machine = this_machine(configuration.data_dir, configuration.model_cache_dir, configuration.secrets_dir)
    report = lint(directory, machine, name=name, settings=settings)
    for line in lines_of(report.findings):
        console.print(line, markup=False)
    if not report.is_servable:
        raise typer.Exit(FAILED)
    return warnings_of(report.findings)


def _prepare(platform: "LocalPlatform", directory: Path, told: tuple[str, ...], console: "Console") -> str:
    """Prepare the model, so that control finds it prepared, and tell of it; return a command that reaches it."""
    from headway.control.operations.preparations import example_input
    from headway.control.packages.declared import first_settings
    from headway.control.packages.preparation import prepare
    from headway.control.packages.ways_in import ways_into
    from headway.model_server.truss.truss_config import read_truss

    config = read_truss(directory)
    first = first_settings(config).with_changes(platform.settings)
    with spinner(console, "preparing the model") as progress:
        prepared = prepare(
            directory,
            data_dir=platform.data_directory,
            progress=progress,
            model_cache_dir=platform.model_cache_directory,
            model=platform.model_name,
        )
    warn(console, (one for one in prepared.warnings if one not in told))
    console.print(
        f"{platform.model_name}: concurrency target {first.concurrency_target}, "
        f"predict concurrency {config.predict_concurrency}, replicas {_range(first)}\n"
        f"console: {local_url(platform.control_host, platform.control_port)}/",
        markup=False,
    )
    reached = Reached(base=local_url(platform.host, platform.port), model=str(platform.model_name))
    return ready_line(reached, ways_into(config), example_input(prepared))


def _range(settings: "DeploymentSettings") -> str:
    low, high = settings.min_replica, settings.max_replica
    return str(low) if low == high else f"{low} to {high}"
