"""Keeps the desired state in the store: reads it at control's start, and writes whatever was put into it since.

The store blocks, so one thread has it. What could not be written is tried again; the desired state goes on meanwhile.
"""

import asyncio
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

from headway.control.desired.state import Changes, DesiredState
from headway.control.faults import Faults
from headway.control.store.failures import StoreError
from headway.control.store.restoring import deployment_row, restore
from headway.control.store.rows import (
    ChangeRow,
    DecisionRow,
    EnvironmentRow,
    LifeRow,
    ModelRow,
    PointRow,
    StoredState,
)
from headway.control.store.store import Store
from headway.control.store.waiting_records import WaitingRecords
from headway.core.autoscaling import ScalingDecision
from headway.observed.records import RequestRecord
from headway.observed.timeline import TIERS, Point

Given = ParamSpec("Given")
Answer = TypeVar("Answer")
Row = TypeVar("Row", DecisionRow, PointRow, RequestRecord)

_RETRY_AFTER = 2.0
_MOST_DECISIONS = 1000
_MOST_CHANGES = 5000
_MOST_POINTS = 10_000
_RECORDS_AFTER = 1.0
"""So long records of requests may wait for others to be written with, which makes each cheaper."""
_LONGEST_HISTORY = max(step * kept for step, kept in TIERS)


