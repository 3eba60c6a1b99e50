"""`headway status`: what runs here, as the control port tells it."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli.addresses import local_url
from headway.cli.exit_codes import FAILED, UnavailableError
from headway.core.errors import HeadwayError

if TYPE_CHECKING:
    from rich.table import Table

_TIMEOUT = 5.0
_WATCH_INTERVAL = 1.0
_VALUES = ("name", "state", "concurrency_target", "predict_concurrency", "queued", "in_flight")
_COLUMNS = ("model", "state", "target", "predict", "queued", "in flight", "ready")


class ControlError(HeadwayError):
    """Control answered, but not with what was asked for."""

    code = "control"


def status(
    *,
    url: Annotated[str | None, typer.Option(help="Where control listens.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it anew every second.")] = False,
) -> None:
    """Show the models that run here, their queues and their replicas."""
    address = url or _default_url()
    if as_json and watch:
        raise typer.BadParameter("give --json or --watch, not both")
    if as_json:
        typer.echo(json.dumps(_read(address), indent=2))
    elif watch:
        _watch(address)
    else:
        from rich.console import Console

        Console().print(table_of(_read(address)))


def table_of(content: Mapping[str, Any]) -> "Table | str":
    """One line per model."""
    from rich.table import Table

    models: Sequence[Mapping[str, Any]] = content.get("models", ())
    if not models:
        return "no model runs here"
    table = Table(*_COLUMNS, box=None, pad_edge=False)
    for model in models:
        ready, desired = model.get("ready_replicas", "?"), model.get("desired_replicas", "?")
        values = [model.get(name) for name in _VALUES]
        table.add_row(*("" if value is None else str(value) for value in values), f"{ready} of {desired}")
    return table


def _default_url() -> str:
    from headway.configuration import Configuration

    configuration = Configuration.load()
    return local_url(configuration.control_host, configuration.control_port)


def _read(address: str) -> Mapping[str, Any]:
    import httpx

    try:
        answer = httpx.get(f"{address.rstrip('/')}/v1/models", timeout=_TIMEOUT, trust_env=False)
        answer.raise_for_status()
        content = answer.json()
    except httpx.HTTPStatusError as error:
        raise ControlError(f"{address} answered {error.response.status_code}") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnavailableError(
            f"control does not answer at {address}", hint="start it with headway serve DIR"
        ) from error
    except ValueError as error:
        raise ControlError(f"{address} answered with something else than JSON") from error
    if not isinstance(content, dict):
        raise ControlError(f"{address} answered with something else than models")
    return content


def _watch(address: str) -> None:
    from rich.console import Console
    from rich.live import Live

    console = Console()
    if not console.is_terminal:
        typer.echo("--watch needs a terminal; use --json", err=True)
        raise typer.Exit(FAILED)
    with Live(table_of(_read(address)), console=console, auto_refresh=False) as live:
        while True:
            time.sleep(_WATCH_INTERVAL)
            live.update(table_of(_read(address)), refresh=True)
