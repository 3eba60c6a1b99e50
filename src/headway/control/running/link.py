"""Control's end of its link to the gateways: sends whole routing tables, takes what they report.

It keeps what the gateways said last and decides nothing. JSON lines over a Unix socket, which gateways dial.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headway.gateway.table import RoutingTable

_logger = logging.getLogger(__name__)

_LONGEST_MESSAGE_BYTES = 16 * 1024 * 1024
_MOST_UNSENT_BYTES = 64 * 1024 * 1024


Rows = Sequence[Mapping[str, Any]]
"""Records of requests (`RequestRecord.as_row`)."""
Ends = Mapping[str, Mapping[str, int]]
"""How many requests ended, by deployment and class of status."""
Loads = Mapping[str, Mapping[str, Any]]
"""What a gateway reports of each deployment, by the deployment's id."""


@dataclass(frozen=True, slots=True)
class Listeners:
    """Whom the link tells. A `source` is one life of one gateway."""

    changed: Callable[[], None]
    """A gateway has come, a replica is drained, or a deployment is asked for something."""
    stuck: Callable[[str, str], None]
    """A replica is to be replaced, and why."""
    wanted: Callable[[str], None]
    """Somebody asks for a deployment to wake."""
    load: Callable[[str, Loads], None]
    source_gone: Callable[[str], None]
    requests: Callable[[Rows, Mapping[str, int], Ends, Ends], None] = lambda *_: None
    """Requests that ended, of how many more there is no record, and how many ended in all, by deployment and class of
    status, and by deployment and kind of error.
    """


