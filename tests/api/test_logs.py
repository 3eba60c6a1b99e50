"""Logs are read: what is asked for of them is found, in its order, however much there is."""

import json
import re
import time

from fakes.control_plane import opened
from headway.api import log_lines

ECHO = "/v1/models/echo/deployments"
LOGS = f"{ECHO}/production/logs"
AT = 1_767_348_672.0


def record(message, seconds=0, level="INFO", **fields):
    """A line of a replica's log, so many seconds after AT."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(AT + seconds))
    return json.dumps({"asctime": at, "levelname": level, "message": message, **fields}) + "\n"


def log(world, deployment_id, name, text):
    path = world.plane.options.logs_dir / deployment_id / f"{name}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


async def told(it, **query):
    """Of each line the replica and the message."""
    answer = await it.api.get(LOGS, params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    return [(one["replica"], one["message"]) for one in map(json.loads, answer.text.splitlines())]


async def test_lines_of_all_come_in_the_order_of_their_times(world):
    async with world() as it:
        deployment_id = await it.serving()
        log(it, deployment_id, "echo-1", record("one") + "printed\n" + record("four", 4))
        log(it, deployment_id, "echo-2", record("two", 1) + record("three", 3))
        one, printed, two, three, four = [
            (f"echo-{n}", m) for n, m in ((1, "one"), (1, "printed"), (2, "two"), (2, "three"), (1, "four"))
        ]
        [build] = await told(it, replica="build")
        assert build == ("build", "resolving")
        assert await told(it) == [one, printed, two, three, four, build]
        assert await told(it, tail=2) == [four, build]
        assert await told(it, tail=1, replica="echo-1") == [four]
        assert await told(it, tail=0) == []


async def test_a_line_says_what_it_says_and_stays_as_it_is(world):
    async with world() as it:
        deployment_id = await it.serving()
        line = record("\x1b[31mno", level="ERROR", exc_info="Traceback\n  x", request_id="abc")
        log(it, deployment_id, "echo-1", line + "\x1b[31mé\n")
        answer = await it.api.get(LOGS, params={"replica": "echo-1"})
        first, second = map(json.loads, answer.text.splitlines())
        assert first == {
            "replica": "echo-1",
            "line": line.rstrip("\n"),
            "at": "2026-01-02T10:11:12.000Z",
            "level": "error",
            "message": "no",
            "traceback": "Traceback\n  x",
            "request_id": "abc",
        }
        nothing = dict.fromkeys(("at", "level", "traceback", "request_id"))
        assert second == {"replica": "echo-1", "line": "\x1b[31mé", "message": "é", **nothing}


MATCHES = [
    ({"since": "2026-01-02T10:11:14Z"}, "three printed four"),
    ({"since": str(AT + 2)}, "three printed four"),
    ({"until": "2026-01-02T12:11:14+02:00"}, "one two"),
    ({"since": str(AT + 1), "until": str(AT + 2)}, "two"),
    ({"since": "5m"}, ""),
    ({"until": "5m"}, "one two three printed four"),
    ({"level": "debug"}, "one two three printed four"),
    ({"level": "info"}, "one three printed four"),
    ({"level": "warning"}, "three four"),
    ({"level": "critical"}, ""),
    ({"request_id": "r1"}, "two four"),
    ({"request_id": "theirs"}, "two"),
    ({"request_id": "r"}, ""),
    ({"text": "THREE"}, "three"),
    ({"text": "in the trace"}, "four"),
    ({"text": "größe"}, "three"),
    ({"level": "warning", "tail": 1}, "four"),
    ({"text": "o", "tail": 2}, "two four"),
    ({"text": "", "request_id": ""}, "one two three printed four"),
]


async def test_what_matches_is_told_and_the_newest_of_that(world):
    async with world() as it:
        deployment_id = await it.serving()
        text = (
            record("one")
            + record("two", 1, "DEBUG", request_id="theirs", headway_request_id="r1")
            + record("three", 2, "WARNING", size="größe")
            + "printed\n"
            + record("four", 3, "ERROR", exc_info="in the trace", request_id="r1")
        )
        log(it, deployment_id, "echo-1", text)
        for query, expected in MATCHES:
            messages = [message for _, message in await told(it, replica="echo-1", **query)]
            assert messages == expected.split(), query


async def test_what_no_line_can_match_is_refused_with_the_reason(world):
    async with world() as it:
        await it.serving()
        for query in (
            *("tail=-1", "tail=100001", "tail=x", "follow=perhaps", "level=loud", "since=soon", "until=1w"),
            *("since=", "since=-5", "since=9999999999999999", "text=" + "x" * 2000, "since=1h&until=2h"),
            *("since=5&until=5", "follow=true&until=1h"),
        ):
            error = await it.refused("GET", f"{LOGS}?{query}", 422)
            assert re.search(query.split("=")[0], error["message"] + error["hint"]), query


async def test_a_replica_that_never_was_is_not_found_and_those_that_are_are_named(world):
    async with world() as it:
        deployment_id = await it.serving()
        log(it, deployment_id, "echo-1", "one\n")
        for name in ("echo-9", "../../../etc/passwd", "", "echo-1.log", "*"):
            error = await it.refused("GET", LOGS, 404, params={"replica": name})
            assert repr(name) in error["message"]
            assert error["hint"] == "there are those of build, echo-1"


async def test_a_replica_that_has_not_written_yet_has_an_empty_log(world):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        [replica_id] = await it.until(lambda: it.replicas(deployment_id))
        assert await told(it, replica=replica_id) == []


async def test_a_traceback_that_was_printed_is_one_and_found_as_an_error(world):
    async with world() as it:
        deployment_id = await it.serving()
        lines = ["Traceback (most recent call last):", '  File "x", line 1', "ValueError: no"]
        log(it, deployment_id, "echo-1", record("before") + "\n".join(lines) + "\nafter\n")
        answer = await it.api.get(LOGS, params={"replica": "echo-1", "level": "error", "text": "line 1"})
        [entry] = map(json.loads, answer.text.splitlines())
        assert (entry["level"], entry["message"]) == ("error", "ValueError: no")
        assert entry["line"] == entry["traceback"] == "\n".join(lines)


async def test_followed_logs_go_on_with_what_is_asked_for(world, monkeypatch):
    monkeypatch.setattr(log_lines, "_POLL_EVERY", 0.005)
    async with world() as it:
        deployment_id = await it.serving()
        log(it, deployment_id, "echo-1", record("past") + record("past error", level="ERROR"))
        path = f"{LOGS}?follow=true&tail=5&replica=echo-1&level=error"
        async with opened(it.app, path) as (_, _, pieces):
            assert json.loads(await anext(pieces))["message"] == "past error"
            assert await anext(pieces) == "\n", "the past is told"
            log(it, deployment_id, "echo-1", "ERROR: pres")
            log(it, deployment_id, "echo-2", "ERROR: of another\n")
            log(it, deployment_id, "echo-1", "ent\n" + record("no error"))
            assert json.loads(await anext(pieces))["message"] == "present"


async def test_a_traceback_that_comes_while_one_follows_is_one(world, monkeypatch):
    monkeypatch.setattr(log_lines, "_POLL_EVERY", 0.005)
    async with world() as it:
        deployment_id = await it.serving()
        async with opened(it.app, f"{LOGS}?follow=true&tail=0&since=1s") as (_, _, pieces):
            assert await anext(pieces) == "\n"
            log(it, deployment_id, "echo-1", "Traceback (most recent call last):\n  x\nValueError: no\n")
            assert json.loads(await anext(pieces))["message"] == "ValueError: no"


async def test_who_follows_what_is_still_hears_that_it_is_there(world, monkeypatch):
    monkeypatch.setattr(log_lines, "_POLL_EVERY", 0.001)
    monkeypatch.setattr(log_lines, "_KEEP_ALIVE", 0.002)
    async with world() as it:
        await it.serving()
        async with opened(it.app, f"{LOGS}?follow=true&tail=0") as (_, _, pieces):
            assert [await anext(pieces) for _ in range(3)] == ["\n"] * 3


async def test_what_is_too_much_for_an_answer_is_counted(world, monkeypatch):
    monkeypatch.setattr(log_lines, "_MOST_BYTES", 200_000)
    async with world() as it:
        deployment_id = await it.serving()
        log(it, deployment_id, "echo-1", "".join(f"{number:06d}{'x' * 1000}\n" for number in range(1000)))
        (nobody, note), *lines = await told(it, replica="echo-1", tail=500)
        assert nobody == ""
        assert note == f"... lines left out: {500 - len(lines)} (an answer holds 0 MiB of them at most)"
        assert [int(message[:6]) for _, message in lines] == list(range(1000 - len(lines), 1000))
