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
from headway.gateway.table import RoutingTable

DEPLOYMENTS, REPLICAS_EACH = 50, 4
_SETTLE = 3.0
_IDLE_FOR = 10.0
_CHANGES = 30
_PAUSE = 0.2
_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Plane(Running):
    """A running control plane; `folder` holds its link and the instants of its orders."""

    folder: Path = Path()
    gateway_url: str = ""


def start(bench: Bench, replicas_each: int) -> Running:
    upstream = start_upstream(bench, unix=True)
    folder, port, gateway_port = bench.folder, free_port(), free_port()
    (folder / "orders").touch()
    options = ["--deployments", str(DEPLOYMENTS), "--replicas", str(replicas_each)]
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


def rest(running: Running, _seconds: float) -> Figures:
    """The share of a core that control takes while nothing is asked for."""
    before, began = running.usage(), time.monotonic()
    time.sleep(_IDLE_FOR)
    used = running.usage()
    share = (used.cpu - before.cpu) / (time.monotonic() - began)
    return {"busy": share, "memory": used.memory_bytes}


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
