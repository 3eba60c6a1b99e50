"""`headway logs`: the log lines of a deployment's replicas and of its build."""

from dataclasses import dataclass
from typing import Annotated, Any

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.client import Control, parsed
from headway.cli.log_lines import log_printer
from headway.cli.tables import console

_SILENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """Which are shown."""

    replica: Annotated[
        str | None,
        typer.Option(help="One replica's id, or build. [default: all]", autocompletion=completion.replicas),
    ] = None
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False
    tail: Annotated[int, typer.Option(min=0, max=100_000, help="Lines of the past, of each.")] = 100

    def query(self) -> dict[str, Any]:
        return {"replica": self.replica, "tail": self.tail, "follow": str(self.follow).lower()}


def logs(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    lines: _Lines,
    url: options.ControlUrl = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON for each.")] = False,
) -> None:
    """Show what a deployment's replicas and its build have printed.

    Example: headway logs hello --follow --tail 20
    """
    path = path_of("v1", "models", model, "deployments", deployment, "logs")
    silence = None if lines.follow else _SILENCE
    out = console()
    out.soft_wrap = True
    show = log_printer(out)
    with Control.at(url) as control:
        for line in control.lines(path, silence=silence, **lines.query()):
            if as_json:
                typer.echo(line)
            else:
                content = parsed(line)
                show(content["replica"], content["line"])
