"""Shows log lines: a replica's, which are JSON as Truss has it, are made readable; others stay as they are, but what a
terminal would take as a command is shown and not obeyed.
"""

import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


_STYLE = re.compile(r"\x1b\[[0-9;:]*m")
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Of a terminal, those that turn the direction of text around included, and what is no character at all."""


def readable(line: str) -> str:
    """The line's time, level and message, with a traceback below it if it has one."""
    if not line.startswith("{"):
        return line
    try:
        record = json.loads(line)
        at, level, message = record["asctime"], record["levelname"], record["message"]
    except (ValueError, KeyError, RecursionError):
        return line
    text = f"{at} {str(level).lower()} {message}"
    return f"{text}\n{record['exc_info']}" if record.get("exc_info") else text


def log_printer(console: "Console") -> Callable[[str, str], None]:
    """Shows a line behind the name of the process that it comes from."""
    prefixes: dict[str, str] = {}

    def show(name: str, line: str) -> None:
        prefix = prefixes.get(name) or prefixes.setdefault(name, _styled(console, f"{name:>12} "))
        parts = _harmless(readable(line).rstrip()).split("\n")
        text = "".join(f"{prefix}{part}\n" for part in parts)
        console.file.write(text.encode(console.encoding, "backslashreplace").decode(console.encoding))
        console.file.flush()

    return show


def _styled(console: "Console", text: str) -> str:
    """Once for each name: to style each line takes a hundred times as long as to write it."""
    with console.capture() as captured:
        console.print(text, style="dim", end="", markup=False)
    return captured.get()


def _harmless(text: str) -> str:
    """Without colours, and with the bytes of other commands as Python writes them."""
    return _COMMANDS.sub(lambda found: _written(ord(found[0])), _STYLE.sub("", text))


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  # the last of two digits
