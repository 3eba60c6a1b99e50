"""Puts a started contender under load and returns figures; each figure is a number with a fixed name.

Rates are per second and CPU is of the contender's own processes, per request.
"""

import base64
import json
import os
import random
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.contenders import Running
from benchmarks.environments import UnavailableError, system_program
from benchmarks.processes import LOAD_CORE

Figures = dict[str, float]
_SCRIPT = Path(__file__).parent / "programs" / "post.lua"
_WRK_GRACE = 30.0
_FORGIVEN = 0.01
"""The share of failed requests above which a rate says nothing."""
SMALL_BODY = b'{"inputs": {"text": "hello, world"}}'


def picture_body(size_bytes: int) -> bytes:
    """JSON of about this size that carries a picture in base64, as most large bodies do."""
    picture = random.Random(7).randbytes(size_bytes * 3 // 4)  # noqa: S311 - nobody guards anything with it
    return json.dumps({"inputs": {"image": base64.b64encode(picture).decode()}}).encode()


def numbers_body(size_bytes: int) -> bytes:
    """JSON of about this size, of numbers, as feature vectors are sent."""
    numbers = [round(index * 0.37 % 97, 3) for index in range(size_bytes // 8)]
    return json.dumps({"inputs": numbers}).encode()


@dataclass(frozen=True, slots=True)
class Wrk:
    """Closed-loop load by wrk over kept-alive connections."""

    connections: int = 32
    body: bytes = SMALL_BODY
    core: int = LOAD_CORE

    def __call__(self, running: Running, seconds: float) -> Figures:
        before, began = running.usage(), time.perf_counter()
        result = self._run(running.url, seconds)
        used = running.usage().cpu - before.cpu
        requests, failed = result["requests"], result["bad_status"] + result["broken"]
        if failed > _FORGIVEN * requests:
            raise UnavailableError(f"{failed:.0f} of {requests:.0f} requests failed")
        return {
            "rate": requests / result["seconds"],
            "cpu": used / max(1.0, requests),
            "busy": used / (time.perf_counter() - began),
            "p50": result["p50"],
            "p99": result["p99"],
            "failed": failed,
            "ideal": running.ideal_seconds,
        }

    def _run(self, url: str, seconds: float) -> Figures:
        wrk = system_program("wrk", "wrk")
        with tempfile.NamedTemporaryFile(prefix="hwb-body-") as body:
            body.write(self.body)
            body.flush()
            output = subprocess.run(
                [
                    *("taskset", "-c", str(self.core), wrk, "-t1", f"-c{self.connections}"),
                    *(f"-d{max(1, round(seconds))}s", "--timeout", "20s", "-s", str(_SCRIPT), url),
                ],
                check=True,
                capture_output=True,
                text=True,
                timeout=seconds + _WRK_GRACE,
                env={**os.environ, "BENCH_BODY": body.name},
            ).stdout
        figures: Figures = json.loads(output.strip().splitlines()[-1])
        return figures
