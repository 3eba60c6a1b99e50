import json
import os
from pathlib import Path

import pytest

from headway.telemetry import bounded_file
from headway.telemetry.bounded_file import BoundedFile, older_part
from headway.telemetry.log_levels import Level
from headway.telemetry.log_reader import LogReader
from headway.telemetry.log_search import LogFilter, newest

LIMIT = 64 * 1024
MANY = 1024 * 1024 * 1024


def line(number, level="INFO"):
    at = f"2026-01-02T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000Z"
    return json.dumps({"asctime": at, "levelname": level, "message": f"{number:06d}"}) + "\n"


def drained(steps):
    """What was found, and in how many steps."""
    count = 0
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value, count
        count += 1


def found_in(path, most=10, most_bytes=MANY, before=None, **wanted):
    found, _ = drained(newest(path, LogFilter(**wanted), most, most_bytes=most_bytes, before=before))
    return [entry.message for entry in found.entries]


@pytest.fixture
def log(tmp_path):
    """80,000 lines, seven megabytes."""
    path = tmp_path / "echo-1.log"
    path.write_text(
        "".join(line(number, "ERROR" if number % 20_000 == 7 else "INFO") for number in range(80_000))
    )
    return path


def test_the_newest_are_found_without_reading_the_rest(log):
    found, steps = drained(newest(log, LogFilter(), 100, most_bytes=MANY))
    assert [int(entry.message) for entry in found.entries] == list(range(79_900, 80_000))
    assert steps == 1


def test_what_is_rare_is_found_however_far_back_it_is(log):
    assert found_in(log, level=Level.ERROR) == ["000007", "020007", "040007", "060007"]
    assert found_in(log, most=2, level=Level.ERROR) == ["040007", "060007"]
    assert found_in(log, text="000000") == ["000000"]


def test_nothing_is_read_that_was_written_before_the_window(log):
    since = 1_767_312_000.0 + 79_990
    found, steps = drained(newest(log, LogFilter(since=since), 1000, most_bytes=MANY))
    assert [int(entry.message) for entry in found.entries] == list(range(79_990, 80_000))
    assert steps == 1
    os.utime(log, (since - 1, since - 1))
    assert drained(newest(log, LogFilter(since=since), 1000, most_bytes=MANY))[1] == 0


def test_what_is_kept_in_memory_is_bounded_by_bytes_too(log):
    found, _ = drained(newest(log, LogFilter(), 1000, most_bytes=100_000))
    assert [int(entry.message) for entry in found.entries] == list(range(80_000 - len(found.entries), 80_000))
    assert 0 < len(found.entries) < 1000
    assert len(found.entries) + found.left_out == 1000


def test_lines_of_prints_alone_are_found_as_they_are(tmp_path):
    path = tmp_path / "echo-1.log"
    path.write_text("".join(f"{number:06d} printed\n" for number in range(30_000)) + "begun only")
    assert found_in(path, most=2) == ["029999 printed", "begun only"]
    assert found_in(path, most=2, text="000000") == ["000000 printed"]
    assert found_in(path, most=2, since=5.0) == ["029999 printed", "begun only"], "nobody knows when it was"


def test_a_very_long_line_comes_in_pieces(tmp_path):
    path = tmp_path / "echo-1.log"
    path.write_text("before\n" + "x" * 3_000_000 + "\n" + line(1))
    *pieces, last = found_in(path, most=1000)
    assert last == "000001"
    assert "".join(pieces) == "before" + "x" * 3_000_000
    assert max(map(len, pieces)) <= 256 * 1024


def test_a_file_with_a_hole_is_read_from_its_end(tmp_path):
    file = BoundedFile(tmp_path / "echo-1.log", LIMIT)
    for number in range(20_000):
        file.write(line(number).encode())
        if number % 500 == 0:
            file.trim()
    file.close()
    numbers = [int(message) for message in found_in(file.path, most=100_000)]
    assert numbers == list(range(numbers[0], 20_000))
    assert 500 < len(numbers) < 5000


def test_the_older_part_of_a_file_that_was_begun_anew_is_read_before_it(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_file, "_longest", lambda: 2 * LIMIT)
    file = BoundedFile(tmp_path / "echo-1.log", LIMIT)
    for number in range(3000):
        file.write(line(number).encode())
        file.trim()
    file.close()
    assert older_part(file.path).exists()
    messages = found_in(file.path, most=100_000)
    assert any("begun anew" in one for one in messages)
    numbers = [int(one) for one in messages if one.isdigit()]
    assert numbers == list(range(numbers[0], 3000))


@pytest.mark.parametrize(
    "wanted",
    [
        *(LogFilter(level=level) for level in Level),
        *(
            LogFilter(text=text)
            for text in ("model.py", "INTERNAL", 'File "model', "green", "模型", "two", "in milliseconds")
        ),
        *(LogFilter(until=1_767_348_672.345 + more) for more in (-1.0, -0.0001, 0.0, 0.0004, 0.001, 1.0)),
        *(LogFilter(request_id=name) for name in ("abc1", "b1", "none")),
    ],
    ids=str,
)
def test_nothing_is_skipped_that_is_wanted(wanted):
    cases = json.loads((Path(__file__).parent / "log_cases.json").read_text(encoding="utf-8"))
    lines = [line for case in cases for line in case["lines"]]
    taken = lambda reader: [one.line for one in (*reader.read(lines), *reader.end()) if wanted.takes(one)]  # noqa: E731
    assert taken(LogReader(may_skip=wanted.skipped())) == taken(LogReader())


def test_what_was_skipped_tells_its_time(tmp_path):
    path = tmp_path / "echo-1.log"
    path.write_text(line(1) + "printed\n" + line(5) + "printed later\n")
    assert found_in(path, text="printed", since=1_767_312_003.0) == ["printed later"]


def test_nothing_after_the_place_is_found(tmp_path):
    path = tmp_path / "echo-1.log"
    path.write_text(line(1) + line(2))
    assert found_in(path, before=len(line(1))) == ["000001"]
    assert found_in(path, before=0) == []


def test_a_file_that_is_gone_has_nothing(tmp_path):
    assert found_in(tmp_path / "gone.log") == []
    assert found_in(tmp_path / "gone.log", most=0) == []
