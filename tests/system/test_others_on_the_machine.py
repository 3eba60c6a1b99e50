"""A lasting Headway on a machine with others: who cleans up its run directory, and a second user."""

import ctypes
import os
import shutil
import socket
import threading
from pathlib import Path

import httpx
import pytest

from system.lasting import Headway
from system.serving import descendants, share_environments, wait_until

ECHO = Path(__file__).parents[2] / "examples" / "echo"
NOBODY = 65_534


def as_nobody(call):
    """`call` in a thread whose file system user is nobody: so are its sockets and what it may open."""

    def run():
        libc = ctypes.CDLL(None)
        libc.setfsgid(NOBODY)
        libc.setfsuid(NOBODY)
        try:
            outcome.append(call())
        except OSError as error:
            outcome.append(error)

    outcome = []
    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return outcome[0]


def connected(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
    return path


def reached_by_nobody(directory):
    """Files of which somebody else can read a byte, and sockets that he can connect with."""
    found = []
    for path in directory.rglob("*"):
        if path.is_socket():
            found.append(as_nobody(lambda path=path: connected(path)))
        elif path.is_file():
            found.append(as_nobody(lambda path=path: path.open("rb").read(1) and path))
        else:
            found.append(as_nobody(lambda path=path: [*path.iterdir()] and path))
    assert found
    return [one for one in found if isinstance(one, Path)]


@pytest.mark.timeout(400)
def test_a_removed_run_directory_is_made_again_and_a_second_user_reaches_nothing(tmp_path):
    headway, run = Headway(tmp_path), tmp_path / "run"
    share_environments(tmp_path / "data")
    (tmp_path / "data").chmod(0o755)
    with headway.up() as up:
        headway.run("push", ECHO)
        url = f"http://127.0.0.1:{headway.control_port}/v1/secrets"
        httpx.post(url, json={"name": "key", "value": "secret"}).raise_for_status()
        assert headway.predict() == {"a": 1}
        control = [one for one, command in descendants(up.pid).items() if "-m headway.api " in command]

        shutil.rmtree(run)
        wait_until(lambda: list(run.glob("*/link")), 30, "control listens again")
        wait_until(lambda: list(run.glob("*/secrets/key")), 30, "secrets are written again")
        assert headway.predict() == {"a": 1}
        assert wait_until(lambda: list(run.glob("*/*/http")), 60, "another replica has sockets")
        assert headway.predict() == {"a": 1}
        assert run.stat().st_mode & 0o777 == 0o700
        assert control == [
            one for one, command in descendants(up.pid).items() if "-m headway.api " in command
        ]

        if os.geteuid() == 0:
            tmp_path.chmod(0o755)
            tmp_path.parent.chmod(0o755)
            tmp_path.parent.parent.chmod(0o755)
            assert reached_by_nobody(run) == []
            assert reached_by_nobody(tmp_path / "data") == []
            assert as_nobody(lambda: httpx.get(url).status_code) == 403
            assert as_nobody(lambda: httpx.post(url, json={"name": "a", "value": "b"}).status_code) == 403


@pytest.mark.timeout(200)
def test_up_ends_when_its_run_directory_is_gone_for_good(tmp_path):
    headway, run = Headway(tmp_path), tmp_path / "run"
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = headway.start("up", stdout=file, stderr=file)
    wait_until(lambda: list(run.glob("*/link")), 60, "control listens")
    shutil.rmtree(run)
    run.touch()
    assert process.wait(90) == 1
    assert "the folder of Headway's sockets is lost, and cannot be made again" in output.read_text()
