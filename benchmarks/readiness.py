"""How soon a model that has just been loaded predicts: a whole Headway, and a request that waits for the replica."""

import json
import statistics
import sys
import time
import urllib.request
from dataclasses import dataclass

from benchmarks.contenders import Contender, Running
from benchmarks.load import Figures
from benchmarks.processes import Bench, answers, free_port, wait_for

STARTS = 10
LOADS_FOR = 1.2
"""Long enough for polling's pauses to have grown, had it to be relied on."""
_WITHIN = 60.0
_CONFIG = "model_name: loads\nrequirements: []\n"
_MODEL = """import time


class Model:
    def load(self):
        time.sleep({loads_for})
        self.loaded_at = time.monotonic()

    def predict(self, inputs):
        return time.monotonic() - self.loaded_at
"""


@dataclass(frozen=True, slots=True)
class Starting(Running):
    """A running Headway whose one model can be switched off and on at `deployment_url`."""

    deployment_url: str = ""


def _start(bench: Bench) -> Running:
    truss = bench.folder / "loads"
    (truss / "model").mkdir(parents=True)
    (truss / "config.yaml").write_text(_CONFIG)
    (truss / "model" / "model.py").write_text(_MODEL.format(loads_for=LOADS_FOR))
    port, control_port = free_port(), free_port()
    serving = bench.start(
        [
            *(sys.executable, "-m", "headway", "serve", truss, "--data-dir", bench.folder / "data"),
            *("--port", str(port), "--control-port", str(control_port)),
        ],
        environment={"HEADWAY_RUN_DIR": str(bench.folder / "run")},
    )
    url = f"http://127.0.0.1:{port}/models/loads/predict"
    deployment_url = f"http://127.0.0.1:{control_port}/v1/models/loads/deployments/production"
    wait_for(serving, lambda: answers(url, b"{}"))
    return Starting(url, (serving,), deployment_url=deployment_url)


LOADS = Contender("headway", _start)


def first_predicts(running: Running, _seconds: float) -> Figures:
    """From the end of `load` to the predict of a request that queued meanwhile, start after start."""
    assert isinstance(running, Starting)  # noqa: S101  # made above
    delays = []
    for _ in range(STARTS):
        _ask(f"{running.deployment_url}/deactivate", b"")
        while json.loads(_ask(f"{running.deployment_url}/replicas"))["replicas"]:
            time.sleep(0.02)
        _ask(f"{running.deployment_url}/activate", b"")
        delays.append(float(_ask(running.url, b"{}")))
    return {"first_predict": statistics.median(delays), "slowest": max(delays)}


def _ask(url: str, body: bytes | None = None) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=_WITHIN) as answer:
        content: bytes = answer.read()
    return content
