"""`headway serve --watch` on real processes: a good change is served, a broken one is not, no request is lost."""

import shutil
import threading
from pathlib import Path

import httpx
import pytest

from system.serving import serving, wait_until

MODEL = """
class Model:
    def load(self):
        self.word = {}

    def predict(self, _):
        return self.word
"""


@pytest.fixture
def truss(tmp_path):
    top = tmp_path / "truss"
    shutil.copytree(Path(__file__).parent / "models" / "stages", top)
    write(top, "'first'")
    return top


def write(truss, expression):
    (truss / "model/model.py").write_text(MODEL.format(expression), encoding="utf-8")


class Asking(threading.Thread):
    """Asks all the time, and keeps each new answer."""

    def __init__(self, url):
        super().__init__()
        self.url, self.answers, self.stopped = url, [], threading.Event()

    def run(self):
        with httpx.Client(timeout=30) as client:
            while not self.stopped.is_set():
                answer = client.post(self.url, json={})
                told = answer.status_code, answer.json()
                if told not in self.answers[-1:]:
                    self.answers.append(told)


def test_changes_are_served_as_they_come_and_broken_ones_are_not(truss, tmp_path):
    with serving(truss, "--watch", "--name", "watched", data_dir=tmp_path / "data") as serve:
        asking = Asking(serve.model_url)
        asking.start()
        try:
            write(truss, "'second'")
            wait_until(lambda: (200, "second") in asking.answers, 30, "the change is served")
            write(truss, "1 / 0")
            wait_until(lambda: "the change is not served" in serve.printed(), 30, "the broken change is told")
            assert "ZeroDivisionError: division by zero" in serve.printed()
            write(truss, "'third'")
            wait_until(lambda: (200, "third") in asking.answers, 30, "the next change is served")
        finally:
            asking.stopped.set()
            asking.join(30)
        assert asking.answers == [(200, "first"), (200, "second"), (200, "third")]
