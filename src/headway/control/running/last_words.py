"""What a replica's log says of its end: the exception that kept its model from loading, in one line.

It reads the end of the log file and decides nothing; where the log says nothing of it, neither does this.
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from headway.telemetry.bounded_file import last_lines

_READ_LINES = 500
_LONGEST = 400
_BEGINS = re.compile(r"Replica \S* (listens on|stands before) ")
_LOADING = "Exception while loading model: "
_FAILED_TO_LOAD = "the model failed to load: "
_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(r"(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Exit|Interrupt|NotFound)\b(?::.*)?")


def last_words(log: Path) -> str:
    """Why the replica that wrote `log` ended, as far as it said; else empty."""
    lines = _of_last_life([line for written in last_lines(log, _READ_LINES) for line in _lines_of(written)])
    words = _of_loading(lines) or next((line for line in reversed(lines) if _EXCEPTION.fullmatch(line)), "")
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}..."


def _lines_of(written: str) -> Iterator[str]:
    """A line of the file as the lines of its message: a replica logs in JSON, what it runs prints as it likes."""
    try:
        record = json.loads(written) if written.startswith("{") else {}
    except ValueError:
        record = {}
    if not isinstance(record, dict) or "levelname" not in record:
        yield written.rstrip()
        return
    for part in ("message", "exc_info"):
        yield from str(record.get(part, "")).splitlines()


def _of_last_life(lines: Sequence[str]) -> Sequence[str]:
    """An id's replicas write to one file, one after another."""
    begins = (place for place in range(len(lines) - 1, -1, -1) if _BEGINS.search(lines[place]))
    return lines[next(begins, 0) :]


def _of_loading(lines: Sequence[str]) -> str:
    """The exception's own text, which may have several lines, as one."""
    for place in range(len(lines) - 1, -1, -1):
        _, found, text = lines[place].partition(_LOADING)
        if found:
            rest = lines[place + 1 :]
            own = rest[: rest.index(_TRACEBACK)] if _TRACEBACK in rest else []
            return " ".join(" ".join([text.removeprefix(_FAILED_TO_LOAD), *own]).split())
    return ""
