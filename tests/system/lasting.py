"""A lasting Headway of its own, `headway up`, and its verbs, each as a process."""

import contextlib
import os
import signal
import subprocess
import sys

import httpx

from system.serving import free_port, wait_until

_VERB_TIMEOUT = 170


class Headway:
    """One data directory, and the commands that are about it."""

    def __init__(self, directory):
        self._directory = directory
        self.port, self.control_port = free_port(), free_port()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HEADWAY_")},
            "HEADWAY_DATA_DIR": str(directory / "data"),
            "HEADWAY_RUN_DIR": str(directory / "run"),
            "HEADWAY_PORT": str(self.port),
            "HEADWAY_CONTROL_PORT": str(self.control_port),
            "XDG_CONFIG_HOME": str(directory),
            "NO_COLOR": "1",
        }

    def start(self, *arguments, **files):
        command = [sys.executable, "-m", "headway", *map(str, arguments)]
        return subprocess.Popen(command, env=self.environment, start_new_session=True, **files)

    def run(self, *arguments, code=0):
        """What a verb prints to its standard output; it has to end with `code`."""
        process = self.start(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, error = process.communicate(timeout=_VERB_TIMEOUT)
        assert process.returncode == code, out + error
        return out if code == 0 else error

    def predict(self, status=200, **headers):
        answer = httpx.post(
            f"http://127.0.0.1:{self.port}/models/echo/predict", json={"a": 1}, headers=headers, timeout=60
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    @contextlib.contextmanager
    def up(self, *options):
        output = self._directory / "output"
        with output.open("wb") as file:
            process = self.start("up", *options, stdout=file, stderr=subprocess.STDOUT)
        try:
            wait_until(lambda: "headway push DIR" in output.read_text(), 30, "it says that it is up")
            yield process
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0, output.read_text()
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
