"""`headway logs`: what a deployment's replicas and its build have written."""

import time
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.client import Control, parsed
from headway.cli.log_lines import entry_printer
from headway.cli.tables import console
from headway.cli.verbs.export_requests import instant_of

_SILENCE = 60.0
"""Control says more often that it is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """Which are shown."""

    replica: Annotated[
        str | None,
        typer.Option(help="One replica's id, or build. [default: all]", autocompletion=completion.replicas),
    ] = None
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False
    tail: Annotated[int, typer.Option(min=0, max=100_000, help="The newest that match.")] = 100
    since: Annotated[str | None, typer.Option(help="From then on: 10m or 2h ago, or 2026-01-31T12:00.")] = (
        None
    )
    until: Annotated[str | None, typer.Option(help="Before then.")] = None
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"] | None,
        typer.Option(help="That and above. A line that says none counts as info."),
    ] = None
    request: Annotated[str | None, typer.Option(help="On behalf of the request with this id.")] = None
    text: Annotated[str | None, typer.Option(help="With this in it, in capitals or not.")] = None

    def query(self) -> dict[str, Any]:
        """Raises typer.BadParameter."""
        now = time.time()
        since, until = (None if one is None else instant_of(one, now) for one in (self.since, self.until))
        if since is not None and until is not None and since >= until:
            raise typer.BadParameter(f"--since {self.since} is not before --until {self.until}")
        if self.follow and until is not None:
            raise typer.BadParameter("what is followed has no end: leave out --until, or --follow")
        return {
            "replica": self.replica,
            "tail": self.tail,
            "follow": str(self.follow).lower(),
            "since": since,
            "until": until,
            "level": self.level,
            "request_id": self.request,
            "text": self.text,
        }


def logs(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    lines: _Lines,
    url: options.ControlUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for each.")] = False,
) -> None:
    """Show what a deployment's replicas and its build have written. Lines have time, level, replica, message, request.

    Example: headway logs hello --follow --level warning

    Example: headway logs hello --since 10m --text "out of memory"
    """
    query = lines.query()
    path = path_of("v1", "models", model, "deployments", deployment, "logs")
    out = console()
    out.soft_wrap = True
    show = entry_printer(out)
    with Control.at(url) as control:
        for line in control.lines(path, silence=_SILENCE, **query):
            if not line:
                continue  # it says that the connection lives
            if as_json:
                typer.echo(line)
            else:
                show(parsed(line))