class GatewayLink:
    """Talks with any number of gateways."""

    def __init__(self, path: Path, listeners: Listeners) -> None:
        self._path = path
        self._listeners = listeners
        self.table: RoutingTable | None = None
        self._message = b""
        self._watched: frozenset[str] = frozenset()
        self._drains_began: dict[str, int] = {}  # the table's version that first said so, by replica
        self._gateways: dict[str, _Gateway] = {}
        self._writers: dict[asyncio.StreamWriter, int] = {}
        """With the version of the table that each has told to be in force there."""
        self._bound: int | None = None
        self._is_lost = asyncio.Event()
        self.newest_applied = 0
        """A table's version that a gateway has told; it goes by none that is older."""
        self._news = asyncio.Event()
        """A table went out, or came into force."""

    @property
    def is_up(self) -> bool:
        """Whether a gateway is connected."""
        return bool(self._writers)

    @property
    def version(self) -> int:
        """Of the table that was sent last; 0 before the first."""
        return 0 if self.table is None else self.table.version

    async def serve(self) -> None:
        """Take connections until cancelled."""
        while True:
            self._path.unlink(missing_ok=True)
            previous = os.umask(0o077)
            try:
                server = await asyncio.start_unix_server(
                    self._converse, self._path, limit=_LONGEST_MESSAGE_BYTES
                )
            finally:
                os.umask(previous)
            self._bound = _identity(self._path)
            self._is_lost.clear()
            try:
                await self._is_lost.wait()
            finally:
                server.close()  # whoever is connected stays so

    def see_to_socket(self) -> None:
        """Have the socket made again where somebody has removed it."""
        if self._bound is not None and _identity(self._path) != self._bound:
            self._is_lost.set()

    def publish(self, table: RoutingTable, text: str) -> None:
        """Send `table`, which is `text` as JSON, to every gateway, those that come later included."""
        self.table = table
        self._message = b'{"type": "table", "table": %s}\n' % text.encode()
        draining = {
            one.replica_id for deployment in table.deployments for one in deployment.replicas if one.draining
        }
        began = self._drains_began
        self._drains_began = {replica: began.get(replica, table.version) for replica in draining}
        for gateway in self._gateways.values():
            gateway.drained &= draining  # one that was taken back must say it again
        for writer in self._writers:
            self._send_table(writer)
        self._news.set()

    async def until_in_force(self, says: Callable[[RoutingTable], bool], *, within: float) -> bool:
        """Return once every gateway goes by a table that `says` so; False when that takes longer than `within`."""
        try:
            async with asyncio.timeout(within):
                while not self._is_in_force(says):
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _is_in_force(self, says: Callable[[RoutingTable], bool]) -> bool:
        if self.table is None or not self._writers or not says(self.table):
            return False
        return min(self._writers.values()) >= self.table.version

    def watch(self, deployment_ids: frozenset[str]) -> None:
        """Have gateways name what queues for these, and for no others."""
        self._watched = deployment_ids
        for writer in self._writers:
            self._send_watch(writer)

    def is_drained(self, replica_id: str) -> bool:
        """Whether every gateway, in its present life, said that the draining replica holds nothing."""
        gateways = self._gateways.values()
        return bool(gateways) and all(replica_id in one.drained for one in gateways)

    def held(self, replica_id: str) -> int:
        """Slots taken on a replica, as last reported."""
        return sum(gateway.held.get(replica_id, 0) for gateway in self._gateways.values())

    def load(self, deployment_id: str) -> Mapping[str, Mapping[str, Any]]:
        """What each gateway reported last about a deployment, by the gateway's name."""
        return {
            name: gateway.loads[deployment_id]
            for name, gateway in self._gateways.items()
            if deployment_id in gateway.loads
        }

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers[writer] = 0
        self._send_table(writer)
        if self._watched:
            self._send_watch(writer)
        try:
            hello = json.loads(await reader.readline() or b"{}")
            if not hello:
                return
            gateway = self._welcome(hello)
            async for line in reader:
                message = json.loads(line)
                if message["type"] == "applied":
                    self._note_applied(writer, int(message["version"]))
                else:
                    self._receive(gateway, message)
        except OSError:
            pass  # it has ended, which root sees to
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            _logger.warning("a gateway's link broke: %s: %s", type(error).__name__, error)
        except asyncio.CancelledError:
            return  # the loop ends; asyncio would log that as an error of its own
        finally:
            self._writers.pop(writer, None)
            self._news.set()
            writer.close()

    def _note_applied(self, writer: asyncio.StreamWriter, version: int) -> None:
        self._writers[writer] = version
        self._news.set()
        if version > max(self.newest_applied, self.version):
            self.newest_applied = version
            self._listeners.changed()

    def _welcome(self, hello: Mapping[str, Any]) -> "_Gateway":
        """A gateway that started anew holds nothing of what its former life said."""
        name, epoch = hello["gateway"], hello["epoch"]
        known = self._gateways.get(name)
        if known is None or known.epoch != epoch:
            if known is not None:
                self._listeners.source_gone(known.source)
            known = self._gateways[name] = _Gateway(epoch, f"{name}/{epoch}")
            _logger.info("a gateway has come", extra={"gateway": name, "epoch": epoch})
        self._listeners.changed()
        return known

    def _receive(self, gateway: "_Gateway", message: Mapping[str, Any]) -> None:
        match message["type"]:
            case "drained":
                self._note_drained(gateway, message["replica_id"], message["version"])
            case "load":
                before = gateway.loads
                gateway.note_loads(message["deployments"])
                self._listeners.load(gateway.source, gateway.loads)
                if any(_is_news(load, before.get(name)) for name, load in gateway.loads.items()):
                    self._listeners.changed()
            case "requests":
                ended, errors = message["ended"], message.get("errors", {})
                self._listeners.requests(message["rows"], message["sampled_out"], ended, errors)
            case "stuck":
                self._listeners.stuck(message["replica_id"], message["reason"])
            case "wake":
                self._listeners.wanted(message["deployment_id"])
            case unknown:
                _logger.warning("a gateway sent a message of unknown type %r", unknown)

    def _note_drained(self, gateway: "_Gateway", replica_id: str, version: int) -> None:
        """What answers an order that was taken back meanwhile does not count for the next one."""
        began = self._drains_began.get(replica_id)
        if began is not None and version >= began:
            gateway.drained.add(replica_id)
            self._listeners.changed()

    def _send_table(self, writer: asyncio.StreamWriter) -> None:
        if writer.is_closing():
            return  # lost, though its reader has not heard of it yet
        if writer.transport.get_write_buffer_size() > _MOST_UNSENT_BYTES:
            writer.transport.abort()  # it does not read; it gets the table when it dials again
            return
        writer.write(self._message)

    def _send_watch(self, writer: asyncio.StreamWriter) -> None:
        if not writer.is_closing():
            writer.write(json.dumps({"type": "watch", "deployments": sorted(self._watched)}).encode() + b"\n")


def _identity(path: Path) -> int | None:
    try:
        return path.lstat().st_ino
    except OSError:
        return None


_TELLING = ("queued", "in_flight", "arrivals", "finished", "held", "ready")


def _is_news(load: Mapping[str, Any], before: Mapping[str, Any] | None) -> bool:
    """Whether something is asked for, or has changed. What rests is looked at when its time comes."""
    if before is None or load["queued"] or load["in_flight"]:
        return True
    return any(load.get(name) != before.get(name) for name in _TELLING)


@dataclass(slots=True)
class _Gateway:
    """One life of a gateway: `epoch` names it."""

    epoch: str
    source: str
    drained: set[str] = field(default_factory=set)
    loads: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    """Slots taken, by replica: asked far more often than it is told."""

    def note_loads(self, loads: dict[str, dict[str, Any]]) -> None:
        self.loads = loads
        self.held = {
            replica_id: int(count)
            for load in loads.values()
            for replica_id, count in load.get("held", {}).items()
        }
