"""What cannot be undone is asked about, on a real terminal; without one it is refused at once."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cli.running import Running, make_ready_at_once, run
from cli.terminal import Terminal
from headway.cli.exit_codes import FAILED, OK, USAGE
from headway.control.packages.entries import build_once

HEADWAY = Path(sys.executable).parent / "headway"
_LONG_AGO = time.time() - 30 * 86_400


@pytest.fixture
def headway(tmp_path, monkeypatch):
    """One with a model, two of its environments, two keys and a secret, and with what nobody needs."""
    make_ready_at_once(monkeypatch)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    top = tmp_path / "truss"
    (top / "model").mkdir(parents=True)
    (top / "config.yaml").write_text("model_name: echo", encoding="utf-8")
    (top / "model" / "model.py").write_text("class Model:\n    def predict(self, x): ...\n", encoding="utf-8")
    with Running(tmp_path / "data", inference_url="http://127.0.0.1:9000") as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        assert run("push", top).exit_code == OK
        assert run("promote", "echo", "production", "--environment", "staging", "--no-wait").exit_code == OK
        (top / "other").touch()
        assert run("push", top, "--no-environment", "--no-wait").exit_code == OK
        assert run("secrets", "set", "token", "--value", "hush").exit_code == OK
        monkeypatch.setenv("HEADWAY_API_KEY", run("keys", "create", "--quiet").stdout.strip())
        assert run("keys", "create", "--name", "laptop").exit_code == OK
        entry = tmp_path / "data" / "snapshots" / "old"
        build_once(entry, lambda where: (where / "x").write_text("x") and {}, print)
        os.utime(entry / "manifest.json", (_LONG_AGO, _LONG_AGO))
        yield running


def cases(headway):
    """Commands, what each asks, and what it says when it is done; the model is the last to go."""
    desired = headway.plane.desired_state
    unused = next(one for one in desired.deployments if not desired.environments_at(one))
    [laptop] = [row.prefix for row in headway.plane.credentials.keyring.rows if row.name == "laptop"]
    return [
        (["prune"], "remove it, ", "are freed"),
        (["secrets", "delete", "token"], "delete the secret token?", "is deleted"),
        (["keys", "delete", laptop], "('laptop', good for inference and manage)?", "is deleted"),
        (["delete", "echo", "--environment", "staging"], "delete environment staging of echo?", "is deleted"),
        (["delete", "echo", "--deployment", unused], f"delete deployment {unused} of echo?", "is deleted"),
        (["delete", "echo"], "delete the model echo with all its deployments?", "is deleted"),
    ]


def what_there_is(headway):
    """Of all that the cases delete."""
    plane = headway.plane
    desired = plane.desired_state
    found = {*desired.models, *desired.deployments, *map(str, desired.environments)}
    with contextlib.suppress(FileNotFoundError):
        found |= {one.name for one in plane.credentials.secret_files.directory.iterdir()}
    found |= {one.name for one in (plane.options.data_dir / "snapshots").iterdir()}
    return found | {row.prefix for row in plane.credentials.keyring.rows}


def test_no_leaves_all_as_it_is_and_yes_does_it(headway, tmp_path):
    environment = os.environ | {"HOME": str(tmp_path)}
    for arguments, question, done in cases(headway):
        before = what_there_is(headway)
        for answer, code in (("n", FAILED), ("y", OK)):
            with Terminal([HEADWAY, *arguments], environment, columns=300) as terminal:
                assert question in terminal.until("[y/N]")
                assert what_there_is(headway) == before, "nothing is done before the answer"
                terminal.type(f"{answer}\n")
                lines, ended = terminal.to_the_end()
            assert ended == code, lines
            assert any(done in line for line in lines) is (answer == "y")
            assert answer == "y" or what_there_is(headway) == before
        if arguments != ["delete", "echo"]:  # which goes when its last replica has
            assert what_there_is(headway) != before


def test_without_a_terminal_it_is_refused_in_words_though_standard_input_stays_open(headway):
    before = what_there_is(headway)
    for arguments, question, _ in cases(headway):
        asked = subprocess.Popen(
            [HEADWAY, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with asked:
            assert asked.wait(60) == USAGE
            told = " ".join(asked.stderr.read().split())
        assert question in told
        assert "there is no terminal to ask on, so nothing is done" in told
        assert "--yes answers beforehand" in told
    assert what_there_is(headway) == before


def test_what_is_not_there_is_an_error_before_anything_is_asked(headway):
    for arguments in (
        ["delete", "ecko"],
        ["delete", "echo", "--environment", "stagin"],
        ["secrets", "delete", "tokn"],
        ["keys", "delete", "hw_0"],
    ):
        result = run(*arguments)
        assert (result.exit_code, result.exception.code) == (FAILED, "not_found")
    assert what_there_is(headway)
