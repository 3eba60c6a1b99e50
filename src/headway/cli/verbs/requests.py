"""`headway requests`: the latest requests of a deployment, and where the time of each went; `export` is in its file."""

from typing import Annotated, Any

import typer
import typer.core

from headway.cli import options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.tables import messages, moment, show, show_json, table
from headway.cli.verbs.export_requests import export
from headway.core.stages import Stage

_LIST, _EXPORT = "list", "export"


class _ListByDefault(typer.core.TyperGroup):
    """`headway requests MODEL` lists the model's. One that is named as a verb needs both words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [_LIST, *args]
        return super().parse_args(ctx, args)


requests = typer.Typer(
    cls=_ListByDefault,
    help="Show a model's latest requests, or export all. headway requests MODEL is short for list.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
requests.command(_EXPORT)(export)


@requests.command(_LIST)
def list_requests(
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

    Example: headway requests list hello --sort-by seconds --limit 5
    """
    with Control.at(url) as control:
        path = path_of("v1", "models", model, "deployments", deployment, "requests")
        content = control.get(path, limit=limit, sort_by=sort_by)
    if as_json:
        show_json(content)
        return
    stages = (stage.words for stage in Stage)
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
        *(_milliseconds(stages.get(stage)) for stage in Stage),
        _milliseconds(one["seconds"]),
    )


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.1f}"
