"""Lines of log files, as they stand and as they come, as one stream of JSON lines."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from headway.telemetry.bounded_file import last_lines
from headway.telemetry.log_follower import LogFollower

_POLL_EVERY = 0.25
_MOST_BYTES_BEHIND = 8 * 1024 * 1024
"""Half of what is surely kept: who reads more slowly is told exactly how many lines are left out."""


def log_lines(
    directory: Path, *, names: frozenset[str] | None, tail: int, follow: bool
) -> AsyncIterator[str]:
    """The last `tail` lines of each `NAME.log` in `directory` (of all names with None), then new ones if followed."""

    def is_wanted(name: str) -> bool:
        return names is None or name in names

    return _followed(directory, is_wanted, tail) if follow else _past(directory, is_wanted, tail)


async def _past(directory: Path, is_wanted: Callable[[str], bool], tail: int) -> AsyncIterator[str]:
    for path in await asyncio.to_thread(lambda: sorted(directory.glob("*.log"))):
        if is_wanted(path.stem):
            yield _as_json(path.stem, await asyncio.to_thread(last_lines, path, tail))


async def _followed(directory: Path, is_wanted: Callable[[str], bool], tail: int) -> AsyncIterator[str]:
    new: list[str] = []

    def show(name: str, line: str) -> None:
        if is_wanted(name):
            new.append(_as_json(name, [line]))

    follower = LogFollower(directory, show, most_behind=_MOST_BYTES_BEHIND)
    past = await asyncio.to_thread(lambda: list(follower.past(tail)))
    yield ""  # an answer may begin, though there be nothing to tell yet
    for name, lines in past:
        if is_wanted(name):
            yield _as_json(name, lines)
    while True:
        has_more = await asyncio.to_thread(follower.poll)
        text, new[:] = "".join(new), []
        if text:
            yield text
        if not has_more:
            await asyncio.sleep(_POLL_EVERY)


def _as_json(name: str, lines: list[str]) -> str:
    return "".join(json.dumps({"replica": name, "line": line}) + "\n" for line in lines)
