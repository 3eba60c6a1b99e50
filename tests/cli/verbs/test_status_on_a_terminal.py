"""What list and status draw on a terminal, as a person sees it at 80 columns."""

import json
import queue
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cli.terminal import Terminal, plain

HEADWAY = Path(sys.executable).parent / "headway"
LONG = "receipts-of-the-long-winter-with-a-name-of-exactly-sixty-four-ch"
REASON = "ValueError: the weights cannot be read, " * 20
SATURATION = {
    "code": "slots_full",
    "level": "wait",
    "text": "all 12 slots of 3 replicas are taken, and max_replica is 3",
    "advice": "raise max_replica, or the concurrency target if predict is idle meanwhile",
    "setting": "max_replica",
    "see": "settings",
    "wait_seconds": 12.0,
    "wait": "who comes now waits about 12 s",
}


def replica(name, held=0, state="ready", restarts=0, last_exit=""):
    return {
        "id": name,
        "generation": 1,
        "state": state,
        "since": "2026-01-01T12:00:00+00:00",
        "restarts": restarts,
        "last_exit": last_exit,
        "held": held,
        "gpus": [],
    }


def deployment(model, deployment_id, replicas=(), **changes):
    usual = {
        "id": deployment_id,
        "model_name": model,
        "environments": ["production"],
        "status": "ACTIVE",
        "reason": "",
        "preparation": None,
        "saturation": None,
        "requests_per_second": 0.0,
        "p95_seconds": None,
        "concurrency_target": 4,
        "predict_concurrency": 2,
        "ready_replicas": len(replicas),
        "desired_replicas": len(replicas),
        "desired_reason": "min_replica is 1",
        "queued": 0,
        "in_flight": sum(one["held"] for one in replicas),
        "replicas": list(replicas),
    }
    return usual | changes


BUSY = deployment(
    "hello",
    "1a2b3c4d",
    [
        replica("hello-1", 4),
        replica("hello-2", 1),
        replica("hello-3", 0, "starting", 3, "killed by signal 9: out of memory, most likely, says its log"),
    ],
    queued=12,
    requests_per_second=1234.56,
    p95_seconds=0.8123,
    saturation=SATURATION,
)
FAILED = deployment(
    LONG,
    "abcdef0123456789",
    [replica(f"{LONG}-1", 1), replica(f"{LONG}-2", 0, "unhealthy")],
    status="FAILED",
    reason=REASON,
    environments=["production", "a-long-environment-in-the-middle-of-europe", "another-long-environment"],
)
MANY = deployment(
    "many",
    "00000000",
    [
        *(replica(f"many-{number}", number % 3) for number in range(1, 40)),
        replica("many-40", 0, "unhealthy"),
    ],
    concurrency_target=2,
)


def state(*deployments):
    return {"models": [{"name": one["model_name"]} for one in deployments], "deployments": list(deployments)}


MODELS = [
    {
        "name": one["model_name"],
        "deployments_count": 1,
        **{
            name: one[name]
            for name in (
                *("status", "environments", "reason", "saturation"),
                *("ready_replicas", "desired_replicas", "queued", "in_flight"),
            )
        },
    }
    for one in (BUSY, FAILED, MANY)
]


class Control(BaseHTTPRequestHandler):
    """The states that are put into `states`, as events."""

    states: queue.SimpleQueue = queue.SimpleQueue()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        if self.path == "/v1/models":
            self.wfile.write(json.dumps({"models": MODELS}).encode())
            return
        while (shown := self.states.get(timeout=30)) is not None:
            self.wfile.write(f"data: {json.dumps(shown)}\n\n".encode())

    def log_message(self, *_): ...


@pytest.fixture
def control(tmp_path):
    """The states to show, and the environment of a command that asks for them."""
    Control.states = queue.SimpleQueue()
    with ThreadingHTTPServer(("127.0.0.1", 0), Control) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        environment = {
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "TERM": "xterm",
            "LANG": "C.UTF-8",
            "HEADWAY_CONTROL_URL": f"http://127.0.0.1:{server.server_port}",
        }
        yield Control.states, environment
        Control.states.put(None)
        server.shutdown()
        thread.join(10)


def drawn(control, *arguments, columns=80, shown=None):
    states, environment = control
    if shown is not None:
        states.put(shown)
        states.put(None)
    with Terminal([HEADWAY, *arguments], environment, columns=columns) as terminal:
        lines, code = terminal.to_the_end()
    assert code == 0, lines
    return [line.rstrip() for line in lines]


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
def test_no_line_is_longer_than_the_terminal_and_no_name_is_cut(control, columns):
    lines = drawn(control, "status", columns=columns, shown=state(BUSY, FAILED, MANY))
    assert max(map(len, lines)) <= columns or columns == 60, "a replica's id may be longer than 60"
    words = set(" ".join(lines).replace(",", " ").replace(";", " ").split())
    ids = {one["id"] for made in (BUSY, FAILED, MANY) for one in (made, *made["replicas"])}
    if columns > 60:
        assert (ids | {LONG, *FAILED["environments"]}) <= words


