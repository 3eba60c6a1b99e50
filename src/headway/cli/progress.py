"""Shows what goes on: a spinner with the last line and the time on a terminal, each new line once elsewhere."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_LONGEST_LINE = 100
_MEGABYTE = 1_000_000


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


def counted(pieces: Iterable[bytes], show: Callable[[str], None]) -> Iterator[bytes]:
    """The pieces as they are taken; how much that is, is shown."""
    taken = 0
    for piece in pieces:
        taken += len(piece)
        show(f"uploading: {taken / _MEGABYTE:,.1f} MB")
        yield piece


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
