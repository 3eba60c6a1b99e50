"""Entries that nobody refers to, and their removal beside whoever builds and refers."""

import json
import os
import shutil
import threading

import pytest

from headway.control.packages import leftovers
from headway.control.packages.entries import build_once, holding
from headway.control.packages.leftovers import (
    entries_of,
    is_free,
    referred_to,
    remove,
    size_of,
    sweep,
    unused_since,
)


def build(data_dir, kind, name, **manifest):
    entry = data_dir / kind / name

    def fill(where):
        (where / "content").write_text("x" * 5000, encoding="utf-8")
        return manifest

    build_once(entry, fill, print)
    return entry


def nobody(_):
    return False


def test_what_a_deployment_refers_to_has_what_that_needs(tmp_path):
    download = build(tmp_path, "downloads", "d")
    other = build(tmp_path, "downloads", "other")
    snapshot = build(tmp_path, "snapshots", "s", links={"data/x": str(download / "content")})
    environment = build(tmp_path, "environments", "e", snapshot="s")
    interpreter = environment / "venv" / "bin" / "python"
    found = referred_to(tmp_path, [interpreter, tmp_path / "elsewhere", download.parent])
    assert found == {environment, snapshot, download}
    assert other not in found


def test_paths_through_a_link_to_the_data_directory_count(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "data")
    snapshot = build(tmp_path / "data", "snapshots", "s")
    assert referred_to(tmp_path / "link", [snapshot / "truss"]) == {tmp_path / "link" / "snapshots" / "s"}


def test_a_manifest_that_cannot_be_read_needs_nothing(tmp_path):
    snapshot = build(tmp_path, "snapshots", "s")
    (snapshot / "manifest.json").write_text("{", encoding="utf-8")
    assert referred_to(tmp_path, [snapshot]) == {snapshot}


def test_an_entry_is_removed_with_its_lock_unless_it_is_used(tmp_path):
    entry = build(tmp_path, "snapshots", "s")
    assert not remove(entry, lambda one: one == entry)
    assert remove(entry, nobody)
    assert list(entry.parent.iterdir()) == []
    assert unused_since(entry) == 0.0


def test_what_somebody_is_about_to_refer_to_is_not_removed(tmp_path):
    with holding():
        entry = build(tmp_path, "snapshots", "s")
        assert not is_free(entry)
        assert not remove(entry, nobody)
    assert remove(entry, nobody)


def test_builders_and_removers_at_the_same_time_never_see_half_of_it(tmp_path):
    entry, broken = tmp_path / "snapshots" / "s", []

    def use():
        for _ in range(50):
            with holding():
                build(tmp_path, "snapshots", "s")
                if len((entry / "content").read_bytes()) != 5000:
                    broken.append(entry)

    users = [threading.Thread(target=use) for _ in range(3)]
    for one in users:
        one.start()
    while any(one.is_alive() for one in users):
        if entry.is_dir():
            remove(entry, nobody)
    for one in users:
        one.join(30)
    assert broken == []


def test_what_a_killed_removal_left_is_no_entry_and_goes_with_the_next(tmp_path, monkeypatch):
    entry = build(tmp_path, "snapshots", "s")
    (entry / "closed").mkdir(mode=0o500)

    def killed(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(leftovers, "discard", killed)
        with pytest.raises(KeyboardInterrupt):
            remove(entry, nobody)
    assert list(entries_of(tmp_path, "snapshots")) == []
    assert len(list(entry.parent.iterdir())) == 1
    assert build(tmp_path, "snapshots", "s") == entry, "it can be made anew meanwhile"
    sweep(entry.parent)
    assert {path.name for path in entry.parent.iterdir()} == {"s", "s.lock"}


def test_locks_of_what_is_not_there_go(tmp_path):
    entry = build(tmp_path, "snapshots", "s")
    (entry.parent / "gone.lock").touch()
    sweep(entry.parent)
    assert {path.name for path in entry.parent.iterdir()} == {"s", "s.lock"}


def test_a_folder_that_others_may_share_is_left_alone(tmp_path):
    build(tmp_path / "other", "environments", "e")
    (tmp_path / "environments").symlink_to(tmp_path / "other" / "environments")
    assert list(entries_of(tmp_path, "environments")) == []
    assert json.loads((tmp_path / "environments" / "e" / "manifest.json").read_bytes()) == {}


def test_a_size_counts_each_file_once_follows_no_link_and_survives_what_goes_meanwhile(tmp_path, monkeypatch):
    entry = build(tmp_path, "snapshots", "s")
    before = size_of(entry)
    (entry / "again").hardlink_to(entry / "content")
    (entry / "link").symlink_to("/usr")
    assert before <= size_of(entry) < before + 8192
    assert before >= 5000
    walk = os.walk

    def walk_while_it_goes(top):
        for found in walk(top):
            shutil.rmtree(entry, ignore_errors=True)
            yield found

    monkeypatch.setattr(os, "walk", walk_while_it_goes)
    assert size_of(entry) < before
