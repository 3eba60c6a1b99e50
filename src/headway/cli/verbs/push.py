"""`headway push`: sends a Truss to a running Headway and follows it until it serves."""

import json
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli import options
from headway.cli.addresses import beside, path_of
from headway.cli.client import Control
from headway.cli.following import wait_until_served
from headway.cli.progress import counted, spinner, warn
from headway.cli.ready_line import Reached, ready_line
from headway.cli.setting_values import stated_settings
from headway.cli.tables import messages, show_json

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to be deployed, and how."""

    directory: options.Truss = Path()
    name: options.Name = None
    environment: Annotated[
        str | None, typer.Option(help="The environment whose place it takes. [default: production]")
    ] = None
    no_environment: Annotated[
        bool, typer.Option("--no-environment", help="Take no environment: requests reach it by its id.")
    ] = False
    settings: options.Settings = None
    concurrency_target: options.ConcurrencyTarget = None
    label: Annotated[str | None, typer.Option(help="What to call the deployment. [default: its id]")] = None

    def into(self) -> str | None:
        """The environment, or None. Raises typer.BadParameter."""
        if self.environment is not None and self.no_environment:
            raise typer.BadParameter("give --environment or --no-environment, not both")
        return None if self.no_environment else self.environment or "production"

    def query(self) -> dict[str, Any]:
        """As control is asked. Raises typer.BadParameter, InvalidSettingError."""
        stated = stated_settings(self.settings or [], concurrency_target=self.concurrency_target)
        return {"environment": self.into() or "", "settings": json.dumps(stated), "name": self.label}


def push(
    wish: _Wish,
    *,
    wait: options.Wait = True,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Deploy the Truss in DIR, or here, on a running Headway. It is followed until it serves.

    What serves now goes on until the new deployment is ready, and keeps its settings unless others are given.

    Example: headway push hello --concurrency-target 4 --set max_replica=2
    """
    into, query = wish.into(), wish.query()
    console = messages()
    with Control.at(url) as control:
        deployment = _send(control, wish, query, console)
        told = deployment["warnings"]
        warn(console, told)  # now: what is to run, and which secret is missing, explains a failure too
        if wait:
            deployment = wait_until_served(control, deployment, into, console)
        warn(console, (one for one in deployment["warnings"] if one not in told))
        if as_json:
            show_json(deployment)
        else:
            typer.echo(_line(control, deployment, wish, into))


def _send(control: Control, wish: _Wish, query: dict[str, Any], console: "Console") -> Any:
    """The deployment, as control has accepted it. Whether it answers, to us, and has room, is known before anything is
    packed.
    """
    from headway.control.packages.sending import packed

    models = [one["name"] for one in control.get("/v1/models")["models"]]
    model = _name(wish.directory, wish.name, models, console)
    control.get("/v1/disk/room")
    with spinner(console, "packing the Truss") as progress:
        pieces = counted(packed(wish.directory, progress), progress)
        deployment = control.upload(path_of("v1", "models", model, "deployments"), pieces, **query)
    console.print(f"{model}: deployment {deployment['id']} is accepted", markup=False)
    return deployment


def _name(directory: Path, chosen: str | None, models: Container[str], console: "Console") -> str:
    """The chosen name, else the one that the Truss gives its model; where that is another than its author may think,
    it is told. Raises InvalidNameError.
    """
    from headway.control.desired.catalog import require_name
    from headway.control.packages.names import former_note, renamed_note, served_name
    from headway.model_server.truss.truss_config import read_truss

    if chosen is not None:
        require_name(chosen, "a model")
        return chosen
    config = read_truss(directory.resolve())
    warn(console, filter(None, (renamed_note(config, directory), former_note(config, directory, models))))
    return served_name(config, directory)


def _line(control: Control, deployment: Any, wish: _Wish, environment: str | None) -> str:
    """A command that reaches it."""
    from headway.configuration import Configuration
    from headway.control.packages.ways_in import ways_into
    from headway.model_server.truss.truss_config import read_truss

    reached = Reached(
        base=Configuration.load().url or beside(control.url, control.get("/v1/inference")["url"]),
        model=deployment["model_name"],
        environment=environment or "",
        deployment=None if environment is not None else deployment["id"],
        needs_key=control.asks_for_keys(),
    )
    # Of the Truss that was sent: control knows only when it is prepared.
    return ready_line(reached, ways_into(read_truss(wish.directory.resolve())), deployment["example_input"])
