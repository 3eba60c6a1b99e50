"""`headway tune` on a real model: what it finds is known by construction, and what it started is gone afterwards."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from system.serving import descendants, share_environments, wait_until

CONFIG = """\
model_name: two-lanes
python_version: py311
runtime:
  predict_concurrency: 1 # to be found
model_metadata:
  example_model_input: {}
"""
MODEL = """\
import threading, time

class Model:
    def load(self):
        self.lanes = threading.Semaphore(2)

    def preprocess(self, inputs):
        time.sleep(0.02)
        return inputs

    def predict(self, inputs):
        with self.lanes:
            time.sleep(0.02)
        return inputs
"""


@pytest.fixture
def truss(tmp_path):
    (tmp_path / "truss" / "model").mkdir(parents=True)
    (tmp_path / "truss" / "config.yaml").write_text(CONFIG)
    (tmp_path / "truss" / "model" / "model.py").write_text(MODEL)
    return tmp_path / "truss"


def started(truss, tmp_path, *options, **variables):
    data_dir = tmp_path / "data"
    share_environments(data_dir)
    command = [
        sys.executable,
        "-m",
        "headway",
        "tune",
        str(truss),
        "--data-dir",
        str(data_dir),
        "--max-pc",
        "3",
        "--precision",
        "15",
    ]
    return subprocess.Popen(
        [*command, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1", **variables},
    )


def test_it_finds_the_knee_and_writes_it_into_config_yaml(truss, tmp_path):
    picture = tmp_path / "curve.svg"
    process = started(truss, tmp_path, "--json", "--apply", "--picture", str(picture))
    out, told = process.communicate(timeout=110)
    assert process.returncode == 0, told
    found = json.loads(out)
    choice = found["recommendation"]
    assert choice["predict_concurrency"] in {2, 3}
    assert choice["concurrency_target"] >= 4
    assert choice["throughput"] > 60, "two at once, 20 ms each: up to 100/s"
    assert found["complete"]
    assert "step 1: PC 1, CT 1" in told
    text = (truss / "config.yaml").read_text()
    assert "# to be found" in text
    written = yaml.safe_load(text)
    assert written["runtime"]["predict_concurrency"] == choice["predict_concurrency"]
    assert written["model_metadata"]["headway"]["concurrency_target"] == choice["concurrency_target"]
    assert "chosen" in picture.read_text()


@pytest.mark.parametrize("isolation", ["none", "sandbox"])
def test_ctrl_c_stops_everything_and_shows_what_is_known(truss, tmp_path, isolation):
    process = started(truss, tmp_path, HEADWAY_ISOLATION=isolation)
    told = ""
    end = time.monotonic() + 60
    while "step 2" not in told:
        assert time.monotonic() < end
        told += process.stderr.readline()
    replicas = wait_until(lambda: descendants(process.pid), 20, "a replica runs")
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=20)
    assert process.returncode == 130, told
    assert "A guess: predict_concurrency 1" in out
    assert "interrupted" in out
    assert not {pid: line for pid, line in replicas.items() if Path(f"/proc/{pid}").exists()}
    assert ("bubblewrap" in replicas.values()) is (isolation == "sandbox")
    assert not list((tmp_path / "data").glob("tune-*"))
