"""How fast settings are simulated, from the source and from the compiled wheel; one core, nothing else is started."""

import json
import subprocess
import sys
from functools import partial
from pathlib import Path

from benchmarks.contenders import Contender, Running
from benchmarks.environments import compiled_headway
from benchmarks.load import Figures
from benchmarks.processes import SERVER_CORE, Bench
from benchmarks.replicas import PROGRAMS

REQUESTS = 200_000
_WITHIN = 1200.0


def _start(_: Bench, interpreter: str) -> Running:
    return Running(interpreter, ())


PLAIN = Contender("headway", partial(_start, interpreter=sys.executable))
COMPILED = Contender("headway, compiled", lambda bench: _start(bench, str(compiled_headway())))


def simulate(running: Running, _seconds: float, *, requests: int, scenario: str) -> Figures:
    """`running.url` is the interpreter that has Headway."""
    output = subprocess.run(
        ["taskset", "-c", str(SERVER_CORE), running.url, PROGRAMS / "simulation.py", str(requests), scenario],
        check=True,
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        cwd=Path("/"),
    )
    figures: Figures = json.loads(output.stdout)
    return {
        "rate": figures["requests"] / figures["cpu"],
        "cpu": figures["cpu"] / figures["requests"],
        "seconds": figures["cpu"],
        "memory": figures["memory"],
        "replicas": figures["replicas"],
    }
