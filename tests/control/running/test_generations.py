import errno

import pytest

from fakes.disk import FULL, Disk
from headway.control.running import generations, replaced_file
from headway.control.running.generations import Generations


@pytest.fixture
def clock(monkeypatch):
    """The wall clock, set by `clock(seconds)`."""
    return lambda seconds: monkeypatch.setattr(generations.time, "time", lambda: seconds)


@pytest.fixture
def writes(monkeypatch):
    """What was synced to the disk."""
    synced, fsync = [], replaced_file.os.fsync
    monkeypatch.setattr(replaced_file.os, "fsync", lambda file: synced.append(file) or fsync(file))
    return synced


def test_numbers_rise_over_all_lives_of_control_each_of_which_was_killed(tmp_path, clock):
    clock(1000.0)
    numbers = []
    for taken in (1, 3, 999, 1000, 1001, 2500, 1):
        life = Generations(tmp_path / "generation")
        numbers += [life.next() for _ in range(taken)]
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1_000_000


def test_a_life_that_is_killed_between_reserving_and_using_leaves_numbers_unused_at_worst(tmp_path, clock):
    clock(1000.0)
    first = Generations(tmp_path / "generation").next()
    text = (tmp_path / "generation").read_text()
    assert int(text) >= first, "it is on disk before it is used"
    assert Generations(tmp_path / "generation").next() > int(text)


def test_the_disk_is_written_once_for_many(tmp_path, writes):
    life = Generations(tmp_path / "generation")
    for _ in range(900):
        life.next()
    assert len(writes) == 1


def test_numbers_rise_though_the_clock_is_set_back(tmp_path, clock):
    clock(1000.0)
    before = Generations(tmp_path / "generation").next()
    clock(500.0)
    assert Generations(tmp_path / "generation").next() > before


@pytest.mark.parametrize("lost", ["", "{", "-5", "1e9"])
def test_numbers_rise_though_the_file_was_lost(tmp_path, clock, lost):
    clock(1000.0)
    before = Generations(tmp_path / "generation").next()
    (tmp_path / "generation").write_text(lost)
    clock(1000.1)
    assert Generations(tmp_path / "generation").next() > before


def test_numbers_rise_above_what_is_known_of_otherwise(tmp_path, clock):
    clock(1000.0)
    life = Generations(tmp_path / "generation", above=5_000_000)
    assert life.next() == 5_000_001
    life.rise_above(7_000_000)
    life.rise_above(6_000_000)
    assert life.next() == 7_000_001
    assert Generations(tmp_path / "generation").next() > 7_000_001


@pytest.mark.parametrize("fault", [FULL, errno.EROFS, errno.EIO])
def test_a_disk_that_takes_nothing_holds_no_start_up(tmp_path, monkeypatch, clock, fault):
    clock(1000.0)
    disk = Disk(monkeypatch)
    life = Generations(tmp_path / "generation")
    with disk.failing(fault, tmp_path):
        numbers = [life.next() for _ in range(3)]
    numbers.append(life.next())
    assert int((tmp_path / "generation").read_text()) >= numbers[-1]
    assert numbers == sorted(set(numbers))
    assert [one.name for one in tmp_path.iterdir()] == ["generation"]