def test_at_80_columns_a_deployment_shows_its_load_its_rate_and_its_latency(control):
    lines = drawn(control, "status", shown=state(BUSY, MANY))
    head, name, row, facts, *_ = lines
    assert head.split() == ["deployment", "status", "replicas", "queued", "in", "flight", "p95", "requests/s"]
    assert name == "hello"
    assert row.split() == ["1a2b3c4d", "ACTIVE", "3/3", "12", "5", "812", "ms", "1,234.6"]
    assert facts == "    production; target 4, predict 2"


def test_a_wide_terminal_shows_more_in_columns(control):
    head, _, row, *_ = drawn(control, "status", columns=120, shown=state(BUSY))
    assert head.split()[-3:] == ["target", "predict", "environments"]
    assert row.split()[-3:] == ["4", "2", "production"]


def test_what_has_no_column_is_told_below(control):
    told = " ".join(drawn(control, "status", columns=60, shown=state(BUSY)))
    told = " ".join(told.split())
    assert "p95 812 ms, requests/s 1,234.6, target 4, predict 2" in told


def test_each_replica_has_a_bar_of_its_slots(control):
    lines = drawn(control, "status", shown=state(BUSY))
    bars = [line.split()[:4] for line in lines if line.strip().startswith("hello-")]
    assert bars == [
        ["hello-1", "████", "4/4", "ready"],
        ["hello-2", "█░░░", "1/4", "ready"],
        ["hello-3", "░░░░", "0/4", "starting"],
    ]
    told = " ".join(" ".join(lines).split())
    assert "3 restarts, last exit: killed by signal 9: out of memory, most likely, says its log" in told


def test_why_requests_wait_is_told_whole_and_a_long_reason_in_some_lines(control):
    lines = drawn(control, "status", shown=state(BUSY, FAILED))
    told = " ".join(" ".join(lines).split())
    assert f"{SATURATION['text']}; {SATURATION['wait']} advice: {SATURATION['advice']}" in told
    reasons = [line for line in lines if "weights" in line]
    assert 2 <= len(reasons) <= 4
    assert reasons[-1].endswith(" ...")


def test_list_has_a_line_for_each_model_and_two_where_names_are_long(control):
    lines = drawn(control, "list", columns=200)
    assert lines[0].split()[:2] == ["model", "status"]
    assert lines[1].split() == ["hello", "ACTIVE", "3/3", "12", "5", "1", "production"]
    lines = drawn(control, "list")
    assert max(map(len, lines)) <= 80
    assert [lines[1], lines[2].split()[:2]] == ["hello", ["ACTIVE", "3/3"]]
    assert LONG in lines
    assert "waits about 12 s" in " ".join(lines)
    assert "weights" in " ".join(lines)


def test_watch_shows_what_changes_within_the_height_of_the_terminal(control):
    states, environment = control
    states.put(state(BUSY, FAILED, MANY))
    with Terminal([HEADWAY, "status", "--watch"], environment, columns=80, lines=24) as terminal:
        first = plain(terminal.until("slots taken"))
        assert "40 replicas: 39 ready, 1 unhealthy; 39 of 80 slots taken" not in first
        rest = dict(BUSY, queued=0, saturation=None, requests_per_second=0.5)
        terminal.told = ""
        states.put(state(rest))
        second = plain(terminal.until("0.5"))
        assert "812 ms" in second
        assert "max_replica is 3" not in second
        terminal.type("\x03")
        terminal.until("\x1b[?1049l")


def test_where_replicas_have_no_room_those_that_are_not_well_are_shown_first(control):
    states, environment = control
    states.put(state(MANY))
    with Terminal([HEADWAY, "status", "--watch"], environment, columns=80, lines=14) as terminal:
        shown = plain(terminal.until("slots taken"))
    assert "many-40" in shown
    assert "unhealthy" in shown
    assert "many-1 " in shown
    assert "32 more replicas: 32 ready" in shown


def test_a_terminal_too_low_for_all_deployments_says_what_is_left_out(control):
    states, environment = control
    states.put(state(*(dict(BUSY, id=f"{number:08}", model_name=f"m{number}") for number in range(20))))
    with Terminal([HEADWAY, "status", "--watch"], environment, columns=80, lines=12) as terminal:
        shown = plain(terminal.until("shows one alone"))
    assert "more: status MODEL shows one alone" in shown


def test_reasons_get_shorter_before_a_replica_is_left_out(control):
    states, environment = control
    states.put(state(FAILED, BUSY))
    with Terminal([HEADWAY, "status", "--watch"], environment, columns=80, lines=22) as terminal:
        shown = plain(terminal.until("hello-3"))
    for told in (f"{LONG}-2", "hello-1", "hello-2", SATURATION["text"]):
        assert told in shown
    assert sum("weights" in line for line in shown.splitlines()) == 1, "of its reason a line"
