"""Models whose best numbers are known by construction, written as Truss folders for the proof in tune_grid.py."""

from dataclasses import dataclass
from pathlib import Path

_CONFIG = """\
model_name: {name}
python_version: py311
model_metadata:
  example_model_input: {{}}
"""
_HEAD = """\
import os
import signal
import threading
import time


class Model:
    def load(self):
        self.lock = threading.Lock()
        self.room = threading.Semaphore(6)
        self.inside = 0

    def count(self, change):
        with self.lock:
            self.inside += change
            return self.inside

"""


@dataclass(frozen=True, slots=True)
class Constructed:
    """`best` says what is known; the methods are those of its class."""

    name: str
    best: str
    methods: str

    def write(self, parent: Path) -> Path:
        """Write the Truss below `parent` and return its folder."""
        folder = parent / self.name
        (folder / "model").mkdir(parents=True)
        (folder / "config.yaml").write_text(_CONFIG.format(name=self.name), encoding="utf-8")
        (folder / "model" / "model.py").write_text(_HEAD + self.methods, encoding="utf-8")
        return folder


CONSTRUCTED = (
    Constructed(
        "knee",
        "PC 6 does 6 / 25 ms = 240 requests/s, and more places do no more",
        """\
    def predict(self, inputs):
        with self.room:
            time.sleep(0.025)
        return {}
""",
    ),
    Constructed(
        "cpu",
        "one core's worth, which PC 1 reaches",
        """\
    def predict(self, inputs):
        end = time.thread_time() + 0.012
        while time.thread_time() < end:
            pass
        return {}
""",
    ),
    Constructed(
        "download",
        "PC 1 and CT about (80 + 10) / 10 = 9 do 100 requests/s",
        """\
    def preprocess(self, inputs):
        time.sleep(0.08)
        return inputs

    def predict(self, inputs):
        with self.lock:
            time.sleep(0.01)
        return {}
""",
    ),
    Constructed(
        "slows",
        "PC 4 does 4 / 25 ms = 160 requests/s; beyond it predict takes quadratically longer",
        """\
    def predict(self, inputs):
        inside = self.count(1)
        try:
            time.sleep(0.025 * max(1.0, inside / 4) ** 2)
        finally:
            self.count(-1)
        return {}
""",
    ),
    Constructed(
        "memory",
        "PC 8 does 8 / 40 ms = 200 requests/s; a ninth at once ends the replica, as running out of memory does",
        """\
    def predict(self, inputs):
        if self.count(1) > 8:
            os.kill(os.getpid(), signal.SIGKILL)
        held = bytearray(4 << 20)
        time.sleep(0.04)
        self.count(-1)
        return {"held": len(held) >> 20}
""",
    ),
)
