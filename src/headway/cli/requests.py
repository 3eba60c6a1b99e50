"""`headway requests`: the latest requests of a deployment, and where the time of each went."""

from typing import Annotated, Any

import typer

from headway.cli import options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.tables import messages, moment, show, show_json, table

_STAGES = ("queue", "cold_start", "preprocess", "gate_wait", "predict", "postprocess", "send")


def requests(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    sort_by: Annotated[
        str | None,
        typer.Option(
            help="The longest first: in all by seconds, or in a stage by its name. [default: the newest]"
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="So many.")] = 20,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the latest requests and the time of each stage. Times are milliseconds.

    Example: headway requests hello --sort-by seconds --limit 5
    """
    with Control.at(url) as control:
        path = path_of("v1", "models", model, "deployments", deployment, "requests")
        content = control.get(path, limit=limit, sort_by=sort_by)
    if as_json:
        show_json(content)
        return
    stages = (stage.replace("_", " ") for stage in _STAGES)
    columns = ("request", "arrived", "status", "outcome", "replica", *stages, "total ms")
    show(table(columns, map(_row, content["requests"])))
    if content["sampled_out"]:
        messages().print(f"of {content['sampled_out']} other requests there is no record")


def _row(one: Any) -> tuple[Any, ...]:
    stages = one.get("stages") or {}
    return (
        one["request_id"],
        moment(one["arrived_at"]),
        one["status"],
        one["outcome"],
        one["replica_id"],
        *(_milliseconds(stages.get(stage)) for stage in _STAGES),
        _milliseconds(one["seconds"]),
    )


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.1f}"
