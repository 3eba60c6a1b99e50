"""`headway serve`: prepares one Truss and serves it in the foreground until Ctrl-C."""

import contextlib
import itertools
import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.addresses import local_url
from headway.cli.log_lines import readable
from headway.core.errors import InvalidSettingError

if TYPE_CHECKING:
    from rich.console import Console

    from headway.bootstrap import LocalPlatform
    from headway.core.settings import DeploymentSettings

_LONGEST_PROGRESS = 100


def serve(  # noqa: PLR0913  # each is one option of the command
    *,
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="The Truss: a folder with config.yaml.")],
    concurrency_target: Annotated[
        int | None,
        typer.Option(min=1, help="Most requests one replica holds at once. [default: predict concurrency]"),
    ] = None,
    replicas: Annotated[
        int | None, typer.Option(min=1, help="Replicas to keep: sets both min_replica and max_replica.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="Any other setting, such as max_replica=4."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The model's name in URLs. [default: its own]")] = None,
    host: Annotated[str | None, typer.Option(help="Address for requests. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port for requests. [default: 8080]")] = None,
    control_port: Annotated[int | None, typer.Option(help="Port for control. [default: 8081]")] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Where Headway keeps its files.")] = None,
    secrets_dir: Annotated[
        Path | None, typer.Option(help="A folder with one file per secret.", exists=True, file_okay=False)
    ] = None,
    model_cache_dir: Annotated[
        Path | None, typer.Option(help="Models of hubs: a folder for each by its id.", file_okay=False)
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Serve changes of DIR as they come.")] = False,
) -> None:
    """Serve the model in DIR on this machine, in the foreground."""
    from rich.console import Console

    from headway import bootstrap
    from headway.configuration import Configuration
    from headway.control.packages.preparation import served_name
    from headway.model_server.truss.truss_config import read_truss

    configuration = Configuration.load().with_changes(
        host=host,
        port=port,
        control_port=control_port,
        data_dir=data_dir,
        secrets_dir=secrets_dir,
        model_cache_dir=model_cache_dir,
    )
    configuration.make_directories()
    config = read_truss(directory)
    changes = stated_settings(settings or [], concurrency_target=concurrency_target, replicas=replicas)
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
    )
    bootstrap.require_place(platform)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    line = _prepare(platform, directory, console)
    raise typer.Exit(bootstrap.serve(platform, _log_printer(console), lambda: typer.echo(line)))


def _prepare(platform: "LocalPlatform", directory: Path, console: "Console") -> str:
    """Prepare the model, so that control finds it prepared, and tell what will be served; return a curl line."""
    from headway.control.packages.preparation import first_settings, prepare
    from headway.control.preparations import example_input
    from headway.model_server.truss.truss_config import read_truss

    config = read_truss(directory)
    first = first_settings(config).with_changes(platform.settings)
    with _progress(console) as progress:
        prepared = prepare(
            directory,
            data_dir=platform.data_directory,
            progress=progress,
            model_cache_dir=platform.model_cache_directory,
        )
    warnings = prepared.warnings, first.warnings(config.predict_concurrency), exposure_warnings(platform)
    for warning in itertools.chain(*warnings):
        console.print("warning:", style="bold yellow", end=" ")
        console.print(warning, markup=False)
    console.print(
        f"{platform.model_name}: concurrency target {first.concurrency_target}, "
        f"predict concurrency {config.predict_concurrency}, replicas {_range(first)}",
        markup=False,
    )
    url = local_url(platform.host, platform.port)
    return curl_line(f"{url}/models/{platform.model_name}/predict", example_input(prepared) or {})


def _range(settings: "DeploymentSettings") -> str:
    low, high = settings.min_replica, settings.max_replica
    return str(low) if low == high else f"{low} to {high}"


def exposure_warnings(platform: "LocalPlatform") -> Iterator[str]:
    """What others than this machine's users can do, since there are no keys yet."""
    from headway.bootstrap import is_loopback

    if not is_loopback(platform.host):
        yield (
            f"anybody who reaches {platform.host}:{platform.port} can use the model: there are no keys yet; let only "
            "a network that you trust reach it"
        )
    if not is_loopback(platform.control_host):
        yield f"anybody who reaches {platform.control_host}:{platform.control_port} sees what runs here"


def stated_settings(
    pairs: list[str], *, concurrency_target: int | None, replicas: int | None
) -> dict[str, Any]:
    """What the command line says of the settings; `--set` wins. Raises InvalidSettingError."""
    named = {"concurrency_target": concurrency_target, "min_replica": replicas, "max_replica": replicas}
    stated = {name: value for name, value in named.items() if value is not None}
    return stated | parse_settings(pairs)


def parse_settings(pairs: list[str]) -> dict[str, Any]:
    """`NAME=VALUE` pairs as settings by their names. Raises InvalidSettingError."""
    settings = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise InvalidSettingError(f"{pair!r} is no setting", hint="write --set queue_limit=100")
        try:
            settings[name] = json.loads(text)
        except ValueError:
            settings[name] = text
    return settings


def curl_line(address: str, example: Any) -> str:
    """A command that sends `example` to the model, ready for a shell."""
    return f"curl {address} -d {shlex.quote(json.dumps(example, default=str))}"


@contextlib.contextmanager
def _progress(console: "Console") -> Iterator[Callable[[str], None]]:
    """Show the last line of what goes on, and how long it has taken, while it lasts."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("preparing the model")
        yield lambda line: shown.update(task, description=line.strip()[:_LONGEST_PROGRESS])


def _log_printer(console: "Console") -> Callable[[str, str], None]:
    def show(name: str, line: str) -> None:
        for part in readable(line).rstrip().split("\n"):
            console.print(f"{name:>12} ", style="dim", end="")
            console.print(part, markup=False)

    return show
