"""The control plane with its API over replicas in name only: all are one trivial upstream.

The instant of each order to start (monotonic seconds) goes as a line into the file ORDERS.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import uvloop

from headway.api.server import serve
from headway.backends.base import ReplicaExit, ReplicaSpec, RunningReplica
from headway.control.desired.state import PRODUCTION, Deployment, Environment, Prepared
from headway.control.plane import ControlPlane, PlaneOptions
from headway.control.store.stored_requests import RequestBounds
from headway.core.settings import DeploymentSettings
from headway.http.listener import tcp_socket


class NamesOnly:
    """A backend that says yes."""

    def __init__(self, upstream: str, orders: Path) -> None:
        self._upstream = upstream
        self._orders = orders
        self._running: dict[str, RunningReplica] = {}
        self._reports: list[Callable[[ReplicaExit], None]] = []

    async def start(self, spec: ReplicaSpec) -> RunningReplica:
        with self._orders.open("a") as file:
            file.write(f"{time.monotonic()}\n")
        replica = RunningReplica(
            spec.replica_id, spec.generation, spec.deployment_id, self._upstream, self._upstream
        )
        self._running[spec.replica_id] = replica
        return replica

    async def stop(self, replica_id: str, *, grace: float) -> None:  # noqa: ARG002 - the port's signature
        if replica := self._running.pop(replica_id, None):
            for report in self._reports:
                report(ReplicaExit(replica_id, replica.generation, code=0))

    async def running(self) -> tuple[RunningReplica, ...]:
        return tuple(self._running.values())

    def on_exit(self, report: Callable[[ReplicaExit], None]) -> None:
        self._reports.append(report)

    def on_ready(self, report: Callable[[RunningReplica], None]) -> None:
        """They are ready from the first."""

    async def close(self) -> None:
        self._running.clear()


async def main(options: argparse.Namespace) -> None:
    folder: Path = options.folder
    backend = NamesOnly(options.upstream, folder / "orders")
    plane = await ControlPlane.open(
        PlaneOptions(
            folder / "data",
            folder / "link",
            f"sqlite:///{folder}/data/state.sqlite",
            request_bounds=RequestBounds(options.keep_requests),
        ),
        backend,
    )
    settings = DeploymentSettings(min_replica=options.replicas, max_replica=max(1, options.replicas))
    for number in range(options.deployments):
        deployment = Deployment(f"d{number}", f"model-{number}", settings, Prepared(folder, folder))
        plane.desired_state.put(
            deployment, Environment(deployment.model, PRODUCTION, deployment.deployment_id)
        )
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(plane.run())
        tasks.create_task(serve(plane, tcp_socket("127.0.0.1", options.port)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("upstream", help="unix:PATH or tcp:HOST:PORT")
    parser.add_argument("port", type=int)
    parser.add_argument("--deployments", type=int, default=50)
    parser.add_argument("--replicas", type=int, default=4, help="of each deployment")
    parser.add_argument("--keep-requests", type=int, default=1_000_000, help="records stored at most")
    uvloop.run(main(parser.parse_args()))
