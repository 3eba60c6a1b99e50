"""Models in sandboxes: they find what Truss's image has, and nothing of Headway's or of each other."""

from pathlib import Path

import httpx
import pytest

from system.serving import serving

LOOKS = """
import os, subprocess
from pathlib import Path

class Model:
    def predict(self, command):
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True)
        return {"out": done.stdout, "error": done.stderr, "code": done.returncode}
"""
CONFIG = """
model_name: looks
secrets: {mine: null, unset: null}
model_metadata: {headway: {isolation: sandbox}}
"""


@pytest.fixture(scope="module")
def truss(tmp_path_factory):
    directory = tmp_path_factory.mktemp("looks") / "looks"
    for name in ("model", "data", "packages"):
        (directory / name).mkdir(parents=True)
    (directory / "config.yaml").write_text(CONFIG)
    (directory / "model" / "model.py").write_text(LOOKS)
    (directory / "data" / "x.txt").write_text("of the truss")
    (directory / "packages" / "bundled.py").write_text("name = 'bundled'\n")
    return directory


@pytest.fixture(scope="module")
def served(truss, tmp_path_factory):
    secrets = tmp_path_factory.mktemp("secrets")
    for name in ("mine", "other"):
        (secrets / name).write_text(f"value of {name}")
    with serving(truss, "--secrets-dir", str(secrets), data_dir=tmp_path_factory.mktemp("data")) as running:
        yield running


@pytest.fixture(scope="module")
def shell(served):
    """Runs a shell's command in the model's process: what it prints."""

    def run(command, code=0):
        answer = httpx.post(served.model_url, json=command, timeout=30)
        assert answer.status_code == 200, answer.text
        done = answer.json()
        assert done["code"] == code, done
        return done["out"].strip()

    return run


def test_a_model_finds_its_files_where_truss_has_them(shell):
    assert shell("pwd") == "/app"
    assert shell("cat /app/data/x.txt") == "of the truss"
    assert shell("cat /packages/bundled.py") == "name = 'bundled'"


def test_what_a_model_writes_is_its_own_and_its_files_stay_as_they_are(shell):
    assert shell("echo changed > data/x.txt && echo new > data/new && cat /app/data/x.txt") == "changed"
    assert shell(
        "echo 1 > ~/a && echo 2 > /tmp/b && echo 3 > /dev/shm/c && cat ~/a /tmp/b /dev/shm/c | tr -d '\\n'"
    )
    assert not (Path.home() / "a").exists()
    assert not Path("/tmp/b").exists()
    assert not Path("/dev/shm/c").exists()


def test_the_machine_around_it_can_only_be_read(shell):
    assert shell("touch /usr/x /etc/x /x 2>&1 | grep -c 'Read-only file system'") == "3"


def test_only_the_declared_secrets_that_have_a_value_are_files(shell):
    assert shell("ls -A /secrets; cat /secrets/mine") == "mine\nvalue of mine"


def test_neither_headways_files_nor_processes_are_seen(shell, served):
    data_dir = served.process.args[served.process.args.index("--data-dir") + 1]
    assert shell(f"ls -A {data_dir}").split() == ["environments", "path", "snapshots"]
    assert len(shell(f"ls {data_dir}/snapshots").split()) == 1
    assert "headway.api" not in shell("cat /proc/[0-9]*/cmdline | tr '\\0' ' '")
    assert shell("grep CapEff /proc/self/status").endswith("\t0000000000000000")
    assert shell("ls /run/headway").split() == ["held", "held.stages", "http"]
