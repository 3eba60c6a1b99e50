"""Draws models, deployments and replicas for a terminal: as much as has room, names and ids always whole."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any

from headway.cli.grid import Cell, Column, Grid, grid, wrapped
from headway.cli.tables import STYLES, replicas_of
from headway.observed.words import counted

if TYPE_CHECKING:
    from rich.text import Text

_MOST_BAR = 10
_LONGEST_STATUS = len("SCALED_TO_ZERO")
_LEVELS = {"note": "dim", "wait": "yellow", "refused": "bold red"}
_DEPLOYMENTS = (
    Column("deployment"),
    Column("status", least=_LONGEST_STATUS),
    *(Column(name, is_number=True) for name in ("replicas", "queued", "in flight")),
    Column("p95", is_number=True, least=7),
    Column("requests/s", is_number=True),
    *(Column(name, is_number=True) for name in ("target", "predict")),
    Column("environments"),
)
_MODELS = (
    Column("model"),
    Column("status"),
    *(Column(name, is_number=True) for name in ("replicas", "queued", "in flight", "deployments")),
    Column("environments"),
)
_LEAST_OF_MODELS = 5
_REPLICAS = (Column("replica"), Column("slots"), Column("state"), Column("since"))


@dataclass(frozen=True, slots=True)
class Room:
    """What a terminal has; without a `height` nothing is left out."""

    width: int
    height: int | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is told of each deployment."""

    reason_lines: int = 4
    """A single one leaves no place for what follows from a failure beside it."""
    replicas: int | None = None
    """None: all of them."""


_DETAILS = (Detail(), Detail(2), Detail(1), *(Detail(1, count) for count in (16, 8, 4, 2, 1, 0)))


def status_lines(state: Any, room: Room) -> "list[Text]":
    """Deployments by model, each with its replicas; where the height is not enough reasons get shorter, then replicas
    fewer.
    """
    from rich.text import Text

    lines: list[Text] = []
    height = room.height
    for detail in _DETAILS:
        lines = list(_deployments(state["deployments"], room.width, detail))
        if height is None or len(lines) <= height:
            return lines
    kept = max(0, (height or 0) - 1)
    return [*lines[:kept], *_cut(len(lines) - kept, room.width)]


def _cut(count: int, width: int) -> "list[Text]":
    told = f"and {counted(count, 'line')} more: status MODEL shows one alone"
    return list(wrapped(told, width, indent=0, most=1, style="dim"))


def model_lines(models: Sequence[Any], room: Room) -> "Iterator[Text]":
    """A line for each model; where names are long, two. What a model has to say stands below it."""
    from rich.text import Text

    rows = [_model_cells(one) for one in models]
    whole = grid(_MODELS, rows, room.width, least=_LEAST_OF_MODELS)
    is_whole = len(whole.head) <= room.width and all(len(whole.line(row)) <= room.width for row in rows)
    drawn = whole if is_whole else grid(_MODELS[1:], [row[1:] for row in rows], room.width, indent=2)
    yield drawn.head
    for model, row in zip(models, rows, strict=True):
        if not is_whole:
            yield Text(model["name"], style="bold")
        yield drawn.line(row if is_whole else row[1:])
        if "environments" not in drawn.names and model["environments"]:
            yield from wrapped(", ".join(model["environments"]), room.width, indent=4, style="dim")
        yield from _why(model, room.width, Detail())


def _deployments(deployments: Sequence[Any], width: int, detail: Detail) -> "Iterator[Text]":
    from rich.text import Text

    rows = {one["id"]: _deployment_cells(one) for one in deployments}
    drawn = grid(_DEPLOYMENTS, list(rows.values()), width, indent=2)
    yield drawn.head
    for name, of_model in groupby(deployments, key=lambda one: one["model_name"]):
        yield Text(name, style="bold")
        for one in of_model:
            yield drawn.line(rows[one["id"]])
            yield from _beneath(one, drawn, width, detail)
            yield from _replicas(one, width, detail)


def _deployment_cells(one: Any) -> list[Cell]:
    status, p95, rate = one["status"], one["p95_seconds"], one["requests_per_second"]
    texts = (
        *(one["id"], status, replicas_of(one), f"{one['queued']:,}", f"{one['in_flight']:,}"),
        *("-" if p95 is None else in_time(p95), f"{rate:,.1f}"),
        *(f"{one['concurrency_target']:,}", _places(one), ", ".join(one["environments"])),
    )
    return [Cell(text, STYLES.get(text, "")) for text in texts]


def in_time(seconds: float) -> str:
    from headway.planner.simulation.words import spoken

    return spoken(seconds)


def _places(deployment: Any) -> str:
    places = deployment["predict_concurrency"]
    return "-" if places is None else f"{places:,}"


