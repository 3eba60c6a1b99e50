import fcntl
import os
import shutil
import threading

import pytest

from headway.control.packages import entries
from headway.control.packages.entries import PreparationError, build_once, holding, locked_if_free


def test_an_entry_is_built_once_and_a_failed_build_leaves_nothing_built(tmp_path):
    entry, built = tmp_path / "one", []

    def build(where):
        assert not list(where.iterdir())
        (where / "content").touch()
        built.append(where)
        if len(built) == 1:
            raise PreparationError("the first try fails")
        return {"made": "well"}

    with pytest.raises(PreparationError):
        build_once(entry, build, print)
    assert build_once(entry, build, print)
    assert not build_once(entry, build, print)
    assert len(built) == 2


def test_of_two_builders_one_builds_and_the_other_finds_it_built(tmp_path):
    entry, said, waiting = tmp_path / "one", [], threading.Event()
    outcomes = []

    def slow_build(_):
        second.start()
        assert waiting.wait(10)
        return {}

    def note(line):
        said.append(line)
        waiting.set()

    second = threading.Thread(target=lambda: outcomes.append(build_once(entry, pytest.fail, note)))
    assert build_once(entry, slow_build, print)
    second.join(10)
    assert outcomes == [False]
    assert said == ["waiting for another Headway that prepares the same"]


def test_a_lock_that_is_held_for_too_long_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(entries, "LOCK_TIMEOUT", 0.0)
    with (tmp_path / "one.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(PreparationError, match="has held"):
            build_once(tmp_path / "one", pytest.fail, print)


def test_what_is_held_is_not_removed_until_the_end_of_the_block(tmp_path):
    entry = tmp_path / "one"
    with holding():
        build_once(entry, lambda _: {}, print)
        with locked_if_free(entry) as is_held:
            assert not is_held
        assert not build_once(entry, pytest.fail, print), "who else needs it does not wait"
    with locked_if_free(entry) as is_held:
        assert is_held


def test_a_use_is_noted(tmp_path):
    entry = tmp_path / "one"
    build_once(entry, lambda _: {}, print)
    os.utime(entry / "manifest.json", (1.0, 1.0))
    build_once(entry, pytest.fail, print)
    assert (entry / "manifest.json").stat().st_mtime > 1.0


def test_an_entry_that_goes_while_somebody_waits_for_its_lock_is_built_anew(tmp_path):
    entry, waits = tmp_path / "one", threading.Event()
    build_once(entry, lambda _: {}, print)
    built = []
    with locked_if_free(entry) as is_held:
        assert is_held
        second = threading.Thread(
            target=lambda: built.append(build_once(entry, lambda _: {}, lambda _: waits.set()))
        )
        second.start()
        assert waits.wait(10)
        shutil.rmtree(entry)
        (tmp_path / "one.lock").unlink()
    second.join(10)
    assert built == [True]
    assert (entry / "manifest.json").exists()
    assert (tmp_path / "one.lock").exists()
