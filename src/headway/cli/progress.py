"""Shows what goes on: a spinner with the last line and the time on a terminal, each new line once elsewhere."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_LINE = 100


@contextlib.contextmanager
def spinner(
    console: "Console", begin: str, *, is_told_elsewhere: bool = False
) -> Iterator[Callable[[str], None]]:
    """What is called with a line shows it, while the block lasts. `is_told_elsewhere`: without a terminal too."""
    if not console.is_terminal:
        yield _each_once(console) if is_told_elsewhere else lambda _: None
        return
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task(begin)
        yield lambda line: shown.update(task, description=line.strip()[:_LONGEST_LINE])


def _each_once(console: "Console") -> Callable[[str], None]:
    told = ""

    def show(line: str) -> None:
        nonlocal told
        if line != told:
            console.print(line.strip(), markup=False)
        told = line

    return show


@contextlib.contextmanager
def reading(file: Path, console: "Console", what: str) -> Iterator[BinaryIO]:
    """The open file; while it is read, a bar shows how far that is."""
    if not console.is_terminal:
        with file.open("rb") as opened:
            yield opened
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with (
        Progress(*columns, console=console, transient=True) as shown,
        shown.open(file, "rb", description=what) as it,
    ):
        yield it


@contextlib.contextmanager
def bars(
    console: "Console", names: Iterable[str], reached: Callable[[float], str]
) -> Iterator[Callable[[str, float], None]]:
    """What is called with a name and a share shows how far that is, in a bar and in the words of `reached`."""
    if not console.is_terminal:
        yield lambda _, __: None
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[reached]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        tasks = {name: shown.add_task(name, total=1.0, reached="") for name in names}
        yield lambda name, share: shown.update(tasks[name], completed=share, reached=reached(share))


def warn(console: "Console", warnings: Iterable[str]) -> None:
    for warning in warnings:
        console.print("warning:", style="bold yellow", end=" ")
        console.print(warning, markup=False)