def _model_cells(one: Any) -> list[Cell]:
    status = one["status"] or "-"
    texts = (
        *(one["name"], status, replicas_of(one), f"{one['queued']:,}", f"{one['in_flight']:,}"),
        *(f"{one['deployments_count']:,}", ", ".join(one["environments"])),
    )
    return [Cell(text, STYLES.get(text, "")) for text in texts]


def _beneath(one: Any, drawn: Grid, width: int, detail: Detail) -> "Iterator[Text]":
    """What had no room as a column, and why it is as it is."""
    cells = [cell.text for cell in _deployment_cells(one)]
    left = {column.name: text for column, text in zip(_DEPLOYMENTS, cells, strict=True)}
    for name in drawn.names:
        del left[name]
    environments = left.pop("environments", "")
    if told := "; ".join(
        filter(None, (environments, ", ".join(f"{name} {text}" for name, text in left.items())))
    ):
        yield from wrapped(told, width, indent=4, style="dim")
    yield from _why(one, width, detail)


def _why(one: Any, width: int, detail: Detail) -> "Iterator[Text]":
    """Of a deployment or a model: what goes on, what failed, and why requests wait."""
    preparation, saturation = one.get("preparation"), one.get("saturation")
    if preparation and preparation["line"]:
        yield from wrapped(preparation["line"], width, indent=4, most=detail.reason_lines)
    elif one["reason"]:
        yield from wrapped(one["reason"], width, indent=4, most=detail.reason_lines, style="red")
    if saturation and not (one["reason"] and detail.reason_lines == 1):
        style = _LEVELS.get(saturation["level"], "")
        for sentence in saturation_sentences(saturation):
            yield from wrapped(sentence, width, indent=4, style=style)


def saturation_sentences(saturation: Any) -> Iterator[str]:
    """Why who comes now waits, and for how long; then what to do."""
    yield "; ".join(filter(None, (saturation["text"], saturation["wait"])))
    if saturation["advice"]:
        yield f"advice: {saturation['advice']}"


def _replicas(deployment: Any, width: int, detail: Detail) -> "Iterator[Text]":
    """So many, first those that are not well, in the order of control; the others in one sentence."""
    replicas = deployment["replicas"]
    by_need = sorted(replicas, key=lambda one: one["state"] == "ready")
    chosen = {one["id"] for one in by_need[: detail.replicas]}
    shown = [one for one in replicas if one["id"] in chosen]
    rows = [_replica_cells(one, deployment["concurrency_target"]) for one in shown]
    if rows:
        drawn = grid(_REPLICAS, rows, width, indent=4)
        for one, row in zip(shown, rows, strict=True):
            without_column = [cell.text for cell in row[len(drawn.columns) :]]
            line, rest = drawn.line(row), ", ".join((*without_column, *_history(one)))
            if rest and len(line) + len(rest) + 2 <= width:
                yield line.append(f"  {rest}")
                continue
            yield line
            if rest:
                yield from wrapped(rest, width, indent=6, most=detail.reason_lines, style="dim")
    if left := by_need[len(shown) :]:
        yield from wrapped(_summary(left, deployment["concurrency_target"], len(shown)), width, indent=4)


def _replica_cells(one: Any, target: int) -> list[Cell]:
    return [
        Cell(one["id"]),
        Cell(f"{bar(one['held'], target)} {one['held']:,}/{target:,}"),
        Cell(one["state"], STYLES.get(one["state"], "")),
        Cell(f"since {_instant(one['since'])}"),
    ]


def bar(held: int, target: int) -> str:
    """A sign for each slot, or for so many of them."""
    cells = min(target, _MOST_BAR)
    taken = min(held, target)
    full = round(taken * cells / target)
    if 0 < taken < target:
        full = min(max(full, 1), cells - 1)
    return "█" * full + "░" * (cells - full)


def _history(one: Any) -> Iterator[str]:
    if one["restarts"]:
        yield counted(one["restarts"], "restart")
    if one["last_exit"]:
        yield f"last exit: {one['last_exit']}"


def _summary(replicas: Sequence[Any], target: int, before: int) -> str:
    """Of those that are not shown by themselves."""
    more = "more " if before else ""
    by_state: dict[str, int] = {}
    for one in replicas:
        by_state[one["state"]] = by_state.get(one["state"], 0) + 1
    states = ", ".join(f"{number:,} {state}" for state, number in by_state.items())
    held, slots = sum(one["held"] for one in replicas), target * len(replicas)
    return f"{counted(len(replicas), f'{more}replica')}: {states}; {held:,} of {counted(slots, 'slot')} taken"


def _instant(text: str) -> str:
    """The time of today, else the day too."""
    at, now = datetime.fromisoformat(text).astimezone(), datetime.now().astimezone()
    return f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M}"
