"""Shows what logs say, an entry in one line: time, level, replica, message and request, with its other lines below it.

The console shows the same, and so does what it downloads: `console/src/pages/deployment/logs/text.ts`. What a line says
is found in `telemetry/log_entry.py`.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from headway.telemetry.log_entry import entry_of, harmless

if TYPE_CHECKING:
    from rich.console import Console

_STYLES = {"debug": "dim", "warning": "yellow", "error": "red", "critical": "bold red"}
_INDENT = "    "
Styled = Callable[[str, str], str]
"""A text in a style."""


def readable(content: Mapping[str, Any], styled: Styled = lambda text, _: text) -> str:
    """Lines of text for what the API tells of an entry; columns of what is not known are blank."""
    at, level, request_id = (harmless(content.get(name) or "") for name in ("at", "level", "request_id"))
    name = harmless(content["replica"])
    message, *more = harmless(content.get("message") or "").split("\n")
    below = [*more, *_lines(harmless(content.get("traceback") or ""))]
    columns = (
        styled(f"{at:24}", "dim"),
        styled(f"{level:8}", _STYLES.get(level, "")),
        styled(f"{name:>12}", "dim"),
    )
    first = " ".join([*columns, message]) + (styled(f"  request={request_id}", "dim") if request_id else "")
    return "\n".join([first.rstrip(), *((_INDENT + line).rstrip() for line in below)])


def entry_printer(console: "Console") -> Callable[[Mapping[str, Any]], None]:
    """Shows what the API tells of an entry."""
    styled = _styling(console)

    def show(content: Mapping[str, Any]) -> None:
        text = readable(content, styled) + "\n"
        console.file.write(text.encode(console.encoding, "backslashreplace").decode(console.encoding))
        console.file.flush()

    return show


def log_printer(console: "Console") -> Callable[[str, str], None]:
    """Shows a line of the process that has this name, as it comes."""
    show_entry = entry_printer(console)

    def show(name: str, line: str) -> None:
        content = entry_of(line).to_json(name)
        own = f"{name}: "  # what Headway's own processes begin their messages with
        show_entry({**content, "message": str(content["message"]).removeprefix(own)})

    return show


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


def _styling(console: "Console") -> Styled:
    """To style a text takes a hundred times as long as to write it: what a style puts around it is found once."""
    around: dict[str, tuple[str, str]] = {}

    def styled(text: str, style: str) -> str:
        if style not in around:
            with console.capture() as captured:
                console.print("|", style=style, end="", markup=False)
            before, _, after = captured.get().partition("|")
            around[style] = before, after
        before, after = around[style]
        return f"{before}{text}{after}"

    return styled
