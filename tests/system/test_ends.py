"""How `headway serve` and `headway up` end when they are told to: soon, with nothing left behind, and without a word of
complaint in any log.
"""

import contextlib
import os
import re
import signal
import threading
import time
from itertools import cycle, islice
from pathlib import Path

import httpx
import pytest

from system.lasting import Headway
from system.serving import descendants, serving, wait_until

AT_ONCE = 2.0
ENDS = int(os.environ.get("HEADWAY_ENDS", "4"))
"""How often a Headway with everything in it is ended."""

COMPLAINT = re.compile(
    r"Z (error|warning|critical) |\b(ERROR|WARNING|CRITICAL)\b|Traceback|never (awaited|retrieved)|was destroyed"
    r"|Exception (in|ignored)|Error\b"
)

LOADS = {
    "sleeps": "time.sleep(60)",
    "sleeps_in_c_and_lets_nothing_else_run": "ctypes.PyDLL(None).sleep(60)",
    "waits_for_a_child_in_its_own_session": "subprocess.run(['setsid', '--wait', 'nohup', 'sleep', '60'])",
    "hears_no_signals": "signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65)); time.sleep(60)",
}

LOADING = """
import ctypes, signal, subprocess, threading, time

class Model:
    def load(self):
        print("begins to load", flush=True)
        {load}

    def predict(self, value):
        return value
"""

BUSY = """
import asyncio

class Model:
    async def predict(self, value):
        for _ in range(value):
            yield "piece"
            await asyncio.sleep(0.01)
"""


def truss(directory, model, config="model_name: ends\n"):
    (directory / "model").mkdir(parents=True)
    (directory / "config.yaml").write_text(config)
    (directory / "model" / "model.py").write_text(model)
    return directory


def seconds_to_end(process, *numbers):
    """Until it has ended, all its processes have, and it has said so with 0."""
    below = descendants(process.pid)
    began = time.monotonic()
    for number in numbers:
        process.send_signal(number)
    assert process.wait(60) == 0
    seconds = time.monotonic() - began
    left = [pid for pid in below if is_there(pid)]
    assert not left, [below[pid] for pid in left]
    return seconds


def is_there(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def complaints(text, before):
    """Those that came after what had been printed before."""
    return [line for line in text.removeprefix(before).splitlines() if COMPLAINT.search(line)]


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.timeout(120)
def test_a_model_that_loads_does_not_hold_up_the_end(tmp_path, load):
    directory = truss(tmp_path / "ends", LOADING.format(load=LOADS[load]))
    with serving(directory, until="begins to load") as served:
        before = served.printed()
        assert seconds_to_end(served.process, signal.SIGINT) < AT_ONCE
        assert not complaints(served.printed(), before)


@pytest.mark.timeout(120)
def test_requests_that_queue_for_a_model_that_loads_do_not_hold_up_the_end_and_are_answered(tmp_path):
    directory = truss(tmp_path / "ends", LOADING.format(load=LOADS["sleeps"]))
    answers = []

    def ask():
        answers.append(httpx.post(served.model_url, json=1, timeout=60))

    with serving(directory, until="begins to load") as served:
        asking = [threading.Thread(target=ask) for _ in range(3)]
        for one in asking:
            one.start()
        wait_until(lambda: queued(served) == 3, 30, "they queue")
        before = served.printed()
        assert seconds_to_end(served.process, signal.SIGINT) < AT_ONCE
        for one in asking:
            one.join(10)
        assert [one.status_code for one in answers] == [503] * 3
        assert not complaints(served.printed(), before)


def queued(served):
    with contextlib.suppress(httpx.HTTPError):  # the API may not answer yet
        return served.ask("")["queued"]
    return None


SLOW_BUILD = "model_name: ends\nbuild_commands: ['echo builds; exec sleep 60']\n"


@pytest.mark.timeout(120)
def test_a_preparation_does_not_hold_up_the_end(tmp_path):
    headway = Headway(tmp_path)
    directory = truss(tmp_path / "ends", BUSY, SLOW_BUILD)
    with headway.up() as process:
        headway.run("push", directory, "--no-wait")
        output = tmp_path / "output"
        wait_until(lambda: "builds" in output.read_text(), 60, "it is being prepared")
        before = output.read_text()
        assert seconds_to_end(process, signal.SIGINT) < AT_ONCE
        assert not complaints(output.read_text(), before)


@pytest.mark.timeout(120)
def test_ctrl_c_ends_serve_while_it_prepares_the_model(tmp_path):
    headway = Headway(tmp_path)
    directory = truss(tmp_path / "ends", BUSY, SLOW_BUILD)
    output = tmp_path / "output"
    with output.open("wb") as file:
        process = headway.start("serve", directory, stdout=file, stderr=file)
    wait_until(lambda: any("sleep 60" in one for one in descendants(process.pid).values()), 60, "it builds")
    below, began = descendants(process.pid), time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert time.monotonic() - began < AT_ONCE
    assert not any(map(is_there, below))
    assert not complaints(output.read_text(), "")


WAYS = {
    "SIGINT": (signal.SIGINT,),
    "SIGTERM": (signal.SIGTERM,),
    "SIGHUP": (signal.SIGHUP,),
    "Ctrl-C twice": (signal.SIGINT, signal.SIGINT),
}


@pytest.mark.timeout(60 + 30 * ENDS)
@pytest.mark.parametrize("way", list(islice(cycle(WAYS), ENDS)))
def test_an_orderly_end_complains_of_nothing(tmp_path, way):
    directory = truss(tmp_path / "ends", BUSY)
    options = ("--concurrency-target", "2", "--set", "min_replica=1", "--set", "max_replica=3")
    with serving(directory, *options) as served:
        asking = [threading.Thread(target=ask_until_it_ends, args=(served,)) for _ in range(4)]
        with httpx.stream("GET", f"{served.control_url}/v1/events", timeout=60) as live:
            next(live.iter_raw())
            for one in asking:
                one.start()
            wait_until(lambda: served.ask("")["in_flight"] > 0, 10, "it is busy")
            before = served.printed()
            assert seconds_to_end(served.process, *WAYS[way]) < 5
        for one in asking:
            one.join(30)
        assert not complaints(served.printed(), before)


def ask_until_it_ends(served):
    with contextlib.suppress(httpx.HTTPError):
        while True:
            httpx.post(served.model_url, json=20, timeout=30)
