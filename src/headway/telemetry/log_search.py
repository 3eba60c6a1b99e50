"""Finds the newest entries of a log file that somebody asks for, in steps and with bounded memory.

It looks from the end back, further and further, and stops as soon as there are enough.
"""

import contextlib
import itertools
import json
import os
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

from headway.telemetry.bounded_file import PIECE_BYTES, begin_of_data, older_part
from headway.telemetry.instants import instant_text
from headway.telemetry.log_entry import LogEntry, is_record
from headway.telemetry.log_levels import Level
from headway.telemetry.log_reader import LogReader
from headway.telemetry.log_text import in_pieces, split, text

_REACHES = (PIECE_BYTES, 4 * PIECE_BYTES, 16 * PIECE_BYTES)
"""How far back it looks before it looks at everything."""
_OVERHEAD = 400
"""Of an entry in memory, in bytes and about."""


_COLOUR = "u001b["
_OWN_BEGIN = '{"asctime": "'
_OWN_TIME = slice(len(_OWN_BEGIN), len(_OWN_BEGIN) + len("2026-01-02T10:11:12.345Z"))
_TROUBLE = ("warn", "err", "crit", "fatal", "sever", "alert", "emerg", "panic", "exception")
"""Part of each name of a level above info; a severity is looked at."""
_NUMBERED = re.compile(r'"(?:level|levelname|lvl)":\s*\d\d')
_PLAIN = re.compile(r"[A-Za-z0-9 _.,:;=+*@#()\[\]-]+")
"""What JSON writes as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFilter:
    """What is asked for. Instants are seconds since 1970; what is None does not matter."""

    since: float | None = None
    until: float | None = None
    level: Level | None = None
    """That and above; a line that does not say its level counts as info."""
    request_id: str | None = None
    text: str | None = None
    """In whatever letters."""

    def takes(self, entry: LogEntry) -> bool:
        """An entry of which no time is known is taken whatever window is asked for."""
        return (
            self._is_in_window(entry.known_at)
            and (self.level is None or (entry.level or Level.INFO) >= self.level)
            and (self.request_id is None or self.request_id in entry.request_ids)
            and (self.text is None or _has(self.text, entry))
        )

    def skipped(self) -> Callable[[str], bool]:
        """Tells of lines of JSON which are surely not taken, by a look that costs little."""
        is_trouble = self.level is not None and self.level > Level.INFO
        request_id = self.request_id if _is_plain(self.request_id) else ""
        text = self.text.lower() if _is_plain(self.text) else ""
        until = "" if self.until is None else instant_text(self.until)

        def may_skip(line: str) -> bool:
            if _COLOUR in line:
                return False  # words may stand together when it is gone
            return (
                (is_trouble and not _may_be_trouble(line))
                or request_id not in line
                or text not in line.lower()
                or (until != "" and _own_time(line) > until)
            )

        return may_skip

    def _is_in_window(self, at: float | None) -> bool:
        if at is None:
            return True
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


class Found:
    """The newest entries, so many and so many bytes of them at most."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self.entries: deque[LogEntry] = deque()
        self.left_out = 0
        """Those that matched and were not too many, but too long."""
        self._most = most
        self._most_bytes = most_bytes
        self.bytes = 0
        """In memory, about."""

    @property
    def is_enough(self) -> bool:
        return len(self.entries) + self.left_out >= self._most

    def add(self, entry: LogEntry) -> None:
        self.entries.append(entry)
        self.bytes += _size(entry)
        while len(self.entries) + self.left_out > self._most:
            if self.left_out:
                self.left_out -= 1
            else:
                self.bytes -= _size(self.entries.popleft())
        while self.bytes > self._most_bytes and len(self.entries) > 1:
            self.bytes -= _size(self.entries.popleft())
            self.left_out += 1


