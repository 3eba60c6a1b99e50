"""How Headway's own processes write their logs: one line a record, its instant first, in UTC."""

import json
import logging
import sys
from typing import Any

from headway.telemetry.instants import instant_text


def configure_logging(process: str, *, as_json: bool = False, level: str = "INFO") -> None:
    """Send this process's log records to stderr, one line each; `extra` fields are kept."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_JsonLines(process) if as_json else _PlainLines(process))
    logging.basicConfig(level=level, handlers=[output], force=True)
    for library in ("alembic", "uvicorn", "httpx"):
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))


class _JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "at": instant_text(record.created),
            "level": record.levelname.lower(),
            "process": self._process,
            "message": record.getMessage(),
            **_extra(record),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields, default=str)


class _PlainLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        at, level = instant_text(record.created), record.levelname.lower()
        line = f"{at} {level} {self._process}: {record.getMessage()}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}
