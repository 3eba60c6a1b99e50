"""`headway serve`: prepares one Truss and serves it in the foreground until Ctrl-C."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli import options
from headway.cli.addresses import curl_line, local_url
from headway.cli.exit_codes import FAILED
from headway.cli.log_lines import log_printer
from headway.cli.progress import spinner, warn
from headway.cli.setting_values import stated_settings
from headway.cli.tables import messages

if TYPE_CHECKING:
    from rich.console import Console

    from headway.configuration import Configuration
    from headway.core.settings import DeploymentSettings
    from headway.processes.bootstrap import LocalPlatform

_MOST_RECORDS = 100_000
"""About 25 MB: they end with it, and where its sockets lie is often memory."""


def serve(  # noqa: PLR0913  # each is one option of the command
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The Truss: a folder with config.yaml.")],
    concurrency_target: options.ConcurrencyTarget = None,
    replicas: Annotated[
        int | None, typer.Option(min=1, help="Replicas to keep: sets both min_replica and max_replica.")
    ] = None,
    settings: options.Settings = None,
    name: Annotated[str | None, typer.Option(help="The model's name in URLs. [default: its own]")] = None,
    host: options.Host = None,
    port: options.Port = None,
    control_port: options.ControlPort = None,
    data_dir: options.DataDir = None,
    secrets_dir: options.SecretsDir = None,
    model_cache_dir: options.ModelCacheDir = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Serve changes of DIR as they come.")] = False,
) -> None:
    """Serve the model in DIR in the foreground, until Ctrl-C. Its state ends with it.

    Example: headway serve hello --concurrency-target 4 --watch
    """
    from headway.configuration import Configuration
    from headway.control.desired.catalog import require_name
    from headway.control.packages.names import served_name
    from headway.model_server.truss.truss_config import read_truss
    from headway.processes import bootstrap

    if name is not None:
        require_name(name, "a model")
    configuration = Configuration.load().with_changes(
        host=host,
        port=port,
        control_port=control_port,
        data_dir=data_dir,
        secrets_dir=secrets_dir,
        model_cache_dir=model_cache_dir,
    )
    changes = stated_settings(settings or [], concurrency_target=concurrency_target, replicas=replicas)
    console = messages()
    told = _require_servable(directory, configuration, name, changes, console)
    configuration.make_directories()
    config = read_truss(directory)
    if "min_replica" not in {*changes, *(config.headway.settings or {})}:
        changes["min_replica"] = 1  # who serves a model by hand has it ready at once
    platform = bootstrap.LocalPlatform(
        data_directory=configuration.data_dir,
        truss_directory=directory.resolve(),
        settings=changes,
        model_name=name or served_name(config, directory),
        host=configuration.host,
        port=configuration.port,
        control_host=configuration.control_host,
        control_port=configuration.control_port,
        secrets_directory=configuration.secrets_dir and configuration.secrets_dir.resolve(),
        model_cache_directory=configuration.model_cache_dir and configuration.model_cache_dir.resolve(),
        watch=watch,
        keep_requests=min(configuration.keep_requests, _MOST_RECORDS),
        keep_request_days=configuration.keep_request_days,
        allowed_origins=configuration.allowed_origins,
        trusted_proxies=configuration.trusted_proxies,
    )
    bootstrap.require_place(platform)
    line = _prepare(platform, directory, told, console)
    raise typer.Exit(bootstrap.serve(platform, log_printer(console), lambda: typer.echo(line)))


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
    """Prepare the model, so that control finds it prepared, and tell what will be served; return a curl line."""
    from headway.control.operations.preparations import example_input
    from headway.control.packages.declared import first_settings
    from headway.control.packages.preparation import prepare
    from headway.model_server.truss.truss_config import read_truss

    config = read_truss(directory)
    first = first_settings(config).with_changes(platform.settings)
    with spinner(console, "preparing the model") as progress:
        prepared = prepare(
            directory,
            data_dir=platform.data_directory,
            progress=progress,
            model_cache_dir=platform.model_cache_directory,
        )
    warn(console, (one for one in prepared.warnings if one not in told))
    console.print(
        f"{platform.model_name}: concurrency target {first.concurrency_target}, "
        f"predict concurrency {config.predict_concurrency}, replicas {_range(first)}\n"
        f"console: {local_url(platform.control_host, platform.control_port)}/",
        markup=False,
    )
    url = local_url(platform.host, platform.port)
    return curl_line(f"{url}/models/{platform.model_name}/predict", example_input(prepared) or {})


def _range(settings: "DeploymentSettings") -> str:
    low, high = settings.min_replica, settings.max_replica
    return str(low) if low == high else f"{low} to {high}"