class Persistence:
    """The one way to the store while control runs."""

    def __init__(self, store: Store, desired_state: DesiredState) -> None:
        self.store = store
        self.desired_state = desired_state
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._writing = asyncio.Lock()
        self._decisions: list[DecisionRow] = []
        self._points: list[PointRow] = []
        self._changes: list[ChangeRow] = []
        self._lives: dict[str, LifeRow] = {}
        self._records = WaitingRecords()
        self._records_due: asyncio.TimerHandle | None = None
        self._forgotten: set[str] = set()
        """Deployments that went since the last save began."""

    async def load(self) -> StoredState:
        """Bring the database to the newest schema, and what it holds into the desired state."""
        await self.call(self.store.migrate)
        state = await self.call(self.store.load)
        restore(self.desired_state, state)
        return state

    async def call(
        self, method: Callable[Given, Answer], *arguments: Given.args, **options: Given.kwargs
    ) -> Answer:
        """A call of the store, in its thread. Raises StoreError."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, lambda: method(*arguments, **options))

    async def save(self) -> None:
        """Return when everything that is in the desired state now is stored.

        Raises StoreError. What could not be written stays to be written, by the next save or by `run`. One that is
        cancelled ends when its write does.
        """
        async with self._writing:
            changes, decisions, points = self.desired_state.take_changes(), self._decisions, self._points
            lives, self._lives = self._lives, {}
            told, self._changes = self._changes, []
            self._decisions, self._points = [], []
            records = self._records.take()
            self._forgotten.clear()
            if not (changes or decisions or points or records or lives or told):
                return
            loop = asyncio.get_running_loop()
            history = Happened(decisions, points, records, tuple(lives.values()), told)
            writing = loop.run_in_executor(self._thread, self._write, changes, history)
            cancelled = await _end_of(writing)
            if writing.exception() is None:
                self._records.stored()
            else:
                self.desired_state.give_back(changes)
                self._decisions = [*_without(decisions, self._forgotten), *self._decisions][-_MOST_DECISIONS:]
                self._points = [*_without(points, self._forgotten), *self._points][-_MOST_POINTS:]
                self._lives = {**_kept(lives, self._forgotten), **self._lives}
                self._changes = [*told, *self._changes][-_MOST_CHANGES:]
                self._records.give_back(_without(records, self._forgotten))
            if cancelled is not None:
                raise cancelled
            writing.result()

    async def save_change(self) -> None:
        """The same, for who has just changed something. The StoreError says that it is in force all the same."""
        try:
            await self.save()
        except StoreError as error:
            raise StoreError(
                f"the change is in force, and is stored as soon as that can be: {error.message}",
                hint=error.hint,
            ) from error

    def note_decision(self, deployment_id: str, decision: ScalingDecision) -> None:
        """Have a decision of the autoscaler stored, with the wall clock's time for its instant."""
        at = time.time() - (time.monotonic() - decision.at)
        inputs = dataclasses.asdict(decision.inputs)
        self._decisions.append(DecisionRow(deployment_id, at, decision.desired, decision.reason, inputs))
        self.desired_state.changed.set()

    def note_change(self, row: ChangeRow) -> None:
        """Have stored what somebody has changed, with what comes of it."""
        self._changes.append(row)
        self.desired_state.changed.set()

    def note_points(self, points: Sequence[tuple[str, int, Point]]) -> None:
        """Have stored how deployments fared: their ids, seconds of a bucket, and the bucket."""
        for deployment_id, step, point in points:
            self._points.append(PointRow(deployment_id, step, point.at, point.to_json()))
            self.desired_state.changed.set()

    def note_life(self, deployment_id: str, content: Mapping[str, Any]) -> None:
        """Have stored what became of a deployment's replicas."""
        self._lives[deployment_id] = LifeRow(deployment_id, content)
        self.desired_state.changed.set()

    def note_requests(self, records: Sequence[RequestRecord]) -> None:
        """Have records of requests stored, with those that come within a second."""
        self._records.add(records)
        if self._records_due is None:
            loop = asyncio.get_running_loop()
            self._records_due = loop.call_later(_RECORDS_AFTER, self._write_records)

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone: what waits to be written of it would be one's of the same name."""
        self._forgotten.add(deployment_id)
        self._decisions = _without(self._decisions, {deployment_id})
        self._points = _without(self._points, {deployment_id})
        self._lives.pop(deployment_id, None)
        self._records.forget(deployment_id)

    async def points(self, now: float) -> list[tuple[str, int, list[Point]]]:
        """What is stored of the last day, by deployment and seconds of a bucket, the oldest first."""
        found: dict[tuple[str, int], list[Point]] = {}
        for row in await self.call(self.store.points, now - _LONGEST_HISTORY):
            point = Point.from_json(row.content)
            found.setdefault((row.deployment_id, row.step), []).append(point)
        return [(*key, points) for key, points in found.items()]

    async def run(self) -> None:
        """Write what changes by itself, until cancelled."""
        faults = Faults()
        while True:
            await self.desired_state.changed.wait()
            with faults.of("the state is stored"):
                await self.save()
            if "the state is stored" in faults:
                await asyncio.sleep(_RETRY_AFTER)

    async def close(self) -> None:
        """With a last try to write what is not stored yet."""
        if self._records_due is not None:
            self._records_due.cancel()
        with Faults().of("the last changes are stored"):
            await self.save()
        self._thread.shutdown(wait=True)
        self.store.close()

    def _write_records(self) -> None:
        self._records_due = None
        self.desired_state.changed.set()

    def _write(self, changes: Changes, history: "Happened") -> None:
        """One transaction. What points at something else comes after it, and goes before it; a deployment that is gone
        goes before one of the same id comes, with what was stored of it.
        """
        store = self.store
        with store.transaction():
            for deployment_id in changes.gone_deployments:
                store.delete_deployment(deployment_id)
            for name, created_at in changes.models.items():
                store.add_model(ModelRow(name, created_at))
                store.drop_changes(name, created_at)  # of another model that had the name
            for deployment in changes.deployments:
                store.save_deployment(deployment_row(deployment))
            for environment in changes.environments:
                store.save_environment(EnvironmentRow(**dataclasses.asdict(environment)))
            for target in changes.gone_environments:
                store.delete_environment(*target)
            for name in changes.gone_models:
                store.delete_model(name)
            store.add_changes(history.changes)
            store.add_decisions(history.decisions)
            store.add_points(history.points, keep=max(kept for _, kept in TIERS))
            store.add_requests(history.records)
            store.save_lives(history.lives)


@dataclass(frozen=True, slots=True)
class Happened:
    """What has happened since the last save."""

    decisions: Sequence[DecisionRow]
    points: Sequence[PointRow]
    records: Sequence[RequestRecord]
    lives: Sequence[LifeRow]
    changes: Sequence[ChangeRow]


async def _end_of(writing: asyncio.Future[None]) -> asyncio.CancelledError | None:
    """Wait for it even when cancelled, which is returned then: the thread goes on with what it has begun, and only its
    end tells whether that is stored.
    """
    cancelled = None
    while not writing.done():
        try:
            await asyncio.wait([writing])
        except asyncio.CancelledError as error:
            cancelled = error
    return cancelled


def _kept(lives: Mapping[str, LifeRow], forgotten: set[str]) -> dict[str, LifeRow]:
    return {name: row for name, row in lives.items() if name not in forgotten}


def _without(rows: Sequence[Row], deployment_ids: set[str]) -> list[Row]:
    return [row for row in rows if row.deployment_id not in deployment_ids]
