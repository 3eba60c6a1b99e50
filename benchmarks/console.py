"""What an open page of the console costs: a deployment with many replicas under light load, in a real browser."""

import os
import shutil
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import Contender, Running
from benchmarks.environments import UnavailableError, system_program
from benchmarks.load import SMALL_BODY, Figures
from benchmarks.processes import Bench, Program, answers, free_port, wait_for

REPLICAS = 20
_CLIENTS = 12
_SETTLE = 5.0
_OPEN_FOR = 20.0
_LOAD_FOR = 150
_SCRIPT = Path(__file__).with_name("programs") / "post.lua"
_CONFIG = "model_name: waits\nrequirements: []\nruntime: {predict_concurrency: 2}\n"
_MODEL = """import asyncio


class Model:
    async def predict(self, inputs):
        await asyncio.sleep(0.3)
        return inputs
"""
_CHROMIUM = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--remote-debugging-port=0", "--window-size=1440,900"),
)


@dataclass(frozen=True, slots=True)
class Watched(Running):
    """A running Headway with its control process, and what opens a browser beside it."""

    bench: Bench | None = None
    control_url: str = ""


def _start(bench: Bench) -> Running:
    truss = bench.folder / "waits"
    (truss / "model").mkdir(parents=True)
    (truss / "config.yaml").write_text(_CONFIG)
    (truss / "model" / "model.py").write_text(_MODEL)
    port, control_port = free_port(), free_port()
    serving = bench.start(
        [
            *(sys.executable, "-m", "headway", "serve", truss, "--replicas", str(REPLICAS)),
            *("--concurrency-target", "4", "--data-dir", bench.folder / "data"),
            *("--port", str(port), "--control-port", str(control_port)),
        ]
    )
    url = f"http://127.0.0.1:{port}/models/waits/predict"
    control = f"http://127.0.0.1:{control_port}"
    wait_for(serving, lambda: f'"ready_replicas":{REPLICAS},' in _read(f"{control}/v1/models"))
    wait_for(serving, lambda: answers(url, SMALL_BODY))
    return Watched(url, (serving,), bench=bench, control_url=control)


def open_page(running: Running, _seconds: float) -> Figures:
    """The share of a core that control takes with a page open beyond what it takes without, and the browser's."""
    if not isinstance(running, Watched) or running.bench is None:
        raise TypeError("the page of nothing")
    bench = running.bench
    chromium = shutil.which("chromium")
    if chromium is None:
        raise UnavailableError("there is no chromium")
    body = bench.folder / "body"
    body.write_bytes(SMALL_BODY)
    wrk = system_program("wrk", "wrk")
    bench.start(
        [wrk, "-t1", f"-c{_CLIENTS}", f"-d{_LOAD_FOR}s", "--timeout", "20s", "-s", _SCRIPT, running.url],
        core=bench.load_core,
        environment={"BENCH_BODY": str(body)},
    )
    control = _control_of(running.programs[0])
    time.sleep(_SETTLE)
    without, _ = _shares(control, None)
    page = f"{running.control_url}/#/models/waits/production"
    browser = bench.start(
        [chromium, *_CHROMIUM, f"--user-data-dir={bench.folder / 'browser'}", page], core=bench.load_core
    )
    time.sleep(_SETTLE)
    with_page, of_browser = _shares(control, browser)
    return {"control": with_page - without, "control_in_all": with_page, "browser": of_browser}


PAGE = Contender("headway", _start)


def _shares(control: int, browser: Program | None) -> tuple[float, float]:
    before, began = _cpu(control), time.monotonic()
    used = 0.0 if browser is None else browser.usage().cpu
    time.sleep(_OPEN_FOR)
    elapsed = time.monotonic() - began
    of_browser = 0.0 if browser is None else (browser.usage().cpu - used) / elapsed
    return (_cpu(control) - before) / elapsed, of_browser


def _control_of(serving: Program) -> int:
    """The process among those of `headway serve` that is control."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_text().split("\0")
            keeper = _parent(path.parent)
            is_served = _parent(path.parents[1] / str(keeper)) == serving.process.pid
        except OSError:
            continue
        if "headway.api" in command and is_served:
            return int(path.parent.name)
    raise UnavailableError(f"control does not run: {serving.tail()}")


def _parent(process: Path) -> int:
    return int((process / "stat").read_text().rpartition(") ")[2].split()[1])


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return str(answer.read().decode())
    except OSError:
        return ""
