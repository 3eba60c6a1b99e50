"""Lays values out in columns for a terminal of some width: as many of the columns as have room, none of them cut."""

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.text import Text

_GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    is_number: bool = False
    """Then it stands to the right."""
    least: int = 0
    """How wide it is at least, so that it stays in its place when what is in it changes."""


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    style: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """The leading columns that have room, and how wide each is."""

    columns: Sequence[Column]
    widths: Sequence[int]
    indent: int

    @property
    def head(self) -> "Text":
        return self.line([Cell(one.name, "bold") for one in self.columns])

    @property
    def names(self) -> frozenset[str]:
        return frozenset(one.name for one in self.columns)

    def line(self, cells: Sequence[Cell]) -> "Text":
        """Cells of columns without room are left out."""
        from rich.text import Text

        made = Text(" " * self.indent)
        for place, (column, width) in enumerate(zip(self.columns, self.widths, strict=True)):
            one = cells[place]
            padded = one.text.rjust(width) if column.is_number else one.text.ljust(width)
            made.append(" " * (_GAP if place else 0)).append(padded, style=one.style)
        made.rstrip()
        return made


def grid(
    columns: Sequence[Column], rows: Sequence[Sequence[Cell]], width: int, *, indent: int = 0, least: int = 1
) -> Grid:
    """Of the columns at least so many, whether they have room or not."""
    widths = [
        max(len(column.name), column.least, *(len(row[place].text) for row in rows))
        for place, column in enumerate(columns)
    ]
    count = len(columns)
    while count > least and indent + sum(widths[:count]) + _GAP * (count - 1) > width:
        count -= 1
    return Grid(columns[:count], widths[:count], indent)


def wrapped(
    text: str, width: int, *, indent: int, most: int | None = None, style: str = ""
) -> "Iterator[Text]":
    """The text in lines, at most so many; a name is not broken that fits in a line."""
    from rich.text import Text

    lines = textwrap.wrap(
        " ".join(text.split()),
        max(width - indent, 20),
        break_on_hyphens=False,
        max_lines=most,
        placeholder=" ...",
    )
    return (Text(" " * indent).append(line, style=style) for line in lines)
