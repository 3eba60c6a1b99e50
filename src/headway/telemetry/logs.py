"""Logs: how Headway's own processes write them, files of bounded size, and a follower of those files.

A process appends to its file by itself, so that nobody has to drain a pipe for it to go on.
"""

import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_logger = logging.getLogger(__name__)

LOG_LIMIT_BYTES = 16 * 1024 * 1024
_MOST_BYTES_AT_ONCE = 256 * 1024
_LONGEST_LINE_BYTES = 16 * 1024
_MOST_BYTES_OF_PAST = 1024 * 1024


def configure_logging(process: str, *, as_json: bool = False, level: str = "INFO") -> None:
    """Send this process's log records to stderr, one line each; `extra` fields are kept."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_JsonLines(process) if as_json else _PlainLines(process))
    logging.basicConfig(level=level, handlers=[output], force=True)
    for library in ("alembic", "uvicorn", "httpx"):
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))


class BoundedFile:
    """An append-only file for a process to write to, and `trim`, which keeps it near its limit.

    When it has outgrown the limit its newest part is copied to `NAME.1` and the file is emptied under the
    writer, who notices nothing. So at most twice the limit stays on disk, plus what was written since the last
    `trim`; what is written during the copy itself can be lost. A disk that is full, broken or not ours to write costs
    lines, and nothing else: a file that cannot be opened takes all and keeps none.
    """

    def __init__(self, path: Path, limit_bytes: int = LOG_LIMIT_BYTES) -> None:
        self.path = path
        self.limit_bytes = limit_bytes
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            _logger.warning("the log %s is not kept: %s", path, error.strerror)
            self.descriptor = os.open(os.devnull, os.O_RDWR)

    def trim(self) -> None:
        """Cheap when there is nothing to do: one fstat. A full disk does not stop it."""
        with contextlib.suppress(OSError):
            size = os.fstat(self.descriptor).st_size
            if size <= self.limit_bytes:
                return
            with contextlib.suppress(OSError):
                self._keep_newest(size)
            os.ftruncate(self.descriptor, 0)

    def write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(self.descriptor, data)

    def close(self) -> None:
        os.close(self.descriptor)

    def _keep_newest(self, size: int) -> None:
        temporary = rotated_path(self.path).with_suffix(".new")
        try:
            with temporary.open("wb") as target:
                start = size - self.limit_bytes
                while start < size:
                    piece = os.pread(self.descriptor, min(_MOST_BYTES_AT_ONCE, size - start), start)
                    if not piece:
                        break
                    target.write(piece)
                    start += len(piece)
            temporary.replace(rotated_path(self.path))
        except OSError:
            temporary.unlink(missing_ok=True)  # it would take the room that is missing
            raise


def last_lines(path: Path, count: int) -> list[str]:
    """The newest lines of a bounded file, its older part included, as far as they lie in the last MiB."""
    data = b""
    for part in (rotated_path(path), path):
        with contextlib.suppress(OSError), part.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _MOST_BYTES_OF_PAST))
            data += file.read()
    lines = data[-_MOST_BYTES_OF_PAST:].splitlines()
    return [line.decode(errors="replace") for line in lines[len(lines) - min(count, len(lines)) :]]


class LogFollower:
    """Shows the lines that are added to the `*.log` files of a directory and of the folders in it from now on, new
    files whole.

    `show(name, line)` gets the file's name without its ending. Lines that come faster than they are shown are
    skipped, which it says.
    """

    def __init__(self, directory: Path, show: Callable[[str, str], None]) -> None:
        self._directory = directory
        self._show = show
        self._places = {path: _place_at_end(path) for path in directory.rglob("*.log")}

    def run(self, stopped: threading.Event, interval: float = 0.1) -> None:
        """Follow until `stopped`; what was written before that is shown still."""
        while not stopped.wait(interval):
            self.poll()
        self.poll()

    def poll(self) -> None:
        """Show what was added since the last time, a bounded amount."""
        with contextlib.suppress(OSError):
            for path in sorted(self._directory.rglob("*.log")):
                with contextlib.suppress(OSError):
                    place = self._places.setdefault(path, _Place(rotated_at=_rotated_at(path)))
                    self._read_on(path, place)

    def _read_on(self, path: Path, place: "_Place") -> None:
        rotated_at = _rotated_at(path)
        if rotated_at != place.rotated_at or path.stat().st_size < place.offset:
            place.rotated_at, place.offset, place.begun = rotated_at, 0, b""
            self._show(path.stem, "... (the log file was rotated; lines may be missing here)")
        with path.open("rb") as file:
            file.seek(place.offset)
            data = file.read(_MOST_BYTES_AT_ONCE)
        place.offset += len(data)
        *lines, place.begun = (place.begun + data).split(b"\n")
        if len(place.begun) > _LONGEST_LINE_BYTES:
            lines.append(place.begun)
            place.begun = b""
        for line in lines:
            self._show(path.stem, line.decode(errors="replace"))


def rotated_path(path: Path) -> Path:
    """Where the older part of a bounded file is kept."""
    return path.with_name(path.name + ".1")


@dataclass(slots=True)
class _Place:
    """How far one file was read; `begun` is a line whose end was not written yet."""

    offset: int = 0
    rotated_at: int = 0
    begun: bytes = b""


def _place_at_end(path: Path) -> _Place:
    return _Place(path.stat().st_size, _rotated_at(path))


def _rotated_at(path: Path) -> int:
    """Tells one rotation from the next; 0 before the first."""
    try:
        return rotated_path(path).stat().st_mtime_ns
    except FileNotFoundError:
        return 0


class _JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        fields = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
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
        at = datetime.fromtimestamp(record.created, UTC).astimezone().strftime("%H:%M:%S")
        extra = "".join(f" {name}={value}" for name, value in _extra(record).items())
        line = f"{at} {record.levelname.lower()} {self._process}: {record.getMessage()}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _OWN_FIELDS}
