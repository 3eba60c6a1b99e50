"""Asks replicas what they hold, for the deployments that somebody looks at and for no others."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from headway.control.running.link import GatewayLink
from headway.control.running.replica import SupervisedReplica
from headway.core.wire import HELD_PATH
from headway.http.fetch import FetchError, fetch

EVERY = 0.5
_TIMEOUT = 0.4
_MOST_SHOWN = 256


@dataclass(frozen=True, slots=True)
class Work:
    """One request in a replica: for `seconds` it has been in `stage`."""

    request_id: str
    stage: str
    seconds: float
    abandoned: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """What a replica holds: how many in each stage, how many of all are abandoned, and some of them by name."""

    counts: dict[str, int]
    shown: list[Work]


class Lanes:
    """`replicas_of` tells a deployment's."""

    def __init__(self, replicas_of: Callable[[str], Sequence[SupervisedReplica]], link: GatewayLink) -> None:
        self._replicas_of = replicas_of
        self._link = link
        self._followers: Counter[str] = Counter()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._holdings: dict[str, Holding | None] = {}
        self._asked: dict[str, asyncio.Event] = {}

    @contextlib.contextmanager
    def followed(self, deployment_id: str) -> Iterator[None]:
        """Its replicas and the gateways are asked until the block is left."""
        self._followers[deployment_id] += 1
        if self._followers[deployment_id] == 1:
            self._asked[deployment_id] = asyncio.Event()
            self._tasks[deployment_id] = asyncio.get_running_loop().create_task(self._follow(deployment_id))
            self._watch()
        try:
            yield
        finally:
            self._followers[deployment_id] -= 1
            if not self._followers[deployment_id]:
                del self._followers[deployment_id], self._asked[deployment_id]
                self._tasks.pop(deployment_id).cancel()
                self._watch()

    async def asked(self, deployment_id: str) -> None:
        """Return once the replicas of a deployment that is followed have been asked, whether they answered or not."""
        await self._asked[deployment_id].wait()

    def of(self, replica_id: str) -> Holding | None:
        """As it said last; None when it did not."""
        return self._holdings.get(replica_id)

    def _watch(self) -> None:
        self._link.watch(frozenset(self._followers))

    async def _follow(self, deployment_id: str) -> None:
        asked: list[str] = []
        clock = asyncio.get_running_loop().time
        try:
            while True:
                next_at = clock() + EVERY
                replicas = [one for one in self._replicas_of(deployment_id) if one.ready_at is not None]
                answers = await asyncio.gather(*(_ask(one.running.private_address) for one in replicas))
                self._forget(asked)
                asked = [one.replica_id for one in replicas]
                self._holdings.update(zip(asked, answers, strict=True))
                self._asked[deployment_id].set()
                await asyncio.sleep(max(0.0, next_at - clock()))
        finally:
            self._forget(asked)

    def _forget(self, replica_ids: Sequence[str]) -> None:
        for replica_id in replica_ids:
            self._holdings.pop(replica_id, None)


async def _ask(address: str) -> Holding | None:
    try:
        answer = await fetch(address, HELD_PATH, timeout=_TIMEOUT)
        return _holding(json.loads(answer.body))
    except (FetchError, ValueError, KeyError, TypeError):
        return None


def _holding(rows: Sequence[dict[str, Any]]) -> Holding:
    counts = Counter(row["stage"].replace(" ", "_") for row in rows)
    counts["abandoned"] = sum(row["abandoned"] for row in rows)
    shown = [
        Work(row["id"], row["stage"].replace(" ", "_"), row["since"], row["abandoned"])
        for row in rows[:_MOST_SHOWN]
    ]
    return Holding(dict(counts), shown)
