"""What the gateway's own path costs per request, without the kernel: protocols driven by hand on fake transports.

Run it before and after a change of the hot path: `python -m benchmarks.gateway_path`.
"""

import logging
import time
from typing import Any, TypeVar

import uvloop

from headway.core.settings import DeploymentSettings
from headway.gateway.deployment_queue import Reports
from headway.gateway.gateway import Gateway
from headway.gateway.table import DeploymentRoute, ReplicaRoute, RoutingTable
from headway.gateway.upstream import Upstream
from headway.http.client import ClientConnection
from headway.http.known_heads import KnownHeads, KnownRequest
from headway.http.limits import Limits
from headway.http.server import ServerConnection

_REQUEST = (
    b"POST /models/echo/predict HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: bench\r\nAccept: */*\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
)
_ANSWER = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n"
    b"server-timing: pre;dur=0.1\r\n\r\n{}"
)
_LIMIT = 16  # half of the clients' requests queue
_REQUESTS = 2_000
_RECORDED_AT_ONCE = 1_024  # so many are recorded before records are sampled; a multiple of the clients
_ROUNDS = 80


Protocol = TypeVar("Protocol", ClientConnection, ServerConnection)


class _Transport:
    """Takes what is written and does nothing with it."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


async def _measure() -> float:
    route = DeploymentRoute("d1", "echo", DeploymentSettings(concurrency_target=_LIMIT))
    nothing = lambda *_: None  # noqa: E731
    gateway = Gateway(Reports(nothing, nothing, nothing, nothing))
    gateway.apply(RoutingTable(1, (route,), {("echo", "production"): "d1"}))
    queue = gateway.queues["d1"]
    upstream = Upstream(ReplicaRoute("r1", 1, "unix:/nowhere", "unix:/nowhere"))
    queue.fleet._upstreams["r1"] = upstream  # noqa: SLF001 - admitted without asking
    queue.fleet.ready = 1
    queue._dispatcher.add_replica("r1", 0.0)  # noqa: SLF001
    for _ in range(_LIMIT):
        upstream.put_back(_connected(ClientConnection()))
    known = KnownHeads[KnownRequest]()
    clients = [_connected(ServerConnection(gateway.serve, Limits(), set(), known)) for _ in range(2 * _LIMIT)]
    answering = upstream._idle.copy()  # noqa: SLF001
    for client in clients:
        client.data_received(_REQUEST)

    def run(requests: int) -> None:
        for turn in range(requests):
            # The one that has been sent longest is answered, the head of the queue goes in, its client asks anew.
            answering[-1 - turn % _LIMIT].data_received(_ANSWER)
            clients[turn % len(clients)].data_received(_REQUEST)
        gateway.recorder.fold(time.monotonic())

    run(_RECORDED_AT_ONCE)
    begin = time.perf_counter()
    run(_REQUESTS)
    elapsed = time.perf_counter() - begin
    queue.close()
    return elapsed / _REQUESTS * 1e6


def _connected(protocol: Protocol) -> Protocol:
    protocol.connection_made(_Transport())  # type: ignore[arg-type]
    return protocol


def main() -> None:
    logging.disable()  # at a round's end all that are in flight are lost
    figures = sorted(uvloop.run(_measure()) for _ in range(_ROUNDS))
    print(f"gateway path: best {figures[0]:.1f} us, median {figures[_ROUNDS // 2]:.1f} us a request")


if __name__ == "__main__":
    main()
