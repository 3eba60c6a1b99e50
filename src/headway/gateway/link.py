"""The gateway's end of its link to control: takes routing tables, sends what it knows of load and replicas.

It dials for ever. While control is away the gateway goes on with the table it has, which it also keeps on disk.
"""

import asyncio
import contextlib
import dataclasses
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from headway.core.errors import HeadwayError
from headway.core.events import Stuck
from headway.gateway.admission import Admission
from headway.gateway.deployment_queue import Reports
from headway.gateway.gateway import Gateway
from headway.gateway.saved_table import SavedTable
from headway.gateway.table import RoutingTable

_log = logging.getLogger(__name__)

_DIAL_PAUSE = 0.1
_REPORT_EVERY = 0.25
_REPORT_AT_MOST_EVERY = 0.02  # under load a queue forms thousands of times a second
_MOST_WAITING = 200  # of those that queue are named, of a deployment that somebody looks at
_MOST_ROWS = 40  # a message of about 14 KB, so that requests need not wait for it
_LINE_LIMIT = 64 * 1024 * 1024
_UNSENT_LIMIT = 4 * 1024 * 1024


class Link:
    """Connects a gateway with control over `path`; keeps the newest table in `saved_table`."""

    def __init__(self, path: str, saved_table: Path | None, admission: Admission | None = None) -> None:
        self._path = path
        self._saved_table = SavedTable(saved_table)
        self._writer: asyncio.StreamWriter | None = None
        self._report_now = asyncio.Event()
        self._watched: frozenset[str] = frozenset()
        self._waking: set[str] = set()
        """Deployments that somebody has asked to wake and that have no replica yet."""
        self._is_told = asyncio.Event()
        self.gateway = Gateway(
            Reports(
                drained=self._send_drained,
                stuck=self._send_stuck,
                queue_formed=self._report_now.set,
                wake=self._wake,
            ),
            admission,
        )

    def restore(self) -> None:
        """Start from the table that was in force when a gateway last ran here, if there is one."""
        table = self._saved_table.read()
        if table is not None:
            self.gateway.apply(table)

    async def until_told(self, timeout: float) -> None:  # noqa: ASYNC109  # it ends quietly
        """Return once there is a table, or after `timeout` seconds without one."""
        if self.gateway.version < 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._is_told.wait(), timeout)

    async def run(self) -> None:
        """Keep the link up until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._dial())
                group.create_task(self._report())
                group.create_task(self._report_requests())
        finally:
            self._saved_table.close()

    async def _dial(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=_LINE_LIMIT)
            except OSError:
                await asyncio.sleep(_DIAL_PAUSE)
                continue
            self._writer = writer
            self._send({"type": "hello", "epoch": self.gateway.epoch, "gateway": "g0"})
            for deployment_id in sorted(
                self._waking
            ):  # control may never have heard that, or has forgotten it
                self._send_wake(deployment_id)
            try:
                while line := await reader.readline():
                    self._receive(line)
            except OSError:
                pass  # control has ended, which root sees to
            except (ValueError, LookupError, TypeError, HeadwayError) as error:
                _log.warning("the link to control broke: %s", error)
            finally:
                self._writer = None
                writer.close()
            await asyncio.sleep(_DIAL_PAUSE)

    def _receive(self, line: bytes) -> None:
        message = json.loads(line)
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "watch":
            self._watched = frozenset(message["deployments"])
            self._report_now.set()
        elif kind == "table":
            self._take_table(message.get("table"))
        else:
            _log.warning("control sent what is no table: %.100r", line)

    def _take_table(self, content: Any) -> None:
        table = RoutingTable.from_content(content)
        if table.version >= self.gateway.version:
            self.gateway.apply(table)
            self._waking &= {one.deployment_id for one in table.deployments if not one.replicas}
            self._is_told.set()
            self._saved_table.save(table, json.dumps(content))
        self._send({"type": "applied", "version": self.gateway.version})
        self._report_now.set()

    async def _report(self) -> None:
        """Load goes up every quarter of a second, and at once when a queue forms."""
        while True:
            self._report_now.clear()
            self._send_load()
            await asyncio.sleep(_REPORT_AT_MOST_EVERY)
            try:
                async with asyncio.timeout(_REPORT_EVERY):
                    await self._report_now.wait()
            except TimeoutError:
                continue

    def _send_load(self) -> None:
        if self._writer is not None:
            at = asyncio.get_running_loop().time()
            self._send({"type": "load", "at": at, "deployments": self._loads()})

    def _loads(self) -> dict[str, dict[str, Any]]:
        return {
            deployment_id: {
                **dataclasses.asdict(queue.load()),
                "abandoned": queue.abandoned,
                "ready": queue.fleet.ready,
                "held": queue.held(),
                **({"waiting": queue.waiting(_MOST_WAITING)} if deployment_id in self._watched else {}),
            }
            for deployment_id, queue in self.gateway.queues.items()
        }

    async def _report_requests(self) -> None:
        """What has ended is counted, and records of it go up, in steps between which requests go on. While control is
        away the newest wait.
        """
        recorder = self.gateway.recorder
        while True:
            await asyncio.sleep(_REPORT_EVERY)
            for _ in recorder.folding(time.monotonic()):
                await asyncio.sleep(0)
            ends = recorder.take_ends() if self._can_send else {}
            ended = {name: statuses for name, (statuses, _) in ends.items()}
            errors = {name: kinds for name, (_, kinds) in ends.items() if kinds}
            while self._can_send and (ended or recorder.has_news):
                rows, sampled_out = recorder.take_rows(_MOST_ROWS)
                told = {"rows": rows, "sampled_out": sampled_out, "ended": ended, "errors": errors}
                self._send({"type": "requests", **told})
                ended, errors = {}, {}
                await asyncio.sleep(0)

    @property
    def _can_send(self) -> bool:
        # A connection that was lost is closing before its reader hears of it; to write then would raise RuntimeError.
        writer = self._writer
        return (
            writer is not None
            and not writer.is_closing()
            and writer.transport.get_write_buffer_size() < _UNSENT_LIMIT
        )

    def _send_drained(self, replica_id: str) -> None:
        self._send_load()  # what queued for it may have moved away: control must not start another for that
        version = self.gateway.version  # tells which order to drain it answers
        self._send({"type": "drained", "replica_id": replica_id, "version": version})

    def _send_stuck(self, stuck: Stuck) -> None:
        reason = f"all its slots have been held by abandoned work for {stuck.at - stuck.since:.0f} s"
        self._send({"type": "stuck", "replica_id": stuck.replica_id, "reason": reason})

    def _wake(self, deployment_id: str) -> None:
        queue = self.gateway.queues.get(deployment_id)
        if queue is None or not queue.route.replicas:
            self._waking.add(deployment_id)
        self._send_wake(deployment_id)

    def _send_wake(self, deployment_id: str) -> None:
        self._send({"type": "wake", "deployment_id": deployment_id})

    def _send(self, message: Mapping[str, Any]) -> None:
        """What cannot be sent is dropped: control asks for what it needs when it is back, and loads add up."""
        if self._can_send and self._writer is not None:
            self._writer.write(json.dumps(message).encode() + b"\n")
