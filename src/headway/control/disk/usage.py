"""What takes how much of the disk, and which deployments it is for. It removes nothing."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headway.control.desired.state import Deployment
from headway.control.disk.pruning import Pruner, paths_of
from headway.control.packages.caches import CACHES, shared_cache
from headway.control.packages.leftovers import KINDS, entries_of, referred_to, size_of, unused_since


@dataclass(frozen=True, slots=True)
class Usage:
    """`what` is a kind of files, `used_by` the deployments that need it, as `model: id`."""

    what: str
    name: str
    size_bytes: int
    used_by: tuple[str, ...] = ()
    last_use: float | None = None


async def usage(data_dir: Path, pruner: Pruner) -> list[Usage]:
    """The largest first."""
    deployments = await pruner.needing()
    return await asyncio.to_thread(lambda: sorted(_usage(data_dir, deployments), key=_by_size))


def _by_size(one: Usage) -> tuple[int, str, str]:
    return -one.size_bytes, one.what, one.name


def _usage(data_dir: Path, deployments: Sequence[Deployment]) -> Iterator[Usage]:
    names = {one.deployment_id: f"{one.model}: {one.deployment_id}" for one in deployments}
    yield from _of_entries(data_dir, deployments, names)
    for path in sorted(data_dir.iterdir()):
        if path.name == "logs":
            yield from (
                Usage("logs", log.name, size_of(log), (names[log.name],) if log.name in names else ())
                for log in path.iterdir()
            )
        elif path.name == CACHES:
            yield from (_cache(cache, deployments) for cache in path.iterdir())
        elif path.name not in KINDS:
            yield Usage(path.name, "", size_of(path))
    if (shared := shared_cache()) is not None and shared.is_dir() and not shared.is_relative_to(data_dir):
        yield Usage(CACHES, str(shared), size_of(shared), tuple(names.values()))


def _of_entries(
    data_dir: Path, deployments: Sequence[Deployment], names: Mapping[str, str]
) -> Iterator[Usage]:
    users: dict[Path, list[str]] = {}
    for one in deployments:
        for entry in referred_to(data_dir, paths_of([one])):
            users.setdefault(entry, []).append(names[one.deployment_id])
    for kind in KINDS:
        for entry in entries_of(data_dir, kind):
            last_use = unused_since(entry) or None
            yield Usage(kind, entry.name, size_of(entry), tuple(users.get(entry, ())), last_use)


def _cache(folder: Path, deployments: Sequence[Deployment]) -> Usage:
    users = (f"{one.model}: {one.deployment_id}" for one in deployments if one.model == folder.name)
    return Usage(CACHES, folder.name, size_of(folder), tuple(users))
