"""What the gateway's own path costs per request, without the kernel: protocols driven by hand on fake transports.

Run it before and after a change of the hot path: `python -m benchmarks.gateway_path`. On a machine that is busy with
other things `--instructions` counts instructions under valgrind's callgrind instead, which come out the same within
some tens whenever the same code is run.
"""

import argparse
import gc
import logging
import os
import re
import subprocess
import sys
import tempfile
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
_COUNTED = (2_048, 12_288)  # the difference is without the start of the process
_TICK_SECONDS = 1e-6
_COUNTED_WITHIN = 600.0


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


async def _measure(requests: int) -> float:
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
    run(requests)
    elapsed = time.perf_counter() - begin
    queue.close()
    return elapsed / requests * 1e6


def _connected(protocol: Protocol) -> Protocol:
    protocol.connection_made(_Transport())  # type: ignore[arg-type]
    return protocol


def _instructions(requests: int) -> int:
    """What a process of its own executes that sends so many."""
    with tempfile.NamedTemporaryFile() as counts:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counts.name}"]
        ran = subprocess.run(
            [*command, sys.executable, "-m", "benchmarks.gateway_path", "--once", str(requests)],
            env=os.environ | {"PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=_COUNTED_WITHIN,
            check=True,
        )
    collected = re.search(r"Collected : (\d+)", ran.stderr)
    if collected is None:
        raise SystemExit(f"callgrind counted nothing: {ran.stderr[-500:]}")
    return int(collected[1])


def _run_once(requests: int) -> None:
    """At an even pace, as the path sees it: under valgrind seconds pass where microseconds did."""
    instant = time.monotonic()

    def tick() -> float:
        nonlocal instant
        instant += _TICK_SECONDS
        return instant

    time.monotonic = tick
    gc.disable()  # when it runs depends on how much else is in memory, by some 1,000 instructions a request
    uvloop.run(_measure(requests))


def main() -> None:
    parser = argparse.ArgumentParser(description="What the gateway's own path costs per request.")
    parser.add_argument("--instructions", action="store_true", help="count them, with valgrind")
    parser.add_argument("--once", type=int, metavar="REQUESTS", help="send so many, and say nothing")
    asked = parser.parse_args()
    logging.disable()  # at a round's end all that are in flight are lost
    if asked.once:
        _run_once(asked.once)
    elif asked.instructions:
        fewer, more = _COUNTED
        each = (_instructions(more) - _instructions(fewer)) / (more - fewer)
        print(f"gateway path: {each:.0f} instructions a request")
    else:
        figures = sorted(uvloop.run(_measure(_REQUESTS)) for _ in range(_ROUNDS))
        print(f"gateway path: best {figures[0]:.1f} us, median {figures[_ROUNDS // 2]:.1f} us a request")


if __name__ == "__main__":
    main()
