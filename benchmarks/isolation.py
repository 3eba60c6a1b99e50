"""What a sandbox costs: `python -m benchmarks.isolation [RUNS]`, on a machine with nothing else to do.

Replicas of examples/echo in turns, none and sandbox, at the word of a real root: the time from the order until the
replica says that it is ready, and that of a request over its own socket.
"""

import asyncio
import contextlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from socket import socket

from headway.backends.base import ReplicaSpec, RunningReplica
from headway.backends.isolation.ways import WORLDS, Ways
from headway.backends.local import LocalBackend
from headway.control.packages.preparation import PreparedModel, prepare
from headway.core.isolation import Isolation
from headway.processes.child import Program
from headway.processes.root import Graces, Root

ECHO = Path(__file__).parents[1] / "examples" / "echo"
WAYS = (Isolation.NONE, Isolation.SANDBOX)
REQUESTS = 2000
_BODY = b'{"a": 1}'
_REQUEST = (
    b"POST /v1/models/model:predict HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)
)


async def main(runs: int) -> None:
    with tempfile.TemporaryDirectory(prefix="b", dir="/var/tmp") as folder:  # a short path
        directory = Path(folder)
        model = _prepared(directory)
        starts: dict[Isolation, list[float]] = {way: [] for way in WAYS}
        requests: dict[Isolation, list[float]] = {way: [] for way in WAYS}
        async with _backend(directory) as backend:
            for number in range(runs + 1):
                for way in WAYS:
                    seconds, each = await _life(backend, model, directory, (way, number))
                    if number:  # the first one of each finds nothing in the page cache
                        starts[way].append(seconds)
                        requests[way] += each
    for way in WAYS:
        start, request = statistics.median(starts[way]) * 1000, statistics.median(requests[way]) * 1e6
        print(
            f"{way:8} start {start:6.1f} ms (best {min(starts[way]) * 1000:.1f}), a request {request:6.1f} µs"
        )


def _prepared(directory: Path) -> PreparedModel:
    truss = directory / "echo"
    shutil.copytree(ECHO, truss)
    with (truss / "config.yaml").open("a") as config:
        config.write("\nmodel_metadata: {headway: {isolation: sandbox}}\n")
    return prepare(truss, data_dir=directory / "data", progress=print)


@contextlib.asynccontextmanager
async def _backend(directory: Path) -> AsyncIterator[LocalBackend]:
    link: asyncio.Future[socket] = asyncio.get_running_loop().create_future()

    def waits(name: str) -> Program:
        command = (sys.executable, "-c", "import time; time.sleep(86400)")
        return Program(name, command, directory / f"{name}.log", os.environ)

    def control(descriptor: int) -> Program:
        link.set_result(socket(fileno=os.dup(descriptor)))
        return waits("control")

    running = asyncio.create_task(Root(waits("gateway"), control, graces=Graces(drain=1.0, exit=1.0)).run())
    (directory / "run").mkdir()
    ways = Ways(directory / "data" / WORLDS, [directory / "data", directory / "run"])
    backend = LocalBackend(directory / "run", ways=ways)
    await backend.connect(await link)
    yield backend
    await backend.close()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _life(
    backend: LocalBackend, model: PreparedModel, directory: Path, which: tuple[Isolation, int]
) -> tuple[float, list[float]]:
    """Seconds until it was ready, and those of each request."""
    way, number = which
    ready: asyncio.Queue[RunningReplica] = asyncio.Queue()
    gone: asyncio.Queue[object] = asyncio.Queue()
    backend.on_ready(ready.put_nowait)
    backend.on_exit(gone.put_nowait)
    generation = number * len(WAYS) + WAYS.index(way) + 1
    spec = ReplicaSpec(
        "echo-1",
        generation,
        "d",
        model.interpreter,
        model.directory,
        directory / "echo.log",
        environment=model.environment_variables,
        isolation=way,
        attached=model.attached,
    )
    began = time.monotonic()
    replica = await backend.start(spec)
    await asyncio.wait_for(ready.get(), 60)
    seconds = time.monotonic() - began
    each = await _asked(replica.address.removeprefix("unix:"))
    await backend.stop("echo-1", grace=5.0)
    await gone.get()
    return seconds, each


async def _asked(path: str) -> list[float]:
    reader, writer = await asyncio.open_unix_connection(path)
    each = []
    for _ in range(REQUESTS):
        began = time.monotonic()
        writer.write(_REQUEST)
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(int(length.split(b":")[1]))
        each.append(time.monotonic() - began)
    writer.close()
    return each


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
