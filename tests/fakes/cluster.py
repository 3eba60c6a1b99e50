"""A real gateway behind a real server on Unix sockets, with replicas and clients that the test plays."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from fakes.client import Answer, Client
from fakes.scripted_replica import FakeReplica
from headway.core.events import Stuck
from headway.core.settings import DeploymentSettings
from headway.gateway.admission import Admission
from headway.gateway.deployment_queue import DeploymentQueue, Reports
from headway.gateway.gateway import Gateway
from headway.gateway.table import DeploymentRoute, RoutingTable
from headway.http.limits import Limits
from headway.http.listener import HttpServer, unix_socket

PREDICT = b"/models/m/predict"


def predict(body: bytes = b"{}", *, headers: bytes = b"", target: bytes = PREDICT) -> bytes:
    head = b"POST %s HTTP/1.1\r\nhost: h\r\n%scontent-length: %d\r\n\r\n"
    return head % (target, headers, len(body)) + body


async def until(condition: Callable[[], object]) -> None:
    """Return once `condition` holds; the test's own time limit bounds it."""
    while not condition():  # noqa: ASYNC110 - what it waits for is no event
        await asyncio.sleep(0.001)


class Cluster:
    """One gateway; a model `m` whose production is deployment `d1`, unless told otherwise."""

    def __init__(
        self, directory: Path, admission: Admission | None = None, limits: Limits | None = None
    ) -> None:
        self.directory = directory
        self.drained: list[str] = []
        self.stuck: list[Stuck] = []
        self.woken: list[str] = []
        self.queues_formed = 0
        self.gateway = Gateway(
            Reports(self.drained.append, self.stuck.append, self._queue_formed, self.woken.append), admission
        )
        self._server = HttpServer(
            self.gateway.serve, limits or Limits(sweep=0.02), self.gateway.lines_of_refusal
        )
        self._version = 0
        self._replicas: list[FakeReplica] = []
        self._clients: list[Client] = []

    def queue(self, deployment_id: str = "d1") -> DeploymentQueue:
        return self.gateway.queues[deployment_id]

    @property
    def queued(self) -> int:
        return self.queue().load().queued

    @property
    def in_flight(self) -> int:
        return self.queue().load().in_flight

    async def replica(self, name: str = "r1") -> FakeReplica:
        replica = FakeReplica(self.directory, name)
        self._replicas.append(replica)
        await replica.start()
        return replica

    def apply(self, *replicas: FakeReplica, **settings: Any) -> None:
        """A table in which production is d1 with these settings and these replicas."""
        self.apply_routes(self.deployment("d1", *replicas, **settings))

    def deployment(self, deployment_id: str, *replicas: FakeReplica, **settings: Any) -> DeploymentRoute:
        return DeploymentRoute(
            deployment_id,
            "m",
            DeploymentSettings(**settings),
            replicas=tuple(one.route() for one in replicas),
        )

    def apply_routes(self, *routes: DeploymentRoute, production: str = "d1", **options: Any) -> None:
        self._version += 1
        self.gateway.apply(RoutingTable(self._version, routes, {("m", "production"): production}, **options))

    async def ready(self, count: int = 1, deployment_id: str = "d1") -> None:
        await until(lambda: self.queue(deployment_id).fleet.ready == count)

    async def client(self) -> Client:
        client = await Client.connect(self.directory / "gateway.sock")
        self._clients.append(client)
        return client

    async def sends(self, data: bytes | None = None) -> Client:
        """A client that has sent a request."""
        client = await self.client()
        client.send(predict() if data is None else data)
        return client

    async def asks(self, data: bytes | None = None) -> Answer:
        return await (await self.sends(data)).answer()

    async def start(self) -> None:
        await self._server.start([unix_socket(self.directory / "gateway.sock")])

    async def stop(self) -> None:
        for client in self._clients:
            client.writer.close()
        await self._server.stop(0)
        self.gateway.apply(RoutingTable(self._version + 1))
        for replica in self._replicas:
            await replica.stop()

    def _queue_formed(self) -> None:
        self.queues_formed += 1


@contextlib.asynccontextmanager
async def cluster(
    directory: Path, admission: Admission | None = None, limits: Limits | None = None
) -> AsyncIterator[Cluster]:
    """A cluster that is up; what it counts is even again at the end."""
    one = Cluster(directory, admission, limits)
    await one.start()
    try:
        yield one
        queues = list(one.gateway.queues.values())
    finally:
        await one.stop()
    await until(lambda: all(queue.is_idle for queue in queues))
    assert one.gateway.reception.budget.used_bytes == 0
