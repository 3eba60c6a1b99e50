"""Removes what nobody refers to any more, from time to time and when it is asked to: replaced deployments beyond those
that can be rolled back to, and files that no deployment needs.

A deployment is replaced when another one has taken its environment, or it never got to serve there, and since then no
environment names it and it has no replica. It is in use otherwise, and so are its files, whose last use is noted.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from headway.configuration import KEEP_DAYS, KEEP_DEPLOYMENTS
from headway.control.desired.state import Deployment, DesiredState
from headway.control.faults import Faults
from headway.control.packages.caches import CACHES
from headway.control.packages.entries import note_use
from headway.control.packages.leftovers import (
    KINDS,
    TRASH,
    discard,
    entries_of,
    into_trash,
    is_free,
    referred_to,
    remove,
    size_of,
    sweep,
    unused_since,
)
from headway.core.errors import HeadwayError
from headway.observed.words import counted

_logger = logging.getLogger(__name__)

_EVERY = 60.0
_DAY = 86_400.0
_ID = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class PruneBounds:
    """What is kept: of each model so many replaced deployments, and whatever was in use within so many days."""

    deployments: int = KEEP_DEPLOYMENTS
    days: int = KEEP_DAYS


@dataclass(frozen=True, slots=True)
class Removed:
    """`what` is a kind of files, or "deployments"."""

    what: str
    name: str
    size_bytes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """What is known of deployments, and how one is deleted. `present` tells how many replicas one has."""

    desired_state: DesiredState
    present: Callable[[str], int]
    delete: Callable[[Deployment], Awaitable[None]]
    deployments_elsewhere: Callable[[], Sequence[Deployment]]
    """Those of other databases that need files of the same data directory. It blocks."""


class Pruner:
    """`clock` tells seconds since 1970."""

    def __init__(
        self, data_dir: Path, state: State, bounds: PruneBounds, clock: Callable[[], float] = time.time
    ) -> None:
        self._data_dir = data_dir
        self._state = state
        self._bounds = bounds
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Until cancelled."""
        faults = Faults()
        while True:
            await asyncio.sleep(_EVERY)
            with faults.of("what nobody needs is removed"):
                await self.prune()

    async def prune(self, *, dry_run: bool = False) -> list[Removed]:
        """Remove it now, or with `dry_run` say what would be removed. Raises StoreError, OSError, and
        UnknownStateError when it cannot be told what others need.
        """
        async with self._one_at_a_time:
            before = self._clock() - self._bounds.days * _DAY
            replaced = [one for one in self._deployments() if self.is_replaced(one)]
            surplus = await asyncio.to_thread(self._surplus, replaced, before)
            if not dry_run:
                surplus = [one for one in surplus if await self._delete(one)]
            elsewhere = await asyncio.to_thread(self._state.deployments_elsewhere)
            going = {one.deployment_id for one in surplus}
            files = await asyncio.to_thread(self._files, elsewhere, going, before, dry_run=dry_run)
            return [*(_as_removed(one, self._reason) for one in surplus), *files]

    async def needing(self) -> list[Deployment]:
        """All that may need files of the data directory, as far as that can be told."""
        elsewhere: Sequence[Deployment] = ()
        with contextlib.suppress(HeadwayError, OSError):
            elsewhere = await asyncio.to_thread(self._state.deployments_elsewhere)
        return [*self._deployments(), *elsewhere]

    @property
    def _reason(self) -> str:
        last, days = self._bounds.deployments, self._bounds.days
        return f"not in use for {counted(days, 'day')}, and not one of the last {last} of its model"

    def is_replaced(self, deployment: Deployment) -> bool:
        """Whether it serves nothing any more, though nobody deleted it."""
        named = {
            name
            for one in self._state.desired_state.environments_of(deployment.model)
            for name in (one.deployment_id, one.candidate_id, one.replaced_id)
        }
        return (
            deployment.is_retired
            and deployment.deployment_id not in named
            and not self._state.present(deployment.deployment_id)
        )

    def last_use(self, deployment: Deployment) -> float:
        """Seconds since 1970."""
        return max(deployment.created_at, unused_since(deployment.source.parent))

    def _deployments(self) -> list[Deployment]:
        return list(self._state.desired_state.deployments.values())

    def _surplus(self, replaced: Sequence[Deployment], before: float) -> list[Deployment]:
        """Those that go, of each model the oldest last. The use of all others is noted."""
        unused = {one.deployment_id for one in replaced}
        used = (one for one in self._deployments() if one.deployment_id not in unused)
        for entry in referred_to(self._data_dir, paths_of(used)):
            note_use(entry)
        by_model: dict[str, list[tuple[float, str, Deployment]]] = {}
        for one in replaced:
            by_model.setdefault(one.model, []).append((self.last_use(one), one.deployment_id, one))
        return [
            deployment
            for of_model in by_model.values()
            for at, _, deployment in sorted(of_model, reverse=True)[self._bounds.deployments :]
            if at <= before
        ]

    async def _delete(self, deployment: Deployment) -> bool:
        """Unless it is in use again."""
        if not self.is_replaced(deployment):
            return False
        _logger.info(
            "a replaced deployment is deleted: %s",
            self._reason,
            extra={"deployment": deployment.deployment_id},
        )
        await self._state.delete(deployment)
        return True

    def _files(
        self, elsewhere: Sequence[Deployment], going: set[str], before: float, *, dry_run: bool
    ) -> list[Removed]:
        def kept() -> list[Deployment]:
            return [*elsewhere, *(one for one in self._deployments() if one.deployment_id not in going)]

        def is_used(entry: Path) -> bool:
            return entry in referred_to(self._data_dir, paths_of(kept()))

        used, removed = referred_to(self._data_dir, paths_of(kept())), []
        for kind in KINDS:
            for entry in entries_of(self._data_dir, kind):
                if entry in used or unused_since(entry) > before:
                    continue
                found = Removed(kind, entry.name, size_of(entry), _reason_of(entry))
                if is_free(entry) if dry_run else remove(entry, is_used):
                    removed.append(found)
            if not dry_run:
                sweep(self._data_dir / kind)
        removed += self._logs(kept, before, dry_run=dry_run)
        removed += self._caches(kept, before, dry_run=dry_run)
        return removed + self._uploads(dry_run=dry_run)

    def _logs(self, kept: Callable[[], list[Deployment]], before: float, *, dry_run: bool) -> list[Removed]:
        """Of deployments that are gone; the names of others are not ours to judge."""
        top, ids = self._data_dir / "logs", {one.deployment_id for one in kept()}
        removed = []
        for folder in sorted(top.iterdir()) if top.is_dir() else ():
            if not _ID.fullmatch(folder.name) or folder.name in ids or _newest(folder) > before:
                continue
            removed.append(Removed("logs", folder.name, size_of(folder), "its deployment is deleted"))
            if not dry_run:
                discard(into_trash(folder))
        if not dry_run:
            sweep(top)
        return removed

    def _caches(self, kept: Callable[[], list[Deployment]], before: float, *, dry_run: bool) -> list[Removed]:
        """Of models that are gone, with all their deployments."""
        top, models = self._data_dir / CACHES, {one.model for one in kept()}
        removed = []
        for folder in sorted(top.iterdir()) if top.is_dir() and not top.is_symlink() else ():
            if folder.name in models or folder.name.startswith(TRASH) or _newest(folder) > before:
                continue
            removed.append(Removed(CACHES, folder.name, size_of(folder), "its model is deleted"))
            if not dry_run:
                discard(into_trash(folder))
        if not dry_run:
            sweep(top)
        return removed

    def _uploads(self, *, dry_run: bool) -> list[Removed]:
        """What a killed control had not finished taking. The next one discards it at its start, too."""
        top, removed = self._data_dir / "uploads", []
        for folder in sorted(top.iterdir()) if top.is_dir() else ():
            if _newest(folder) > self._clock() - _DAY:
                continue
            removed.append(Removed("uploads", folder.name, size_of(folder), "it was not finished"))
            if not dry_run:
                discard(folder)
        return removed


def paths_of(deployments: Iterable[Deployment]) -> Iterator[Path]:
    """What deployments refer to."""
    for one in deployments:
        yield one.source
        if one.prepared is not None:
            yield from (one.prepared.interpreter, one.prepared.directory)


def _as_removed(deployment: Deployment, reason: str) -> Removed:
    return Removed("deployments", f"{deployment.model}: {deployment.deployment_id}", 0, reason)


def _reason_of(entry: Path) -> str:
    return "no deployment needs it" if unused_since(entry) else "it was never finished"


def _newest(folder: Path) -> float:
    """When something in it, or which names are in it, changed last. What goes meanwhile is somebody's at work."""
    try:
        return max(path.stat().st_mtime for path in (folder, *folder.iterdir()))
    except (FileNotFoundError, NotADirectoryError):
        return time.time()
