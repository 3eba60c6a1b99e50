"""Files of bounded size, and what their readers see of them while real programs write and trimming goes on."""

import contextlib
import errno
import os
import re
import subprocess
import sys
import threading

import pytest

from headway.telemetry import bounded_file
from headway.telemetry.bounded_file import BoundedFile, begin_of_data, last_lines, older_part
from headway.telemetry.log_follower import LogFollower

LIMIT = 64 * 1024
COUNT = 200_000

BURST = 20_000
BURST_BYTES = BURST * len("line 000000 of the flood\n")

# Writes numbered lines as fast as it can, each in a write of its own as a model's `print` is; each burst at a word.
FLOOD = f"""
import os
for number in range({COUNT}):
    if number % {BURST} == 0:
        os.read(0, 1)
    os.write(1, b'line %06d of the flood\\n' % number)
"""


@pytest.fixture
def bounded(tmp_path):
    file = BoundedFile(tmp_path / "echo-1.log", LIMIT)
    yield file
    file.close()


@pytest.fixture
def without_holes(monkeypatch):
    """A file system that cannot give room back from the middle of a file."""

    def refused(*_):
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(bounded_file, "_give_back", refused)


def allocated(path):
    return path.stat().st_blocks * 512


def numbered(count, start=0):
    return b"".join(b"line %06d\n" % number for number in range(start, start + count))


def test_a_file_within_its_limit_is_left_alone(bounded):
    bounded.write(b"x" * 2 * LIMIT)
    bounded.trim()
    assert bounded.path.read_bytes() == b"x" * 2 * LIMIT


def test_a_file_beyond_its_limit_keeps_its_newest_part_and_the_writer_goes_on(bounded):
    bounded.write(numbered(50_000))
    bounded.trim()
    assert LIMIT <= allocated(bounded.path) <= LIMIT + 8192
    bounded.write(b"after\n")
    lines = last_lines(bounded.path, 100_000)
    assert lines[-1] == "after"
    kept = [int(line.split()[1]) for line in lines[:-1]]
    assert kept == list(range(kept[0], 50_000))
    assert len(kept) >= LIMIT // len(b"line 000000\n")


def test_what_is_kept_stays_bounded_however_often_it_is_trimmed(bounded):
    for start in range(0, 100_000, 1000):
        bounded.write(numbered(1000, start))
        bounded.trim()
        assert allocated(bounded.path) <= 2 * LIMIT + 8192


def test_another_life_of_the_writer_keeps_within_the_limit_too(bounded):
    bounded.write(numbered(50_000))
    bounded.trim()
    again = BoundedFile(bounded.path, LIMIT)
    again.write(numbered(5000))
    again.trim()
    assert allocated(bounded.path) <= 2 * LIMIT + 8192
    assert last_lines(bounded.path, 5001)[0] == "line 049999"
    again.close()


def test_the_next_life_begins_a_line_of_its_own(bounded):
    bounded.write(b"whole\ndied in the mid")
    BoundedFile(bounded.path, LIMIT).close()
    bounded.write(b"next\n")
    assert last_lines(bounded.path, 9) == ["whole", "died in the mid", "next"]


def test_a_deleted_file_is_bounded_all_the_same(bounded):
    bounded.write(b"x" * 5 * LIMIT)
    bounded.path.unlink()
    bounded.trim()
    assert os.fstat(bounded.descriptor).st_blocks * 512 <= LIMIT + 8192


def test_a_writer_that_empties_its_own_file_is_kept_within_the_limit_from_then_on(bounded):
    bounded.write(b"x" * 5 * LIMIT)
    bounded.trim()
    os.truncate(bounded.path, 0)
    bounded.write(numbered(20_000))
    bounded.trim()
    assert LIMIT <= allocated(bounded.path) <= LIMIT + 8192


@pytest.mark.usefixtures("without_holes")
def test_where_holes_cannot_be_made_the_newest_part_goes_aside_and_the_file_says_so(bounded):
    bounded.write(numbered(50_000))
    bounded.trim()
    assert LIMIT - 12 <= older_part(bounded.path).stat().st_size <= LIMIT
    bounded.write(b"after\n")
    *kept, note, after = last_lines(bounded.path, 100_000)
    assert [int(line.split()[1]) for line in kept] == list(range(50_000 - len(kept), 50_000))
    assert "may be missing" in note
    assert after == "after"


@pytest.mark.usefixtures("without_holes")
def test_a_disk_without_room_for_the_older_part_does_not_stop_the_emptying(bounded):
    bounded.write(b"x" * 5 * LIMIT)
    older_part(bounded.path).mkdir()
    bounded.trim()
    assert bounded.path.stat().st_size < 200


