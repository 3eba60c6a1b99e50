"""What a replica's process says by its exit code before it serves."""

import subprocess
import sys

import pytest

from headway.backends.base import ReplicaExit
from headway.control.running.replica import exit_reason
from headway.core.wire import EXIT_BAD_TRUSS, EXIT_USAGE


def ended(*arguments):
    command = [sys.executable, "-m", "headway.model_server", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def truss(tmp_path):
    (tmp_path / "config.yaml").write_text("model_name: hello\n", encoding="utf-8")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.py").write_text("class Model: ...\n", encoding="utf-8")
    return tmp_path


def test_a_truss_that_is_not_valid_and_a_socket_that_is_refused_are_told_apart(truss):
    refused = ended(truss, "--uds", truss / "no such folder" / "socket")
    assert (refused.returncode, "Cannot listen" in refused.stderr + refused.stdout) == (EXIT_USAGE, True)
    (truss / "config.yaml").write_text("model_name: [", encoding="utf-8")
    invalid = ended(truss, "--uds", truss / "socket")
    assert invalid.returncode == EXIT_BAD_TRUSS


def test_people_are_told_what_the_codes_mean():
    reasons = [exit_reason(ReplicaExit("a", 1, code=code)) for code in (EXIT_USAGE, EXIT_BAD_TRUSS, 3)]
    assert reasons == [
        "the replica could not listen where it was to (exit code 64)",
        "the Truss is not valid (exit code 65)",
        "the process ended (exit code 3)",
    ]
