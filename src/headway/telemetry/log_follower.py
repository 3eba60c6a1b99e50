"""Shows lines of log files as they are written. None is left out unless they come too fast; then it says how many."""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from headway.telemetry.bounded_file import PIECE_BYTES, begin_of_data, older_part
from headway.telemetry.log_text import in_pieces, split, text

MOST_BYTES_BEHIND = 1024 * 1024
_PAUSE = 1.0
"""Seconds without a word after which a line counts as whole without its end."""
_EMPTIED = "... (the log file was emptied; lines may be missing here)"


class LogFollower:
    """Shows the lines that are added to the `*.log` files of a directory and of the folders in it from now on, new
    files whole.

    `show(name, line)` gets the file's name without its ending. A line ends with a line feed, a carriage return or
    both; one that is very long comes in pieces. When what was not shown yet of a file is more than `most_behind` bytes,
    the older lines of it are left out and counted.
    """

    def __init__(
        self,
        directory: Path,
        show: Callable[[str, str], None],
        *,
        most_behind: int = MOST_BYTES_BEHIND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._show = show
        self._most_behind = most_behind
        self._clock = clock
        self._readers: dict[Path, _Reader] = {}
        for path in sorted(self._paths()):
            with contextlib.suppress(OSError):
                self._readers[path] = _Reader.at_end(path)

    @property
    def followed(self) -> Iterable[Path]:
        """The files that there were at the last look."""
        return self._readers.keys()

    @property
    def past(self) -> Mapping[Path, int]:
        """The files, and the place in each from which on lines are shown. Ask before the first poll."""
        return {path: reader.begin_of_line for path, reader in self._readers.items()}

    def run(self, stopped: threading.Event, interval: float = 0.1) -> None:
        """Follow until `stopped`; what was written before that is shown still."""
        while not stopped.wait(interval):
            self.poll()
        self.finish()

    def poll(self) -> bool:
        """Show what was added since the last time, a bounded amount of each file; whether there is more."""
        has_more = False
        for path in sorted(self._readers.keys() | self._paths()):
            reader = self._readers.setdefault(path, _Reader())
            try:
                for line in reader.read_on(path, self._most_behind, self._clock()):
                    self._show(path.stem, line)
                has_more |= reader.has_more
            except FileNotFoundError:
                self._forget(path)
            except OSError:
                continue
        return has_more

    def finish(self) -> None:
        """Show all that is left, also lines that were begun only."""
        while self.poll():
            pass
        for path in list(self._readers):
            self._forget(path)

    def _forget(self, path: Path) -> None:
        for line in self._readers.pop(path).take_begun():
            self._show(path.stem, line)

    def _paths(self) -> set[Path]:
        with contextlib.suppress(OSError):
            return set(self._directory.rglob("*.log"))
        return set()


@dataclass(slots=True)
class _Reader:
    """How far one file was read; `begun` is a line whose end was not read yet."""

    offset: int = 0
    inode: int = 0
    begun_anew_at: int = 0
    begun: bytes = b""
    grew_at: float | None = None
    has_more: bool = False
    is_cut: bool = False
    """Whether something was left out before `offset`, which may be in the middle of a line."""
    lines_left_out: int = 0
    bytes_gone: int = 0
    """Of a hole: nobody can tell any more how many lines were there."""

    @classmethod
    def at_end(cls, path: Path) -> "_Reader":
        with path.open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            start = begin_of_data(file.fileno(), max(0, status.st_size - PIECE_BYTES))
            newest = os.pread(file.fileno(), status.st_size - start, start) if start < status.st_size else b""
        _, begun = split(newest)
        return cls(start + len(newest), status.st_ino, _begun_anew_at(path), begun)

    @property
    def begin_of_line(self) -> int:
        return self.offset - len(self.begun)

    def read_on(self, path: Path, most_behind: int, now: float) -> Iterator[str]:
        """The lines that have come to their end, and what is to be said of those that are left out."""
        with path.open("rb", buffering=0) as file:
            descriptor = file.fileno()
            yield from self._find_place(path, os.fstat(descriptor))
            size = os.fstat(descriptor).st_size
            if size - self.offset > most_behind:
                self._leave_out(descriptor, size - PIECE_BYTES)
            data = self._next(descriptor)
            self.has_more = self.offset < size
        if self.is_cut:
            begin = data.find(b"\n") + 1
            data, self.begun = data[begin:], b""
            yield self._what_is_left_out(self.lines_left_out + (begin > 0))
        if data or self.grew_at is None:
            self.grew_at = now
        elif now - self.grew_at >= _PAUSE:
            yield from self.take_begun()
        lines, begun = split(self.begun + data)
        *pieces, self.begun = in_pieces(begun)
        yield from (text(piece) for line in lines for piece in in_pieces(line))
        yield from map(text, pieces)

    def take_begun(self) -> Iterator[str]:
        if self.begun:
            begun, self.begun = self.begun, b""
            yield text(begun)

    def _find_place(self, path: Path, status: os.stat_result) -> Iterator[str]:
        """Begin again where the file is another one, or was emptied."""
        begun_anew_at = _begun_anew_at(path)
        is_emptied = status.st_size < self.offset
        is_same = (status.st_ino, begun_anew_at) == (self.inode, self.begun_anew_at)
        if is_emptied or not is_same:
            yield from self.take_begun()
            self.offset, self.inode, self.begun_anew_at = 0, status.st_ino, begun_anew_at
            if is_emptied and is_same:  # else it is another file, or says so itself
                yield _EMPTIED

    def _leave_out(self, descriptor: int, end: int) -> None:
        """Go on at `end`."""
        self.is_cut = True
        while self.offset < end:
            self.lines_left_out += self._next(descriptor, end - self.offset).count(b"\n")

    def _next(self, descriptor: int, most: int = PIECE_BYTES) -> bytes:
        """What follows in the file, a piece at a time."""
        while True:
            begin = begin_of_data(descriptor, self.offset)
            data = os.pread(descriptor, min(most, PIECE_BYTES), begin)
            if begin_of_data(descriptor, begin) == begin or not data:
                break  # its room was not given back meanwhile
        if begin > self.offset:
            self.bytes_gone += begin - self.offset
            self.is_cut = True
        self.offset = begin + len(data)
        return data

    def _what_is_left_out(self, lines: int) -> str:
        what = f"{self.bytes_gone / 1e6:.1f} MB" if self.bytes_gone else str(max(1, lines))
        self.is_cut, self.lines_left_out, self.bytes_gone = False, 0, 0
        return f"... lines left out: {what} (they came faster than they are shown)"


def _begun_anew_at(path: Path) -> int:
    """Tells one time from the next; 0 before the first."""
    try:
        return older_part(path).stat().st_mtime_ns
    except FileNotFoundError:
        return 0
