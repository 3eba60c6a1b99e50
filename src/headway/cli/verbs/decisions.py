"""`headway decisions`: how many replicas a deployment was to have, and why."""

from typing import Annotated

import typer

from headway.cli import options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.tables import moment, show, show_json, table


def decisions(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="The newest so many.")] = 20,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show when the desired replicas changed, and why. With --json, the numbers that went in too.

    Example: headway decisions hello --limit 5
    """
    with Control.at(url) as control:
        path = path_of("v1", "models", model, "deployments", deployment, "decisions")
        content = control.get(path, limit=limit)
    if as_json:
        show_json(content)
    else:
        rows = ((moment(one["at"]), one["desired"], one["reason"]) for one in content["decisions"])
        show(table(("at", "desired", "why"), rows))
