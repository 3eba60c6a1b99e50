"""`disk` and `prune`: through control, and on a data directory on which nothing runs."""

import fcntl
import json
import os
import socket
import time

import pytest

from cli.running import Running, make_ready_at_once, run
from headway.cli.exit_codes import FAILED, OK
from headway.control.packages.entries import build_once

_LONG_AGO = time.time() - 30 * 86_400


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    monkeypatch.setenv("HEADWAY_CONTROL_PORT", str(port))
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HEADWAY_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "data").mkdir(mode=0o700)
    return tmp_path / "data"


@pytest.fixture
def truss(tmp_path):
    top = tmp_path / "truss"
    (top / "model").mkdir(parents=True)
    (top / "config.yaml").write_text("model_name: echo", encoding="utf-8")
    (top / "model" / "model.py").write_text(
        "class Model:\n    def predict(self, inputs):\n        return inputs\n", encoding="utf-8"
    )
    return top


def leftover(data_dir, name="old"):
    entry = data_dir / "snapshots" / name
    build_once(entry, lambda where: (where / "content").write_text("x" * 100_000) and {}, print)
    os.utime(entry / "manifest.json", (_LONG_AGO, _LONG_AGO))
    return entry


def test_while_control_runs_it_is_asked(data_dir, truss, monkeypatch):
    make_ready_at_once(monkeypatch)
    with Running(data_dir, inference_url="http://127.0.0.1:9000") as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        assert run("push", truss).exit_code == OK
        entry = leftover(data_dir)
        result = run("disk", "--json")
        assert result.exit_code == OK, result.exception
        shown = json.loads(result.stdout)
        assert {one["name"] for one in shown["entries"] if one["what"] == "snapshots"} > {"old"}
        assert ["snapshots", "old"] in [line.split()[:2] for line in run("disk").stdout.splitlines()]
        assert "would be freed" in run("prune", "--dry-run").stdout
        assert entry.exists()
        assert "are freed" in run("prune", "--yes").stdout
        assert not entry.exists()
        assert run("prune").stdout == "there is nothing that nobody needs\n"


def test_a_push_without_room_ends_with_the_numbers(data_dir, truss, monkeypatch):
    make_ready_at_once(monkeypatch)
    with Running(data_dir, min_free=10**18) as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        result = run("push", truss)
        assert result.exit_code == FAILED
        assert "must stay free" in str(result.exception)
        assert "HEADWAY_MIN_FREE" in result.exception.hint


def test_while_nothing_runs_the_data_directory_itself_is_seen_to(data_dir, truss, monkeypatch):
    make_ready_at_once(monkeypatch)
    with Running(data_dir) as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        assert run("push", truss).exit_code == OK
    monkeypatch.delenv("HEADWAY_CONTROL_URL")
    entry = leftover(data_dir)
    for folder in (data_dir / "snapshots").iterdir():
        if folder.is_dir():
            os.utime(folder / "manifest.json", (_LONG_AGO, _LONG_AGO))
    removed = json.loads(run("prune", "--yes", "--json").stdout)
    assert [one["name"] for one in removed["removed"]] == ["old"]
    assert not entry.exists()
    used = [one for one in json.loads(run("disk", "--json").stdout)["entries"] if one["used_by"]]
    assert {one["what"] for one in used} == {"snapshots", "logs"}


def test_a_data_directory_on_which_a_headway_runs_is_not_touched(data_dir):
    entry = leftover(data_dir)
    with (data_dir / "headway.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run("prune", "--data-dir", data_dir)
    assert result.exit_code == FAILED
    assert "another Headway runs" in str(result.exception)
    assert entry.exists()
