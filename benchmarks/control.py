"""What the control plane costs at rest, and how soon it acts: with a real gateway and replicas in name only."""

import asyncio
import json
import statistics
import sys
import time
import urllib.request
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.contenders import Contender, Running
from benchmarks.environments import compiled_headway
from benchmarks.gateways import start_upstream
from benchmarks.load import Figures
from benchmarks.processes import Bench, answers, free_port, wait_for
from benchmarks.replicas import PROGRAMS
from headway.gateway.link import Link
from headway.gateway.records import RECORDS_PER_SECOND
from headway.gateway.table import RoutingTable
from headway.observed.records import Outcome, RequestRecord

DEPLOYMENTS, REPLICAS_EACH = 50, 4
_SETTLE = 3.0
_IDLE_FOR = 10.0
_RECORDED_FOR = 10.0
RATE = RECORDS_PER_SECOND
_TURNS, _MOST_ROWS = 4, 40
_CHANGES = 30
_PAUSE = 0.2
_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Plane(Running):
    """A running control plane; `folder` holds its link and the instants of its orders."""

    folder: Path = Path()
    gateway_url: str = ""


def start(bench: Bench, replicas_each: int, keep_requests: int = 1_000_000) -> Running:
    upstream = start_upstream(bench, unix=True)
    folder, port, gateway_port = bench.folder, free_port(), free_port()
    (folder / "orders").touch()
    options = ["--deployments", str(DEPLOYMENTS), "--replicas", str(replicas_each)]
    options += ["--keep-requests", str(keep_requests)]
    control = bench.start(
        [sys.executable, PROGRAMS / "control_plane.py", folder, upstream, str(port), *options]
    )
    gateway = bench.start(
        [
            *(compiled_headway(), "-m", "headway.gateway", "--listen", f"127.0.0.1:{gateway_port}"),
            *("--link", folder / "link"),
        ],
        core=bench.load_core,
    )
    url, gateway_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{gateway_port}"
    wait_for(control, lambda: answers(f"{url}/healthz"))
    wait_for(gateway, lambda: answers(f"{gateway_url}/healthz"))
    wait_for(control, lambda: _ready(url) == DEPLOYMENTS * replicas_each)
    time.sleep(_SETTLE)
    return Plane(url, (control,), folder=folder, gateway_url=gateway_url)


AT_REST = Contender("headway", partial(start, replicas_each=REPLICAS_EACH))
AT_ZERO = Contender("headway", partial(start, replicas_each=0))

STORING_NOTHING = Contender("nothing stored", partial(start, replicas_each=REPLICAS_EACH, keep_requests=0))


def rest(running: Running, _seconds: float) -> Figures:
    """The share of a core that control takes while nothing is asked for."""
    before, began = running.usage(), time.monotonic()
    time.sleep(_IDLE_FOR)
    used = running.usage()
    share = (used.cpu - before.cpu) / (time.monotonic() - began)
    return {"busy": share, "memory": used.memory_bytes}


def record(running: Running, _seconds: float) -> Figures:
    """The share of a core that control takes while a gateway tells it as many records of requests as it may."""
    before, began = running.usage(), time.monotonic()
    told = asyncio.run(_tell_records(running, _RECORDED_FOR))
    used, elapsed = running.usage(), time.monotonic() - began
    return {"busy": (used.cpu - before.cpu) / elapsed, "rate": told / elapsed, "memory": used.memory_bytes}


def change_settings(running: Running, _seconds: float) -> Figures:
    """From the call that changes a setting to the instant at which a gateway has applied it."""
    delays = asyncio.run(_delays(running))
    return {"applied": statistics.median(delays), "slowest": max(delays)}


def wake(running: Running, _seconds: float) -> Figures:
    """From a request's first byte to a deployment without replicas to the order to start one."""
    assert isinstance(running, Plane)  # noqa: S101  # made above
    delays = []
    for number in range(DEPLOYMENTS):
        known = len(_orders(running.folder))
        asked = time.monotonic()
        answer = urllib.request.Request(
            f"{running.gateway_url}/models/model-{number}/predict", data=b"{}", method="POST"
        )
        with urllib.request.urlopen(answer, timeout=_WITHIN):
            delays.append(_orders(running.folder)[known] - asked)
    return {"ordered": statistics.median(delays), "slowest": max(delays)}


