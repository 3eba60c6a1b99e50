"""`headway requests`: the latest requests of a deployment, and where the time of each went; `export` is in its file."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
import typer.core

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.grouped import grouped
from headway.cli.tables import console, messages, moment, show, show_json, table
from headway.cli.verbs.export_requests import export, instant_of
from headway.core.stages import Stage
from headway.observed.records import Outcome
from headway.observed.selection import Order
from headway.observed.words import counted, verb

if TYPE_CHECKING:
    from rich.table import Table

_LIST, _EXPORT = "list", "export"
_WIDE = 190
"""Characters from which on a line has room for every stage."""


class _ListByDefault(typer.core.TyperGroup):
    """`headway requests MODEL` lists the model's. One that is named as a verb needs both words."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, *ctx.help_option_names}:
            args = [_LIST, *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Its verbs, and models as behind `list`."""
        model, *_ = self.commands[_LIST].params
        return [*super().shell_complete(ctx, incomplete), *model.shell_complete(ctx, incomplete)]


requests = typer.Typer(
    cls=_ListByDefault,
    help="Show a model's latest requests, or export all. headway requests MODEL is short for list.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
requests.command(_EXPORT)(export)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Filters:
    """Which are shown, in the console's words and the API's."""

    status: Annotated[
        list[str] | None, typer.Option(help="What the client was told: 429, a class such as 5xx, or none.")
    ] = None
    outcome: Annotated[
        list[Outcome] | None, typer.Option(metavar="OUTCOME", help=f"How it ended: {', '.join(Outcome)}.")
    ] = None
    replica: Annotated[
        list[str] | None,
        typer.Option(help="The id of the replica that it went to.", autocompletion=completion.replicas),
    ] = None
    stage: Annotated[
        list[Stage] | None,
        typer.Option(
            metavar="STAGE",
            help=f"Where it ended; where it took longest, if it was answered whole: {', '.join(Stage)}.",
        ),
    ] = None
    slower_than: Annotated[float | None, typer.Option(min=0, help="It took more seconds, in all.")] = None
    id_part: Annotated[str | None, typer.Option("--id", help="Any part of its id.")] = None
    since: Annotated[
        str | None,
        typer.Option(help="It ended then or later: 30s, 5m or 1h ago, or a time such as 2026-01-31T12:00."),
    ] = None
    until: Annotated[str | None, typer.Option(help="It ended before then.")] = None
    sort_by: Annotated[
        Order | None,
        typer.Option(
            metavar="ORDER",
            help="ended_at or arrived_at: the newest first. seconds, first_byte or a stage: the longest first. "
            "[default: ended_at]",
        ),
    ] = None
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many.")] = 20

    def query(self) -> dict[str, Any]:
        """Raises typer.BadParameter."""
        now = time.time()
        return {
            "status": self.status or None,
            "outcome": [one.value for one in self.outcome or ()] or None,
            "replica": self.replica or None,
            "stage": [one.value for one in self.stage or ()] or None,
            "slower_than": self.slower_than,
            "id": self.id_part,
            "since": None if self.since is None else instant_of(self.since, now),
            "until": None if self.until is None else instant_of(self.until, now),
            "sort_by": None if self.sort_by is None else self.sort_by.value,
            "limit": self.limit,
        }


@requests.command(_LIST)
@grouped
def list_requests(
    *,
    model: options.Model,
    deployment: options.Deployment = "production",
    filters: _Filters,
    url: options.ControlUrl = None,
    as_json: options.AsJson = False,
) -> None:
    """Show the requests that ended last, and where the time of each went. Times are milliseconds.

    Of an option that is given several times any value fits; different options narrow. A wide terminal, and a file,
    get a column for every stage.

    Example: headway requests list hello --status 5xx --status 429 --since 10m

    Example: headway requests list hello --stage predict --slower-than 2 --sort-by predict
    """
    with Control.at(url) as control:
        path = path_of("v1", "models", model, "deployments", deployment, "requests")
        content = control.get(path, **filters.query())
    if as_json:
        show_json(content)
        return
    listed = content["requests"]
    if listed:
        show(_whole(listed) if console().width >= _WIDE else _narrow(listed))
    messages().print(_summary(content), markup=False)
    if content["sampled_out"]:
        messages().print(f"of {counted(content['sampled_out'], 'other request')} there is no record")


def _whole(listed: Sequence[Any]) -> "Table":
    stages = (stage.words for stage in Stage)
    columns = (
        "request",
        "ended",
        "status",
        "outcome",
        "ended in",
        "replica",
        *stages,
        "first byte",
        "total ms",
    )
    return table(columns, map(_row, listed))


def _row(one: Any) -> tuple[Any, ...]:
    return (
        one["request_id"],
        moment(one["ended_at"]),
        one["status"],
        one["outcome"],
        one["ended_in"].replace("_", " "),
        one["replica_id"],
        *(_milliseconds(one["stages"].get(stage)) for stage in Stage),
        _milliseconds(one["first_byte"]),
        _milliseconds(one["seconds"]),
    )


def _narrow(listed: Sequence[Any]) -> "Table":
    """What fits into 80 columns: with the id in full, for it is what others are asked for by."""
    now = time.time()
    rows = [
        (
            one["request_id"],
            _clock(one["ended_at"], now),
            one["status"],
            one["outcome"],
            _milliseconds(one["seconds"]),
            _where(one),
        )
        for one in listed
    ]
    made = table(("request", "ended", "status", "outcome", "total ms", "where"), rows)
    for column in made.columns[:2]:
        column.no_wrap = True
    made.columns[0].min_width = max(len(one["request_id"]) for one in listed)
    made.columns[4].justify = "right"
    return made


def _where(one: Any) -> str:
    """It ended in that stage; or that one took longest, for so long."""
    if one["ended_in"]:
        return f"in {one['ended_in'].replace('_', ' ')}"
    longest: str | None = max(one["stages"], key=one["stages"].get, default=None)
    if longest is None:
        return ""
    return f"{longest.replace('_', ' ')} {_milliseconds(one['stages'][longest])}"


def _clock(at: float, now: float) -> str:
    """The time of the day; with the day, if that is another one."""
    ended, today = (datetime.fromtimestamp(one, UTC).astimezone() for one in (at, now))
    return f"{ended:%H:%M:%S}" if ended.date() == today.date() else f"{ended:%m-%d %H:%M:%S}"


def _summary(content: Any) -> str:
    matched, kept = content["matched"], content["kept"]
    if not matched:
        return f"none of {counted(kept, 'kept request')} fits" if kept else "no request has ended yet"
    told = f"{matched:,} of {counted(kept, 'kept request')} {verb(matched, 'fit')}"
    return f"{told}; total ms {_shares(content['times']['seconds'].items())}"


def _shares(of: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{share} {_milliseconds(seconds)}" for share, seconds in of)


def _milliseconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.1f}"
