"""What lines say and which belong together; console/tests/logs.test.ts reads the same cases."""

import json
import time
from pathlib import Path

import pytest

from headway.telemetry.log_levels import Level, level_of
from headway.telemetry.log_reader import LogReader

CASES = json.loads((Path(__file__).parent / "log_cases.json").read_text(encoding="utf-8"))


def entries(lines, **options):
    reader = LogReader(**options)
    return [*reader.read(lines), *reader.end()]


@pytest.mark.parametrize("case", CASES, ids=lambda one: one["name"])
def test_what_a_line_says_and_what_belongs_to_it(case):
    nothing = {"at": None, "level": None, "traceback": None, "request_id": None}
    read = [one.to_json("echo-1") for one in entries(case["lines"])]
    for entry, expected in zip(read, case["entries"], strict=True):
        line = entry.pop("line")
        assert entry == {"replica": "echo-1", **nothing, **expected}
        assert set(line.split("\n")) <= set(case["lines"])
    assert (
        "\n".join(case["lines"]).count("\n")
        == sum(one.line.count("\n") for one in entries(case["lines"])) + len(read) - 1
    )


@pytest.mark.parametrize(
    "line",
    ['{"a":' + "[" * 100_000, '{"time": 1e999, "message": "m"}', '{"time": "x", "msg": "m"}', "9" * 500],
)
def test_strange_lines_end_nothing(line):
    [entry] = entries([line])
    assert entry.line == line
    assert entry.at is None


def test_a_line_without_a_time_is_known_to_be_not_older_than_the_last_that_has_one():
    read = entries(["one", "2026-01-02T10:11:12.000Z two", "three"], known_at=5.0)
    assert [one.known_at for one in read] == [5.0, 1767348672.0, 1767348672.0]
    assert [one.at for one in read] == [None, 1767348672.0, None]


def test_an_entry_does_not_grow_for_ever():
    lines = ["Traceback (most recent call last):", *["  File x"] * 10_000]
    read = entries(lines)
    assert max(one.line.count("\n") for one in read) < 2000
    assert "\n".join(one.line for one in read) == "\n".join(lines)


def test_a_time_without_a_zone_is_this_machines(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    [entry] = entries(["2026-01-02 10:11:12,345 INFO here"])
    monkeypatch.undo()
    time.tzset()
    assert entry.to_json("m")["at"] == "2026-01-02T01:11:12.345Z"


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (" Warn ", Level.WARNING),
        (35, Level.WARNING),
        (5, Level.DEBUG),
        (True, None),
        ("loud", None),
        (None, None),
    ],
)
def test_a_level_has_many_names(value, level):
    assert level_of(value) == level
