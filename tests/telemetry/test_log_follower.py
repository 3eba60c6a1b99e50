import threading

import pytest

from headway.telemetry import bounded_file
from headway.telemetry.bounded_file import BoundedFile
from headway.telemetry.log_follower import LogFollower

LIMIT = 64 * 1024


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Followed:
    """A directory with one log of an earlier run, a follower of it, and the lines that it has shown."""

    def __init__(self, directory, **options):
        (directory / "gateway.log").write_text("from an earlier run\n")
        self.directory, self.shown, self.clock = directory, [], Clock()
        self.follower = LogFollower(
            directory, lambda *one: self.shown.append(one), clock=self.clock, **options
        )

    def append(self, name, data):
        with (self.directory / f"{name}.log").open("ab") as file:
            file.write(data)

    def polled(self):
        self.follower.poll()
        shown, self.shown[:] = list(self.shown), []
        return shown


@pytest.fixture
def followed(tmp_path):
    return Followed(tmp_path)


def test_the_follower_shows_what_is_added_and_new_files_whole(followed):
    followed.append("gateway", b"now\n")
    followed.append("echo-1", b"first\nsecond\n")
    assert followed.polled() == [("echo-1", "first"), ("echo-1", "second"), ("gateway", "now")]
    assert followed.polled() == []


def test_a_line_is_shown_when_it_is_complete(followed):
    followed.append("echo-1", b"loading")
    assert followed.polled() == []
    followed.append("echo-1", b" done\n")
    assert followed.polled() == [("echo-1", "loading done")]


def test_a_line_whose_end_does_not_come_is_shown_after_a_pause(followed):
    followed.append("echo-1", b"Continue? ")
    assert followed.polled() == []
    followed.clock.now = 1.5
    assert followed.polled() == [("echo-1", "Continue? ")]
    assert followed.polled() == []
    followed.append("echo-1", b"yes\n")
    assert followed.polled() == [("echo-1", "yes")]


def test_of_a_file_that_is_gone_nothing_is_kept_and_what_it_ended_with_is_shown(followed):
    followed.append("echo-1", b"dies in the mid")
    assert followed.polled() == []
    (followed.directory / "echo-1.log").unlink()
    assert followed.polled() == [("echo-1", "dies in the mid")]
    assert [path.stem for path in followed.follower.followed] == ["gateway"]
    followed.append("echo-1", b"another\n")
    assert followed.polled() == [("echo-1", "another")]


def test_a_line_that_was_begun_before_is_waited_for_too(tmp_path):
    (tmp_path / "echo-1.log").write_bytes(b"Conti")
    followed = Followed(tmp_path)
    followed.clock.now = 100.0
    assert followed.polled() == []
    followed.append("echo-1", b"nue?\n")
    assert followed.polled() == [("echo-1", "Continue?")]


def test_a_line_that_a_dying_program_has_begun_is_shown_at_the_end(followed):
    followed.append("echo-1", b"dies in the mid")
    followed.follower.finish()
    assert followed.shown == [("echo-1", "dies in the mid")]


def test_each_state_of_a_progress_bar_is_a_line(followed):
    followed.append("echo-1", b"\r 10%\r 50%\r")
    assert followed.polled() == [("echo-1", ""), ("echo-1", " 10%")]
    followed.append("echo-1", b"\ndone\r\nnext\r\n")
    assert [line for _, line in followed.polled()] == [" 50%", "done", "next"]


@pytest.mark.parametrize("character", ["x", "é", "模", "🦉"])
def test_a_line_without_end_is_shown_in_pieces_that_cut_no_character(followed, character):
    text = "a" + character * (600_000 // len(character.encode()))
    followed.append("echo-1", text.encode())
    pieces = [line for _ in range(12) for _, line in followed.polled()]
    followed.append("echo-1", b"!\n")
    pieces += [line for _, line in followed.polled()]
    assert "".join(pieces) == text + "!"
    assert max(map(len, pieces)) <= 256 * 1024


def test_bytes_that_are_no_text_are_shown_as_far_as_they_are(followed):
    followed.append("echo-1", b"caf\xe9\xff \x80" + b"\x80" * 600_000 + b"\n\x00\x00\n")
    lines = [line for _, line in followed.polled() + followed.polled() + followed.polled()]
    assert lines[0].startswith("caf\ufffd\ufffd ")
    assert lines[-1] == "\x00\x00"
    assert sum(map(len, lines)) == 600_009


def test_lines_that_come_faster_than_they_are_shown_are_counted(tmp_path):
    followed = Followed(tmp_path, most_behind=LIMIT)
    followed.append("echo-1", b"".join(b"%07d\n" % number for number in range(1_000_000)))
    [(_, note), *lines] = followed.polled()
    first = int(lines[0][1])
    assert note == f"... lines left out: {first} (they came faster than they are shown)"
    assert [int(line) for _, line in lines] == list(range(first, 1_000_000))


def test_what_is_gone_before_it_was_read_is_told(followed):
    file = BoundedFile(followed.directory / "echo-1.log", LIMIT)
    followed.polled()
    file.write(b"".join(b"%07d\n" % number for number in range(100_000)))
    file.trim()
    (_, note), *lines = followed.polled() + followed.polled()
    assert note.startswith("... lines left out: 0.7 MB (")
    numbers = [int(line) for _, line in lines]
    assert numbers == list(range(numbers[0], 100_000))
    file.close()


def test_the_follower_goes_on_in_a_file_that_was_emptied_and_says_so(followed, monkeypatch):
    monkeypatch.setattr(bounded_file, "_longest", lambda: 2 * LIMIT)
    file = BoundedFile(followed.directory / "echo-1.log", LIMIT)
    file.write(b"one\n")
    assert followed.polled() == [("echo-1", "one")]
    file.write(b"x" * 3 * LIMIT + b"\n")
    file.trim()
    file.write(b"two\n")
    file.close()
    shown = [line for _, line in followed.polled()]
    assert shown[0].endswith("lines may be missing here)")
    assert shown[-1] == "two"


def test_a_file_that_another_has_taken_the_place_of_is_shown_whole(followed):
    followed.append("echo-1", b"one\n" * 10)
    followed.polled()
    new = followed.directory / "new"
    new.write_bytes(b"another\n" * 20)
    new.replace(followed.directory / "echo-1.log")
    assert followed.polled() == [("echo-1", "another")] * 20


def test_the_past_and_what_follows_meet_without_a_hole_or_a_line_twice(tmp_path):
    (tmp_path / "echo-1.log").write_bytes(b"one\ntwo\nthr")
    shown = []
    follower = LogFollower(tmp_path, lambda _, line: shown.append(line))
    with (tmp_path / "echo-1.log").open("ab") as file:
        file.write(b"ee\nfour\n")
    [(path, end)] = follower.past.items()
    follower.poll()
    assert path.read_bytes()[:end] == b"one\ntwo\n"
    assert shown == ["three", "four"]


def test_what_was_written_before_the_end_is_shown_and_a_flood_counted(followed):
    stopped = threading.Event()
    stopped.set()
    followed.append("echo-1", b"line\n" * 400_000 + b"last\n")
    followed.follower.run(stopped)
    lines = [line for _, line in followed.shown]
    assert lines[-1] == "last"
    left_out = int(lines[0].split()[4])
    assert left_out + len(lines) - 1 == 400_001
