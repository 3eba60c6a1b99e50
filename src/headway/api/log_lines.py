"""Lines of log files, as they stand and as they come, as one stream of JSON lines."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

from headway.telemetry.logs import LogFollower, last_lines

_POLL_EVERY = 0.25


async def log_lines(
    directory: Path, *, names: frozenset[str] | None, tail: int, follow: bool
) -> AsyncIterator[str]:
    """The last `tail` lines of each `NAME.log` in `directory` (of all names with None), then new ones if followed."""
    new: list[str] = []

    def show(name: str, line: str) -> None:
        if names is None or name in names:
            new.append(_as_json(name, line))

    follower = LogFollower(directory, show)
    for text in await asyncio.to_thread(_past, directory, names, tail):
        yield text
    while follow:
        await asyncio.to_thread(follower.poll)
        lines, new[:] = "".join(new), []
        if lines:
            yield lines
        await asyncio.sleep(_POLL_EVERY)


def _past(directory: Path, names: frozenset[str] | None, tail: int) -> list[str]:
    paths = [path for path in sorted(directory.glob("*.log")) if names is None or path.stem in names]
    return ["".join(_as_json(path.stem, line) for line in last_lines(path, tail)) for path in paths]


def _as_json(name: str, line: str) -> str:
    return json.dumps({"replica": name, "line": line}) + "\n"
