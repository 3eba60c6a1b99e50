"""Shows log lines: a replica's, which are JSON as Truss has it, are made readable; others stay as they are."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def readable(line: str) -> str:
    """The line's time, level and message, with a traceback below it if it has one."""
    if not line.startswith("{"):
        return line
    try:
        record = json.loads(line)
        at, level, message = record["asctime"], record["levelname"], record["message"]
    except (ValueError, KeyError):
        return line
    text = f"{str(at)[11:19]} {str(level).lower()} {message}"
    return f"{text}\n{record['exc_info']}" if record.get("exc_info") else text


def log_printer(console: "Console") -> Callable[[str, str], None]:
    """Shows a line behind the name of the process that it comes from."""

    def show(name: str, line: str) -> None:
        for part in readable(line).rstrip().split("\n"):
            console.print(f"{name:>12} ", style="dim", end="")
            console.print(part, markup=False)

    return show