async def _tell_records(running: Running, seconds: float) -> int:
    """As a gateway does: four times a second, in messages of up to 40. Returns how many."""
    assert isinstance(running, Plane)  # noqa: S101  # made above
    reader, writer = await asyncio.open_unix_connection(running.folder / "link")
    writer.write(b'{"gateway": "records", "epoch": "1"}\n')
    reading = asyncio.create_task(_read_all(reader))
    began, told = time.monotonic(), 0
    for turn in range(1, round(seconds * _TURNS) + 1):
        rows = [_row(told + number) for number in range(RATE // _TURNS)]
        for first in range(0, len(rows), _MOST_ROWS):
            some = rows[first : first + _MOST_ROWS]
            message = {"type": "requests", "rows": some, "sampled_out": {}, "ended": {}}
            writer.write(json.dumps(message).encode() + b"\n")
        told += len(rows)
        await writer.drain()
        await asyncio.sleep(began + turn / _TURNS - time.monotonic())
    reading.cancel()
    writer.close()
    return told


async def _read_all(reader: asyncio.StreamReader) -> None:
    while await reader.read(1 << 16):
        pass


def _row(number: int) -> dict[str, object]:
    stages = ("queue", "preprocess", "gate_wait", "predict", "postprocess", "send")
    record = RequestRecord(
        request_id=f"5f0c2a9be1d4-{number}",
        deployment_id=f"d{number % DEPLOYMENTS}",
        model=f"model-{number % DEPLOYMENTS}",
        replica_id=f"model-{number % DEPLOYMENTS}-1",
        arrived_at=round(time.time(), 6),
        status=200,
        outcome=Outcome.FINISHED,
        seconds=0.123456,
        stages=dict.fromkeys(stages, 0.012345),
        request_bytes=512,
        response_bytes=2048,
        trace_id="0af7651916cd43dd8448eb211c80319c",
    )
    return record.as_row()


async def _delays(running: Running) -> list[float]:
    assert isinstance(running, Plane)  # noqa: S101  # made above
    link = Link(str(running.folder / "link"), None)
    applied: asyncio.Queue[tuple[float, RoutingTable]] = asyncio.Queue()
    apply = link.gateway.apply

    def note(table: RoutingTable) -> None:
        apply(table)
        applied.put_nowait((time.monotonic(), table))

    link.gateway.apply = note  # type: ignore[method-assign]
    dialled = asyncio.create_task(link.run())
    async with asyncio.timeout(_WITHIN + _CHANGES):
        await applied.get()
        delays = [await _delay(running.url, number, applied) for number in range(_CHANGES)]
    dialled.cancel()
    return delays


async def _delay(url: str, number: int, applied: "asyncio.Queue[tuple[float, RoutingTable]]") -> float:
    target = 2 + number
    asked = time.monotonic()
    change = asyncio.to_thread(_change, f"{url}/v1/models/model-7/deployments/production/settings", target)
    changing = asyncio.ensure_future(change)
    while True:
        at, table = await applied.get()
        if any(
            one.model == "model-7" and one.settings.concurrency_target == target for one in table.deployments
        ):
            await changing
            await asyncio.sleep(_PAUSE)
            return at - asked


def _change(url: str, target: int) -> None:
    body = json.dumps({"concurrency_target": target}).encode()
    request = urllib.request.Request(
        url, data=body, method="PATCH", headers={"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_WITHIN) as answer:
        answer.read()


def _ready(url: str) -> int:
    try:
        with urllib.request.urlopen(f"{url}/v1/models", timeout=_WITHIN) as answer:
            return sum(one["ready_replicas"] for one in json.load(answer)["models"])
    except (TimeoutError, OSError):
        return -1


def _orders(folder: Path) -> list[float]:
    return [float(line) for line in (folder / "orders").read_text().split()]
