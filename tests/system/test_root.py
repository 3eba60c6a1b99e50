import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headway.core.wire import READY_DESCRIPTOR
from headway.processes import keeper
from headway.telemetry.bounded_file import last_lines
from headway.telemetry.log_follower import LogFollower
from system.root_program import GATEWAY
from system.serving import descendants

LOG_LIMIT = 1_000_000
LIBRARYS_OWN = 1 << 32 - 1 | 1 << 33 - 1
"""Signals that the C library keeps to itself: who has inherited one as ignored cannot change it."""
WAIT = "import time; time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
)

# Starts processes in every way that leaves a parent's sight; each ignores what it can, and says that it is there.
STARTER = """
import os, signal, subprocess, time
def stay():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
        signal.signal(number, signal.SIG_IGN)
    print(f'stays {os.getpid()}\\n', end='', flush=True)
    time.sleep(600)
def start(*steps):
    if os.fork() == 0:
        for step in steps:
            step()
        stay()
def again():
    os.fork() and os._exit(0)
start()
start(os.setsid)
start(lambda: os.setpgid(0, 0))
start(again)
start(os.setsid, again)
start(again, os.setsid, again)
shell = 'echo stays $$; sleep 600 & echo stays $!; wait'
outer = subprocess.Popen(['nohup', 'sh', '-c', shell], start_new_session=True)
"""
STARTED = 8