@pytest.mark.usefixtures("without_holes")
def test_a_part_of_a_log_that_no_room_was_left_for_takes_none(bounded, monkeypatch):
    bounded.write(b"x" * 5 * LIMIT)
    monkeypatch.setattr(os, "pread", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    bounded.trim()
    assert [one.name for one in bounded.path.parent.iterdir()] == [bounded.path.name]


def test_a_file_as_long_as_a_process_may_make_one_is_begun_anew(bounded, monkeypatch):
    monkeypatch.setattr(bounded_file, "_longest", lambda: 4 * LIMIT)
    bounded.write(numbered(30_000))
    bounded.trim()
    assert bounded.path.stat().st_size < LIMIT
    assert "line 029999" in last_lines(bounded.path, 2)


def test_a_log_that_cannot_be_opened_takes_everything_and_keeps_nothing(tmp_path, caplog):
    (tmp_path / "file").touch()
    file = BoundedFile(tmp_path / "file" / "echo-1.log")
    file.write(b"lost")
    os.write(file.descriptor, b"lost too")
    file.trim()
    file.close()
    assert "is not kept" in caplog.text


def test_a_disk_that_lets_nothing_be_given_back_ends_nothing(bounded, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    bounded.write(b"x" * 5 * LIMIT)
    for patched in ((bounded_file, "_give_back"), (os, "ftruncate"), (os, "fstat")):
        with monkeypatch.context() as patch:
            patch.setattr(bounded_file, "_give_back", broken)
            patch.setattr(*patched, broken)
            bounded.trim()


@pytest.mark.parametrize(
    ("written", "lines"),
    [
        (b"a\r\nb\rc\n\nd", ["a", "b", "c", "", "d"]),
        (b"caf\xe9 \xff\n\x00\n", ["caf\ufffd \ufffd", "\x00"]),
        ("x\u2028y\u0085z\n".encode(), ["x\u2028y\u0085z"]),
        (b"", []),
    ],
)
def test_lines_of_the_past_are_what_was_written(bounded, written, lines):
    bounded.write(written)
    assert last_lines(bounded.path, 9) == lines


def test_what_is_written_while_the_end_is_looked_for_is_no_hole(bounded, monkeypatch):
    bounded.write(b"old\n")
    lseek = os.lseek

    def and_then_it_grows(*where):
        try:
            return lseek(*where)
        finally:
            bounded.write(b"new\n")

    monkeypatch.setattr(os, "lseek", and_then_it_grows)
    assert begin_of_data(bounded.descriptor, 4) == 4


# A real child that floods its log while it is trimmed, and who reads along.


class Flood:
    """A child that prints `COUNT` numbered lines into a file that is trimmed as fast as can be."""

    def __init__(self, path, limit):
        self.file = BoundedFile(path, limit)
        self.trims = 0
        self._is_over = threading.Event()
        self._trimming = threading.Thread(target=self._trim)

    def __enter__(self):
        self.child = subprocess.Popen(
            [sys.executable, "-c", FLOOD], stdin=subprocess.PIPE, stdout=self.file.descriptor
        )
        self._trimming.start()
        return self

    def go_on(self, bursts=COUNT // BURST):
        self.child.stdin.write(b"." * bursts)
        self.child.stdin.flush()

    def _trim(self):
        while not self._is_over.wait(0.001):
            before = allocated(self.file.path)
            self.file.trim()
            self.trims += allocated(self.file.path) < before

    def has_ended(self):
        return self.child.poll() is not None

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait(60)
        self._is_over.set()
        self._trimming.join()
        self.file.close()


def accounted(shown):
    """Numbers of the lines that were shown, and of those that were left out, checked against each other."""
    expected = left_out = 0
    for line in shown:
        if number := re.fullmatch(r"line (\d{6}) of the flood", line):
            assert int(number[1]) == expected, (
                f"a hole that nobody was told of, or a line shown twice: {line}"
            )
            expected += 1
        else:
            told = re.match(r"\.\.\. lines left out: (\d+) \(", line)
            assert told, line
            left_out += int(told[1])
            expected += int(told[1])
    assert expected == COUNT
    return COUNT - left_out, left_out


def test_a_follower_sees_every_line_of_a_flood_through_all_rotations(tmp_path):
    shown = []
    follower = LogFollower(tmp_path, lambda _, line: shown.append(line), most_behind=1 << 30)
    with Flood(tmp_path / "echo-1.log", BURST_BYTES + 8192) as flood:
        for burst in range(COUNT // BURST):
            flood.go_on(1)
            while len(shown) < BURST * (burst + 1):
                follower.poll()
    assert flood.trims >= 2
    seen, left_out = accounted(shown)
    assert (seen, left_out) == (COUNT, 0)


def test_a_follower_that_is_slow_says_exactly_how_many_lines_it_left_out(tmp_path):
    shown, slow = [], threading.Event()
    follower = LogFollower(tmp_path, lambda _, line: shown.append(line), most_behind=512 * 1024)
    with Flood(tmp_path / "echo-1.log", 16 << 20) as flood:
        flood.go_on()
        while not flood.has_ended():
            follower.poll()
            slow.wait(0.2)
        follower.finish()
    seen, left_out = accounted(shown)
    assert seen > 0
    assert left_out > 0


def test_what_is_kept_of_a_flood_has_no_hole(tmp_path):
    with Flood(tmp_path / "echo-1.log", 256 * 1024) as flood:
        flood.go_on()
        while not flood.has_ended():
            with contextlib.suppress(IndexError):
                lines = last_lines(flood.file.path, 1000)
                numbers = [int(one.split()[1]) for one in lines[:-1]]
                assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    numbers = [int(one.split()[1]) for one in last_lines(flood.file.path, COUNT)]
    assert numbers == list(range(numbers[0], COUNT))
    assert len(numbers) * 25 >= 256 * 1024
