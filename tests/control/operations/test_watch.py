import asyncio
import logging
import os

import pytest

from headway.control.operations.watch import Watcher
from headway.control.packages.snapshots import file_states
from headway.model_server.truss.truss_config import InvalidTrussError


@pytest.fixture
def truss(tmp_path):
    top = tmp_path / "truss"
    (top / "model").mkdir(parents=True)
    (top / "config.yaml").write_text("", encoding="utf-8")
    (top / "model/model.py").write_text("class Model: ...\n", encoding="utf-8")
    return top


def look(watcher, truss):
    asyncio.run(watcher.look(file_states(truss)))


def test_a_change_is_served_when_the_files_have_come_to_rest(truss):
    served = []

    async def push():
        served.append("a deployment")

    watcher = Watcher(truss, push)
    look(watcher, truss)
    (truss / "model/model.py").write_text("class Model: pass  # changed\n", encoding="utf-8")
    look(watcher, truss)
    (truss / "model/other.py").write_text("", encoding="utf-8")
    look(watcher, truss)
    assert served == []
    look(watcher, truss)
    assert served == ["a deployment"]
    look(watcher, truss)
    assert served == ["a deployment"]


def test_a_change_that_cannot_be_deployed_is_told_and_the_next_one_tried(truss, caplog):
    served, outcomes = [], [InvalidTrussError("no such field"), "a deployment"]

    async def push():
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        served.append(outcome)

    watcher = Watcher(truss, push)
    with caplog.at_level(logging.ERROR):
        for text in ("wrong: 1", "right: 22"):
            (truss / "config.yaml").write_text(text, encoding="utf-8")
            look(watcher, truss)
            look(watcher, truss)
    assert caplog.messages == ["the change is not served, the old deployment serves on: no such field"]
    assert served == ["a deployment"]


def test_ignored_files_are_not_watched_and_external_packages_are(truss, tmp_path):
    external = tmp_path / "shared"
    external.mkdir()
    (truss / "config.yaml").write_text("external_package_dirs: [../shared]", encoding="utf-8")
    before = file_states(truss)
    (truss / "__pycache__").mkdir()
    (truss / "__pycache__/model.pyc").write_bytes(b"x")
    assert file_states(truss) == before
    (external / "tool.py").write_text("", encoding="utf-8")
    after = file_states(truss)
    assert after != before
    os.utime(external / "tool.py", (1, 1))
    assert file_states(truss) != after