def until(condition, seconds=10.0):
    """The first true value of `condition`; fails when there is none in time."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
    return value


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def zombies(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            state, of, *_ = stat.read_text().rpartition(")")[2].split()
            if (state, of) == ("Z", str(pid)):
                found.append(int(stat.parent.name))
    return found


class RunningRoot:
    """A root with stand-ins, and what its control was told."""

    def __init__(self, directory):
        self.directory = directory
        program = Path(__file__).with_name("root_program.py")
        with (directory / "said").open("wb") as said:
            self.process = subprocess.Popen(
                [sys.executable, str(program), str(directory), str(LOG_LIMIT)], stderr=said
            )

    def said(self):
        return (self.directory / "said").read_text()

    def has_begun(self):
        return (self.directory / "orders").exists() and self.told() and self.gateway()

    def told(self, kind=None):
        with contextlib.suppress(FileNotFoundError):
            lines = (self.directory / "told").read_text().splitlines()
            return [one for one in map(json.loads, lines) if kind in {None, one["type"]}]
        return []

    def order(self, **message):
        with (self.directory / "orders").open("w") as orders:
            orders.write(json.dumps(message) + "\n")

    def start(self, name, code=WAIT, generation=1):
        """Start a replica and return its process id."""
        self.order(
            type="start",
            note={"replica_id": name, "generation": generation},
            command=[sys.executable, "-c", code, name],
            environment=dict(os.environ),
            directory=str(self.directory),
            log_path=str(self.directory / f"{name}.log"),
        )
        return until(lambda: self.pid_of(code, name))

    def start_with_strays(self, name, code=WAIT):
        """Start a replica that has started others; its process id, and theirs."""
        pid = self.start(name, STARTER + code)
        return pid, until(lambda: len(found := self.strays_of(name)) == STARTED and found)

    def strays_of(self, name):
        log = self.directory / f"{name}.log"
        said = log.read_text() if log.exists() else ""
        return [int(one) for one in re.findall(r"^stays (\d+)\n", said, re.MULTILINE)]

    def pid_of(self, *words):
        """The one process whose command line ends with `words`, not its keeper."""
        for pid in descendants(self.process.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]
                if "-I" not in command and command[-len(words) :] == list(words):
                    return pid
        return None

    def gateway(self):
        return self.pid_of(GATEWAY)

    def control(self):
        return self.pid_of(str(self.directory))


@pytest.fixture
def root(tmp_path):
    running = RunningRoot(tmp_path)
    try:
        until(running.has_begun)
        yield running
    finally:
        below = descendants(running.process.pid)
        running.process.kill()
        running.process.wait()
    until(lambda: not any(map(is_alive, below)))


def test_kill_9_of_root_leaves_no_process_behind(root):
    pids = [root.gateway(), root.control(), root.start("a"), root.start("b", STUBBORN)]
    assert all(map(is_alive, pids))
    root.process.kill()
    root.process.wait()
    until(lambda: not any(map(is_alive, pids)), seconds=2.0)


def test_a_dead_gateway_is_back_within_a_fifth_of_a_second_and_ends_nothing_else(root):
    replica, control, gateway = root.start("a"), root.control(), root.gateway()
    os.kill(gateway, signal.SIGKILL)
    begun = time.monotonic()
    until(lambda: root.gateway() not in {None, gateway})
    # The 0.2 s of the contract, and as much again for a machine that others use too.
    assert time.monotonic() - begun < 0.4
    assert is_alive(replica)
    assert root.control() == control


def test_a_restarted_control_is_told_of_the_replicas_that_run(root):
    replica, gateway, control = root.start("a", generation=7), root.gateway(), root.control()
    os.kill(control, signal.SIGKILL)
    until(lambda: len(root.told("running")) == 2)
    assert root.told("running")[-1]["replicas"] == [{"replica_id": "a", "generation": 7}]
    assert is_alive(replica)
    assert root.gateway() == gateway
    until(root.control)
    root.order(type="stop", replica_id="a", grace=5.0)
    until(lambda: root.told("exited"))


def test_a_control_that_breaks_the_link_is_replaced(root):
    control = root.control()
    root.order(type="nonsense")
    until(lambda: root.control() not in {None, control})
    assert len(until(lambda: root.told("running")[1:])) == 1


def test_exits_are_reported_with_code_or_signal(root):
    root.start("a", "import time; time.sleep(0.2); exit(70)", generation=3)
    os.kill(root.start("b", generation=4), signal.SIGKILL)
    exits = until(lambda: len(root.told("exited")) == 2 and root.told("exited"))
    by_id = {one["replica_id"]: one for one in exits}
    assert by_id["a"] == {"type": "exited", "replica_id": "a", "generation": 3, "code": 70, "signal": None}
    assert by_id["b"] == {"type": "exited", "replica_id": "b", "generation": 4, "code": None, "signal": 9}


def test_a_command_that_cannot_run_is_an_exit_and_its_log_says_why(root):
    directory = root.directory
    note = {"replica_id": "a", "generation": 1}
    log_path = str(directory / "a.log")
    order = {"type": "start", "note": note, "environment": {}, "log_path": log_path}
    root.order(**order, command=["/no/such/interpreter"], directory=str(directory))
    until(lambda: root.told("exited"))
    assert root.told("exited")[0]["code"] == 127
    assert "cannot start /no/such/interpreter: No such file" in (directory / "a.log").read_text()
    root.order(**order, command=["/bin/true"], directory="/no/such/directory")
    until(lambda: len(root.told("exited")) == 2)
    assert "/no/such/directory" in root.told("exited")[1]["reason"]


def test_a_replica_that_does_not_heed_is_killed_after_its_grace_with_its_own_children(root):
    code = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {WAIT!r}, 'inner'])\n{STUBBORN}"
    replica = root.start("a", code)
    until(lambda: "deaf" in (root.directory / "a.log").read_text())
    inner = int(Path(f"/proc/{replica}/task/{replica}/children").read_text())
    root.order(type="stop", replica_id="a", grace=0.2)
    assert until(lambda: root.told("exited"))[0]["signal"] == 9
    until(lambda: not is_alive(inner))


def test_nothing_that_a_replica_has_started_outlives_it_however_it_ends(root):
    started = {name: root.start_with_strays(name) for name in ("exits", "crashes", "stopped", "orphaned")}
    started["deaf"] = root.start_with_strays("deaf", STUBBORN)
    until(lambda: "deaf" in (root.directory / "deaf.log").read_text())
    os.kill(started["exits"][0], signal.SIGTERM)
    os.kill(started["crashes"][0], signal.SIGKILL)
    os.kill(parent(started["orphaned"][0]), signal.SIGKILL)
    root.order(type="stop", replica_id="stopped", grace=60.0)
    root.order(type="stop", replica_id="deaf", grace=0.2)
    until(lambda: len(root.told("exited")) == len(started))
    signals = {one["replica_id"]: one["signal"] for one in root.told("exited")}
    assert signals == {"exits": 15, "crashes": 9, "stopped": 15, "orphaned": 9, "deaf": 9}
    pids = [one for replica, strays in started.values() for one in (replica, *strays)]
    until(lambda: not any(map(is_alive, pids)), seconds=5.0)
    known = {root.gateway(), root.control()}
    assert {pid for pid, command in descendants(root.process.pid).items() if command != "a keeper"} == known
    assert zombies(root.process.pid) == []


def test_nothing_that_was_started_outlives_a_killed_root(root):
    replica, strays = root.start_with_strays("a")
    root.process.kill()
    root.process.wait()
    until(lambda: not any(map(is_alive, [replica, *strays])), seconds=5.0)


def test_nothing_that_was_started_outlives_a_root_that_is_stopped(root):
    replica, strays = root.start_with_strays("a", STUBBORN)
    root.process.send_signal(signal.SIGTERM)
    assert root.process.wait(timeout=10) == 0
    assert not any(map(is_alive, [replica, *strays]))


def test_an_orphan_of_a_program_that_has_none_of_its_own_is_ended_while_that_one_runs():
    script = "(setsid sleep 600 & echo $!); exec sleep 600"
    with subprocess.Popen(
        keeper.command_line(["/bin/sh", "-c", script], "alone"), stdout=subprocess.PIPE
    ) as kept:
        orphan = int(kept.stdout.readline())
        until(lambda: not is_alive(orphan), seconds=5.0)
        assert kept.poll() is None
        kept.send_signal(signal.SIGTERM)
        assert kept.wait(5) == -signal.SIGTERM


def test_a_replica_has_only_its_own_descriptor_of_roots_and_no_signal_is_blocked_in_it_or_ignored(root):
    begin = f"import os\nos.close(int(os.environ['{READY_DESCRIPTOR}']))\n"
    code = "print(os.listdir('/proc/self/fd'), open('/proc/self/status').read(), 'told', flush=True)\n"
    root.start("a", f"{begin}{code}{WAIT}")
    said = until(lambda: (text := (root.directory / "a.log").read_text()).endswith("told\n") and text)
    assert said.startswith("['0', '1', '2', '3']")  # the last one is the listing itself
    masks = dict(line.split(":\t") for line in said.splitlines() if line.startswith("Sig"))
    python_ignores = 1 << signal.SIGPIPE - 1 | 1 << signal.SIGXFSZ - 1
    inherited = int(masks["SigIgn"], 16) & ~LIBRARYS_OWN
    assert (int(masks["SigBlk"], 16), inherited) == (0, python_ignores)


def test_processes_that_a_replica_has_orphaned_are_reaped_while_it_runs(root):
    code = "import os\nfor _ in range(20): os.fork() or (os.fork(), os._exit(0))\nprint('orphaned', flush=True)\n"
    pid = root.start("a", code + WAIT)
    until(lambda: "orphaned" in (root.directory / "a.log").read_text())
    until(lambda: not zombies(parent(pid)))


def test_a_replica_that_prints_without_end_is_neither_blocked_nor_fills_the_disk(root):
    code = "for n in range(300): print('x' * 1_000_000, flush=True)"
    root.order(
        type="start",
        note={"replica_id": "a", "generation": 1},
        command=[sys.executable, "-c", code],
        environment=dict(os.environ),
        directory=str(root.directory),
        log_path=str(root.directory / "a.log"),
    )
    assert until(lambda: root.told("exited"), seconds=30.0)[0]["code"] == 0
    kept = sum(one.stat().st_blocks * 512 for one in root.directory.glob("a.log*"))
    assert 0 < kept <= 2 * LOG_LIMIT + 8192


def test_no_line_of_a_flood_is_lost_or_left_out_untold_of_while_its_log_is_kept_within_bounds(root):
    log = root.directory / "a.log"
    log.touch()
    shown = []
    follower = LogFollower(
        root.directory, lambda name, line: name == "a" and shown.append(line), most_behind=LOG_LIMIT // 2
    )
    code = (
        "for n in range(200_000): print('line %06d' % n, flush=True)\nprint('in the mid', end='', flush=True)"
    )
    root.order(
        type="start",
        note={"replica_id": "a", "generation": 1},
        command=[sys.executable, "-c", code],
        environment=dict(os.environ),
        directory=str(root.directory),
        log_path=str(log),
    )
    until(lambda: follower.poll() or root.told("exited"), seconds=60.0)
    until(lambda: not follower.poll() and root.told("exited"), seconds=60.0)
    follower.finish()
    assert log.stat().st_blocks * 512 < log.stat().st_size, "it was within its bounds anyway"
    assert shown.pop() == "in the mid"
    expected = 0
    for line in shown:
        if line.startswith("... lines left out: "):
            expected += int(line.split()[4])
        else:
            assert line == f"line {expected:06d}"
            expected += 1
    assert expected == 200_000
    kept = last_lines(log, 200_000)[:-1]
    assert kept == [f"line {number:06d}" for number in range(200_000 - len(kept), 200_000)]
    assert len(kept) * len("line 000000\n") >= 0.9 * LOG_LIMIT


def test_a_signal_stops_gateway_then_the_rest_and_leaves_nothing(root):
    pids = [root.gateway(), root.control(), root.start("a"), root.start("b", STUBBORN)]
    until(lambda: "deaf" in (root.directory / "b.log").read_text())
    root.process.send_signal(signal.SIGTERM)
    assert root.process.wait(timeout=10) == 0
    assert not any(map(is_alive, pids))


def test_a_control_that_ends_over_words_that_it_has_not_read_is_no_error_while_all_ends(root):
    replica, control = root.start("a"), root.control()
    os.kill(root.gateway(), signal.SIGSTOP)  # it drains
    os.kill(control, signal.SIGSTOP)
    os.kill(replica, signal.SIGKILL)  # which root tells control, whose end is then a reset of the link
    until(lambda: not is_alive(replica))
    root.process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    os.kill(control, signal.SIGKILL)
    assert root.process.wait(timeout=20) == 0
    assert root.said() == ""


def test_a_second_signal_stops_at_once(root):
    os.kill(root.gateway(), signal.SIGSTOP)  # a gateway that never ends its drain
    pids = [root.gateway(), root.start("a", STUBBORN)]
    begun = time.monotonic()
    root.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    assert root.process.poll() is None
    root.process.send_signal(signal.SIGINT)
    assert root.process.wait(timeout=10) == 0
    assert time.monotonic() - begun < 1.5
    assert not any(map(is_alive, pids))
