"""Entries of log files that are asked for, the newest of the past and those that come, as one stream of JSON lines."""

import asyncio
import heapq
import json
import time
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from headway.telemetry.log_entry import LogEntry
from headway.telemetry.log_follower import LogFollower
from headway.telemetry.log_reader import LogReader
from headway.telemetry.log_search import Found, LogFilter, newest

_POLL_EVERY = 0.25
_KEEP_ALIVE = 15.0
_ALIVE = "\n"
_MOST_BYTES_BEHIND = 8 * 1024 * 1024
"""Half of what is surely kept: who reads more slowly is told exactly how many lines are left out."""
_MOST_BYTES = 64 * 1024 * 1024
"""In memory, of an answer's entries of the past."""
_AT_ONCE = 500
_searching = ThreadPoolExecutor(1, thread_name_prefix="log-search")
"""All searches take turns on one thread, a piece of a file each: control has the processor for its own work."""

Named = tuple[str, LogEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which entries: of one replica or all (None), the newest of the past, and those that come if they are followed."""

    replica: str | None
    tail: int
    follow: bool
    filter: LogFilter

    def is_of(self, name: str) -> bool:
        return self.replica is None or name == self.replica


async def names_in(directory: Path) -> set[str]:
    """Of what has a log."""
    return {path.stem for path in await _logs(directory)}


def log_lines(directory: Path, asked: Asked) -> AsyncIterator[str]:
    """Entries of the `NAME.log` in `directory`, in the order of their times; those of a file stay in its order."""
    return _followed(directory, asked) if asked.follow else _past(directory, asked, None)


async def _logs(directory: Path) -> list[Path]:
    return await asyncio.to_thread(lambda: sorted(directory.glob("*.log")))


async def _past(
    directory: Path, asked: Asked, ends: Iterable[tuple[Path, int | None]] | None
) -> AsyncIterator[str]:
    """`ends`: the files, and where their past ends; None for all files, whole."""
    if ends is None:
        ends = [(path, None) for path in await _logs(directory)]
    files = [(path, end) for path, end in ends if asked.is_of(path.stem)]
    found: dict[str, Found] = {}
    for place, (path, end) in enumerate(await asyncio.to_thread(lambda: sorted(files, key=_size))):
        # What short files leave of the room is for the long ones.
        most_bytes = (_MOST_BYTES - sum(one.bytes for one in found.values())) // (len(files) - place)
        steps = newest(path, asked.filter, asked.tail, most_bytes=most_bytes, before=end)
        found[path.stem] = await _searched(steps)
    merged = _in_order({name: found[name].entries for name in sorted(found)})
    entries = merged[-asked.tail :] if asked.tail else []
    if left_out := min(asked.tail - len(entries), sum(one.left_out for one in found.values())):
        yield _as_json([("", _left_out(left_out))])
    for begin in range(0, len(entries), _AT_ONCE):
        yield _as_json(entries[begin : begin + _AT_ONCE])


async def _followed(directory: Path, asked: Asked) -> AsyncIterator[str]:
    new = _New(asked)
    follower = LogFollower(directory, new.take, most_behind=_MOST_BYTES_BEHIND)
    past = follower.past
    yield ""  # an answer may begin, though there be nothing to tell yet
    async for text in _past(directory, asked, sorted(past.items())):
        yield text
    yield _ALIVE
    told_at = time.monotonic()
    while True:
        has_more = await asyncio.to_thread(follower.poll)
        text = _as_json(new.taken()) or (_ALIVE if time.monotonic() - told_at >= _KEEP_ALIVE else "")
        if text:
            told_at = time.monotonic()
            yield text
        if not has_more:
            await asyncio.sleep(_POLL_EVERY)


class _New:
    """Lines that have come, until they are told."""

    def __init__(self, asked: Asked, clock: Callable[[], float] = time.time) -> None:
        self._asked = asked
        self._clock = clock
        self._readers: dict[str, LogReader] = {}
        self._entries: dict[str, list[LogEntry]] = {}

    def take(self, name: str, line: str) -> None:
        if self._asked.is_of(name):
            reader = self._readers.setdefault(name, LogReader())
            self._keep(name, reader.read([line]))

    def taken(self) -> list[Named]:
        """Whoever writes an entry of several lines does so at once: what has come is whole."""
        for name, reader in self._readers.items():
            self._keep(name, reader.end())
            reader.known_at = self._clock()  # what comes without a time comes now
        entries, self._entries = self._entries, {}
        return _in_order(entries)

    def _keep(self, name: str, entries: Iterable[LogEntry]) -> None:
        if kept := [entry for entry in entries if self._asked.filter.takes(entry)]:
            self._entries.setdefault(name, []).extend(kept)


async def _searched(steps: Generator[None, None, Found]) -> Found:
    """Each step is taken on a thread; whoever leaves in between ends it."""

    def step() -> Found | None:
        try:
            next(steps)
        except StopIteration as done:
            found: Found = done.value
            return found
        return None

    loop = asyncio.get_running_loop()
    while (found := await loop.run_in_executor(_searching, step)) is None:
        pass
    return found


def _in_order(files: Mapping[str, Iterable[LogEntry]]) -> list[Named]:
    """By their times; a clock that was set back does not turn a file around."""
    timed = (_timed(name, entries) for name, entries in files.items())
    return [named for _, named in heapq.merge(*timed, key=lambda one: one[0])]


def _timed(name: str, entries: Iterable[LogEntry]) -> Iterator[tuple[float, Named]]:
    at = 0.0
    for entry in entries:
        at = max(at, entry.known_at or 0.0)
        yield at, (name, entry)


def _size(file: tuple[Path, int | None]) -> int:
    """By which one that has gone meanwhile comes first."""
    try:
        return file[0].stat().st_blocks
    except OSError:
        return 0


def _left_out(number: int) -> LogEntry:
    text = f"... lines left out: {number} (an answer holds {_MOST_BYTES // 2**20} MiB of them at most)"
    return LogEntry(line=text, message=text)


def _as_json(entries: Iterable[Named]) -> str:
    return "".join(json.dumps(entry.to_json(name)) + "\n" for name, entry in entries)
