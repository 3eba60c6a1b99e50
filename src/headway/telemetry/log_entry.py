"""What one line of a log says: when, at which level, what, for which request, and the traceback below it.

Replicas write JSON as Truss has it; others' JSON and plain lines are read as far as they say the same. What a terminal
or a page would take as a command is shown and not obeyed. Which lines belong together is `log_reader`'s to say.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from headway.telemetry.instants import instant_text
from headway.telemetry.log_levels import Level, level_and_rest, level_of
from headway.telemetry.log_traceback import parted

_TIMES = ("asctime", "timestamp", "time", "@timestamp", "ts", "at")
_LEVELS = ("levelname", "level", "severity", "lvl")
_MESSAGES = ("message", "msg", "event")
_TRACEBACKS = ("exc_info", "exception", "traceback", "exc_text", "stack_trace", "stack")
_REQUEST_IDS = ("headway_request_id", "request_id", "client_request_id", "chain_request_id")
"""The gateway's own first: the record of the request is found by it."""

_TIMED = re.compile(
    r"\[?(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(?: ?(Z|[+-]\d\d:?\d\d))?\]?(?=[\s:|\]-]|$)[\s:|-]*"
)
_MILLISECONDS = 1e11
"""From here on a number cannot be seconds since 1970."""
_NO_INSTANT = 253_402_300_800.0  # the year 10000

_STYLE = re.compile(r"\x1b\[[0-9;:]*m")
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Of a terminal, those that turn the direction of text around included, and what is no character at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """`line` is what stands in the file, several lines with line feeds where they belong together; the other texts are
    harmless. `at` is seconds since 1970 if the line says it, `known_at` what is known of it by the lines before.
    """

    line: str
    message: str
    at: float | None = None
    known_at: float | None = None
    level: Level | None = None
    traceback: str = ""
    request_ids: tuple[str, ...] = ()

    def to_json(self, replica: str) -> dict[str, str | None]:
        """As the API tells it."""
        return {
            "replica": replica,
            "line": self.line,
            "at": None if self.at is None else instant_text(self.at),
            "level": None if self.level is None else self.level.word,
            "message": self.message,
            "traceback": self.traceback or None,
            "request_id": self.request_ids[0] if self.request_ids else None,
        }


def entry_of(line: str) -> LogEntry:
    """What a line alone says."""
    record = _record(line)
    if record is None:
        return _plain(line)
    message, traceback = harmless(_text(_first(record, _MESSAGES))), _traceback(record)
    if not traceback:
        message, traceback = parted(message)
    return LogEntry(
        line=line,
        at=_instant(_first(record, _TIMES)),
        level=level_of(_first(record, _LEVELS)),
        message=message,
        traceback=traceback,
        request_ids=_request_ids(record),
    )


def harmless(text: str) -> str:
    """Without colours and blanks at its end, and with the bytes of other commands as Python writes them."""
    if text.isprintable():
        return text.rstrip()
    return _COMMANDS.sub(lambda found: _written(ord(found[0])), _STYLE.sub("", text)).rstrip()


def is_record(line: str) -> bool:
    """Whether it begins something of its own, whatever stood before it."""
    return line.startswith("{") or _TIMED.match(line) is not None


def _record(line: str) -> dict[str, Any] | None:
    """The fields of a line of JSON that a logger has written, not just printed."""
    if not line.startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    has_message = _first(found, _MESSAGES) is not None
    is_logged = _first(found, _TIMES) is not None or _first(found, _LEVELS) is not None
    return found if has_message and is_logged else None


def _plain(line: str) -> LogEntry:
    shown = harmless(line)
    found = _TIMED.match(shown)
    at = None if found is None else _instant(found[1] + (found[2] or ""))
    rest = shown if found is None or at is None else shown[found.end() :]
    level, message = level_and_rest(rest, is_timed=at is not None)
    return LogEntry(line=line, at=at, level=level, message=message)


def _first(record: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        value = record.get(name)
        if value is not None:
            return value
    return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _traceback(record: dict[str, Any]) -> str:
    """A field of that name may also say only whether there is one."""
    for name in _TRACEBACKS:
        value = record.get(name)
        if isinstance(value, list):
            value = "\n".join(_text(one).removesuffix("\n") for one in value)
        if value and isinstance(value, str):
            return harmless(value)
    return ""


def _request_ids(record: dict[str, Any]) -> tuple[str, ...]:
    ids: dict[str, None] = {}
    for name in _REQUEST_IDS:
        value = record.get(name)
        if value and isinstance(value, str):
            ids[harmless(value)] = None
    return tuple(ids)


def _instant(value: Any) -> float | None:
    """A time without a zone is this machine's."""
    try:
        if isinstance(value, str):
            at = datetime.fromisoformat(value.strip()).timestamp()
        elif isinstance(value, int | float) and not isinstance(value, bool):
            at = value / 1000 if value > _MILLISECONDS else float(value)
        else:
            return None
    except (ValueError, OverflowError, OSError):
        return None
    return at if math.isfinite(at) and 0 <= at < _NO_INSTANT else None


def _written(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004  # the last of two digits
