"""Shows what control tells: JSON for programs, tables for people, cut to the width of a terminal if it is one."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

_NO_LIMIT = 10_000
STYLES = {
    "ACTIVE": "green",
    "ready": "green",
    "BUILD_FAILED": "bold red",
    "FAILED": "bold red",
    "UNHEALTHY": "red",
    "unhealthy": "red",
    "INACTIVE": "dim",
    "SCALED_TO_ZERO": "dim",
    "DELETING": "dim",
}

_LONGEST_CELL = 160
_LONGEST_NAME = 34
"""Of what stands whole in a table however narrow: a hash has 32 digits."""


def show_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=2))


def show(*parts: "RenderableType") -> None:
    out = console()
    for part in parts:
        out.print(part, markup=False)


def console(*, stderr: bool = False) -> "Console":
    from rich.console import Console

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else _NO_LIMIT
    return Console(stderr=stderr, highlight=False, width=width, soft_wrap=stderr)


def messages() -> "Console":
    """Where what is no result goes."""
    return console(stderr=True)


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]], *, title: str | None = None) -> "Table":
    """Values, titles and columns as they are, without markup; None is an empty cell.

    Where there is little room columns of sentences get narrow, and those of names and ids stay whole.
    """
    from rich.table import Table
    from rich.text import Text

    head = None if title is None else Text(title, style="table.title")
    made = Table(box=None, pad_edge=False, title=head, title_justify="left")
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    for place, column in enumerate(columns):
        is_whole = all(" " not in row[place] and len(row[place]) <= _LONGEST_NAME for row in cells)
        made.add_column(Text(column), no_wrap=is_whole, overflow="fold")
    for texts in cells:
        made.add_row(*(Text(text, style=STYLES.get(text, "")) for text in texts))
    return made


def moment(instant: str | float) -> str:
    """An instant of an answer, as text or in seconds since 1970, in this machine's time, with its zone."""
    at = datetime.fromisoformat(instant) if isinstance(instant, str) else datetime.fromtimestamp(instant, UTC)
    return at.astimezone().isoformat(" ", "seconds")


def replicas_of(content: Any) -> str:
    """Of a model or a deployment."""
    return f"{content['ready_replicas']}/{content['desired_replicas']}"


def in_one_line(text: str) -> str:
    """A reason as a cell."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_CELL else f"{line[:_LONGEST_CELL]} ..."
