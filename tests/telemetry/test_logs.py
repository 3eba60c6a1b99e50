import json
import logging
import os

import pytest

from headway.telemetry.logs import BoundedFile, LogFollower, configure_logging, rotated_path


@pytest.fixture
def own_logging():
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def bounded(tmp_path):
    file = BoundedFile(tmp_path / "echo-1.log", limit_bytes=1000)
    yield file
    file.close()


def test_a_file_within_its_limit_is_left_alone(bounded):
    os.write(bounded.descriptor, b"x" * 1000)
    bounded.trim()
    assert bounded.path.stat().st_size == 1000
    assert not rotated_path(bounded.path).exists()


def test_a_file_beyond_its_limit_keeps_its_newest_part_aside_and_the_writer_goes_on(bounded):
    os.write(bounded.descriptor, b"old" + b"x" * 5000 + b"new")
    bounded.trim()
    kept = rotated_path(bounded.path).read_bytes()
    assert len(kept) == 1000
    assert kept.endswith(b"xnew")
    os.write(bounded.descriptor, b"after")
    assert bounded.path.read_bytes() == b"after"


def test_a_deleted_file_is_bounded_all_the_same(bounded):
    os.write(bounded.descriptor, b"x" * 5000)
    bounded.path.unlink()
    bounded.trim()
    assert os.fstat(bounded.descriptor).st_size == 0


def test_a_disk_without_room_for_the_older_part_does_not_stop_the_emptying(bounded):
    os.write(bounded.descriptor, b"x" * 5000)
    rotated_path(bounded.path).mkdir()
    bounded.trim()
    assert bounded.path.stat().st_size == 0


@pytest.fixture
def followed(tmp_path):
    (tmp_path / "gateway.log").write_text("from an earlier run\n")
    shown = []
    return tmp_path, LogFollower(tmp_path, lambda name, line: shown.append((name, line))), shown


def append(path, text):
    with path.open("a") as file:
        file.write(text)


def test_the_follower_shows_what_is_added_and_new_files_whole(followed):
    directory, follower, shown = followed
    append(directory / "gateway.log", "now\n")
    append(directory / "echo-1.log", "first\nsecond\n")
    follower.poll()
    follower.poll()
    assert shown == [("echo-1", "first"), ("echo-1", "second"), ("gateway", "now")]


def test_a_line_is_shown_when_it_is_complete(followed):
    directory, follower, shown = followed
    append(directory / "echo-1.log", "loading")
    follower.poll()
    assert shown == []
    append(directory / "echo-1.log", " done\n")
    follower.poll()
    assert shown == [("echo-1", "loading done")]


def test_a_line_without_end_is_shown_in_pieces(followed):
    directory, follower, shown = followed
    append(directory / "echo-1.log", "x" * 20_000)
    follower.poll()
    assert shown == [("echo-1", "x" * 20_000)]


def test_the_follower_goes_on_after_a_rotation_and_says_so(followed):
    directory, follower, shown = followed
    file = BoundedFile(directory / "echo-1.log", limit_bytes=10)
    os.write(file.descriptor, b"one\n")
    follower.poll()
    os.write(file.descriptor, b"two, which is too long\n")
    file.trim()
    os.write(file.descriptor, b"three, longer than anything before\n")
    file.close()
    follower.poll()
    rotated = "... (the log file was rotated; lines may be missing here)"
    assert [line for _, line in shown] == ["one", rotated, "three, longer than anything before"]


@pytest.mark.usefixtures("own_logging")
def test_json_lines_carry_the_extra_fields_and_the_exception(capsys):
    configure_logging("control", as_json=True)
    error = ValueError("no")
    logging.getLogger("headway").error("it %s", "broke", extra={"replica": "echo-1"}, exc_info=error)
    record = json.loads(capsys.readouterr().err)
    assert record["message"] == "it broke"
    assert (record["process"], record["level"], record["replica"]) == ("control", "error", "echo-1")
    assert "ValueError: no" in record["exception"]


@pytest.mark.usefixtures("own_logging")
def test_plain_lines_are_for_people(capsys):
    configure_logging("root")
    logging.getLogger("headway").info("replica ordered", extra={"replica": "echo-1"})
    assert capsys.readouterr().err.endswith(" info root: replica ordered replica=echo-1\n")


def test_a_log_that_cannot_be_opened_takes_everything_and_keeps_nothing(tmp_path, caplog):
    (tmp_path / "file").touch()
    file = BoundedFile(tmp_path / "file" / "echo-1.log")
    file.write(b"lost")
    os.write(file.descriptor, b"lost too")
    file.trim()
    file.close()
    assert "is not kept" in caplog.text


def test_a_disk_that_lets_nothing_be_emptied_ends_nothing(bounded, monkeypatch):
    def broken(*_):
        raise OSError(5, "Input/output error")

    bounded.write(b"x" * 5000)
    for call in ("ftruncate", "fstat"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, broken)
            bounded.trim()


def test_a_part_of_a_log_that_no_room_was_left_for_takes_none(bounded, monkeypatch):
    bounded.write(b"x" * 5000)
    monkeypatch.setattr(os, "pread", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    bounded.trim()
    assert [one.name for one in bounded.path.parent.iterdir()] == [bounded.path.name]