def newest(
    path: Path, wanted: LogFilter, most: int, *, most_bytes: int, before: int | None = None
) -> Generator[None, None, Found]:
    """The newest entries of a bounded file that are `wanted`, `before` a place in it if that is given. Each step reads
    a piece. A file that is gone has none.
    """
    nothing = Found(most, most_bytes)
    if most == 0:
        return nothing
    with contextlib.ExitStack() as opened:
        parts = [_Part.of(part, end, opened) for part, end in ((older_part(path), None), (path, before))]
        there = [part for part in parts if part is not None]
        if not there or (wanted.since is not None and there[-1].written_at < wanted.since):
            return nothing
        for reach in _REACHES:
            start = there[-1].end - reach
            if start <= there[-1].begin:
                break
            found = Found(most, most_bytes)
            first_at = yield from _read([there[-1].lines(start)], wanted, found, is_begun=True)
            if found.is_enough or _is_before(first_at, wanted.since):
                return found
        found = Found(most, most_bytes)
        yield from _read([part.lines(part.begin) for part in there], wanted, found)
        return found


def _read(
    parts: Iterable[Iterator[list[str]]], wanted: LogFilter, found: Found, *, is_begun: bool = False
) -> Generator[None, None, float | None]:
    """Adds what is wanted of the lines, a piece in each step; the first instant that they tell. `is_begun`: what stands
    before the first record may belong to something that began earlier, and is left out.
    """
    reader, first_at = LogReader(may_skip=wanted.skipped()), None
    for lines in itertools.chain.from_iterable(parts):
        if is_begun:
            begin = next((place for place, line in enumerate(lines) if is_record(line)), None)
            is_begun, lines = begin is None, lines[begin:] if begin is not None else []  # noqa: PLW2901
        for entry in reader.read(lines):
            first_at = entry.at if first_at is None else first_at
            if wanted.takes(entry):
                found.add(entry)
        yield
    for entry in reader.end():
        if wanted.takes(entry):
            found.add(entry)
    return first_at


@dataclass(frozen=True, slots=True)
class _Part:
    """A file that is open, from its first byte that is kept to its end."""

    descriptor: int
    begin: int
    end: int
    written_at: float

    @classmethod
    def of(cls, path: Path, end: int | None, opened: contextlib.ExitStack) -> "_Part | None":
        try:
            descriptor = opened.enter_context(path.open("rb", buffering=0)).fileno()
            status = os.fstat(descriptor)
            begin = begin_of_data(descriptor, 0)
        except OSError:
            return None
        return cls(descriptor, begin, status.st_size if end is None else end, status.st_mtime)

    def lines(self, offset: int) -> Iterator[list[str]]:
        """From a place on, a piece at a time; of a line that is cut there nothing. What is given back to the disk
        meanwhile is passed over.
        """
        begun, is_cut = b"", offset > 0
        while offset < self.end:
            begin = begin_of_data(self.descriptor, offset)
            data = os.pread(self.descriptor, max(0, min(PIECE_BYTES, self.end - begin)), begin)
            if begin_of_data(self.descriptor, begin) != begin and data:
                continue
            if begin > offset:
                begun, is_cut = b"", True
            if not data:
                break
            offset = begin + len(data)
            if is_cut:
                data, is_cut = data[data.find(b"\n") + 1 :], b"\n" not in data
            if not is_cut:
                lines, begun = split(begun + data)
                *whole, begun = in_pieces(begun)
                yield [text(piece) for line in lines for piece in in_pieces(line)] + [
                    text(one) for one in whole
                ]
        if begun:
            yield [text(begun)]


def _has(text: str, entry: LogEntry) -> bool:
    """JSON may write what is no ASCII by its number."""
    folded, escaped = text.casefold(), json.dumps(text.lower())[1:-1]
    return (
        folded in entry.message.casefold()
        or folded in entry.line.casefold()
        or folded in entry.traceback.casefold()
        or (not text.isascii() and escaped in entry.line.lower())
    )


def _own_time(line: str) -> str:
    """As Headway's replicas write it, to be compared as text; else empty, which is before all."""
    return (
        line[_OWN_TIME]
        if line.startswith(_OWN_BEGIN) and line[_OWN_TIME.stop - 1 : _OWN_TIME.stop + 1] == 'Z"'
        else ""
    )


def _may_be_trouble(line: str) -> bool:
    low = line.lower()
    return any(word in low for word in _TROUBLE) or _NUMBERED.search(line) is not None


def _is_plain(text: str | None) -> TypeGuard[str]:
    return text is not None and _PLAIN.fullmatch(text) is not None


def _is_before(at: float | None, since: float | None) -> bool:
    return at is not None and since is not None and at < since


def _size(entry: LogEntry) -> int:
    return 2 * len(entry.line) + _OVERHEAD
