"""The quick start does what it says: its lines run as they stand, only the ports are others."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from system.lasting import Headway
from system.serving import wait_until

PAGE = (Path(__file__).parents[2] / "docs/guide/quick-start.md").read_text(encoding="utf-8")
LINES = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
STAYING = ("headway serve ", "headway up")


class Reader:
    """Somebody with two terminals: in one of them Headway stays in the foreground, the other takes what is asked."""

    def __init__(self, directory):
        self._directory = directory
        self._headway = Headway(directory)
        programs = directory / "programs"
        programs.mkdir()
        command = programs / "headway"
        command.write_text(f'#!/bin/sh\nexec {sys.executable} -m headway "$@"\n')
        command.chmod(0o755)
        self._environment = {**self._headway.environment, "PATH": f"{programs}:{os.environ['PATH']}"}
        self._staying = None

    def types(self, line):
        line = line.replace("8080", str(self._headway.port)).replace("8081", str(self._headway.control_port))
        if line.startswith(STAYING):
            self.leaves()
            self._staying = self._begin(f"exec {line}")
            wait_until(self._is_up, 60, f"{line} is up")
            return ""
        process = self._begin(line)
        out, _ = process.communicate(timeout=100)
        assert process.returncode == 0, out
        return out

    def leaves(self):
        if self._staying is not None:
            self._staying.send_signal(signal.SIGINT)
            self._staying.communicate(timeout=60)
            self._staying = None

    def _begin(self, line):
        return subprocess.Popen(
            ["bash", "-c", line],
            cwd=self._directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _is_up(self):
        """And whatever it serves is ready."""
        assert self._staying.poll() is None, self._staying.stdout.read()
        try:
            answer = httpx.get(f"http://127.0.0.1:{self._headway.control_port}/v1/models", timeout=5)
        except httpx.HTTPError:
            return False
        return answer.is_success and all(one["ready_replicas"] for one in answer.json()["models"])


@pytest.fixture
def reader(tmp_path):
    reader = Reader(tmp_path)
    yield reader
    reader.leaves()


def test_every_line_of_the_quick_start_runs_and_shows_what_it_says(reader):
    told = [(line, reader.types(line)) for line in LINES]
    assert [line.split()[1] for line, _ in told if line.startswith(STAYING)] == ["serve", "up"]
    [one] = [out for line, out in told if line.startswith("curl")]
    assert one.strip() == '{"text": "Hello, Ada!"}'
    [six, more] = [out for line, out in told if line.startswith("for ")]
    assert (six.count("Hello, world!"), more.count("Hello, world!")) == (6, 6)
    requests = next(out for line, out in told if line.startswith("headway requests"))
    queued = [float(row) for row in re.findall(r"finished\s+\S+\s+(\d+\.\d)", requests)]
    assert sum(3500 < wait < 5500 for wait in queued) == 1, "the last has queued for four seconds"
