import os

import pytest

from headway.control.packages.entries import PreparationError
from headway.control.packages.snapshots import take_snapshot
from headway.model_server.truss.truss_config import read_truss


@pytest.fixture
def truss(tmp_path):
    """Writes files below a Truss; gives a function that takes its snapshot."""
    top = tmp_path / "truss"

    def write(name, text=""):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    write("config.yaml", "model_name: small\n")
    write("model/model.py", "class Model:\n    def predict(self, x):\n        return x\n")

    def take():
        return take_snapshot(read_truss(top), tmp_path / "snapshots", print)

    write.top, write.take = top, take
    return write


def files_of(snapshot):
    top = snapshot.directory
    return {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}


def test_equal_contents_give_one_snapshot_and_others_another(truss):
    first = truss.take()
    assert truss.take() == first
    truss("data/words.txt", "hello")
    second = truss.take()
    assert second.digest != first.digest
    assert files_of(first) == {"config.yaml", "model/model.py"}
    assert files_of(second) == {"config.yaml", "model/model.py", "data/words.txt"}


def test_a_program_keeps_its_right_to_run(truss):
    truss("data/tool.sh", "#!/bin/sh\n").chmod(0o755)
    assert os.access(truss.take().directory / "data/tool.sh", os.X_OK)


def test_ignored_files_stay_behind_and_the_built_in_list_can_be_taken_back(truss):
    truss(".truss_ignore", "*.log\n/notes/\n!venv/\n")
    for name in ("a.log", "model/b.log", "notes/x.md", "model/notes/y.md", ".git/HEAD", "venv/keep"):
        truss(name)
    truss("model/__pycache__/model.cpython-311.pyc")
    assert files_of(truss.take()) == {
        ".truss_ignore",
        "config.yaml",
        "model/model.py",
        "model/notes/y.md",
        "venv/keep",
    }


def test_renamed_folders_and_external_packages_get_the_names_that_a_replica_expects(truss, tmp_path):
    truss(
        "config.yaml",
        "data_dir: assets\nbundled_packages_dir: libs\nexternal_package_dirs: [../shared]\n"
        'resources: {cpu: "2"}\n',
    )
    truss("assets/weights.bin", "w")
    truss("libs/own.py")
    (tmp_path / "shared" / "deep").mkdir(parents=True)
    (tmp_path / "shared" / "deep" / "__init__.py").touch()
    snapshot = truss.take()
    assert files_of(snapshot) == {
        "config.yaml",
        "data/weights.bin",
        "model/model.py",
        "packages/deep/__init__.py",
        "packages/own.py",
    }
    config = read_truss(snapshot.directory)
    assert (config.data_dir, config.bundled_packages_dir, config.external_package_dirs) == (
        "data",
        "packages",
        (),
    )
    assert config.expanded["resources"]["cpu"] == "2"


def test_links_are_followed_but_not_in_circles(truss, tmp_path):
    (tmp_path / "weights.bin").write_text("w", encoding="utf-8")
    (truss.top / "data").mkdir()
    (truss.top / "data" / "weights.bin").symlink_to(tmp_path / "weights.bin")
    (truss.top / "data" / "up").symlink_to(truss.top, target_is_directory=True)
    snapshot = truss.take()
    assert files_of(snapshot) == {"config.yaml", "model/model.py", "data/weights.bin"}
    assert not (snapshot.directory / "data" / "weights.bin").is_symlink()


def test_a_broken_copy_is_made_anew(truss):
    snapshot = truss.take()
    (snapshot.directory.parent / "manifest.json").unlink()
    (snapshot.directory / "left-over").touch()
    assert "left-over" not in files_of(truss.take())


def test_a_truss_that_changes_while_it_is_copied_is_refused(truss, monkeypatch):
    source = truss("data/growing.txt", "one")

    def copy_and_grow(_, target):
        target.touch()
        source.write_text("two", encoding="utf-8")

    monkeypatch.setattr("headway.control.packages.snapshots.shutil.copyfile", copy_and_grow)
    with pytest.raises(PreparationError, match="changed while it was copied"):
        truss.take()


def test_a_truss_that_was_sent_is_taken_over_without_a_copy_and_links_in_it_are_followed(truss, tmp_path):
    weights = truss("data/weights", "w")
    (truss.top / "data/link").symlink_to("weights")
    sent = take_snapshot(read_truss(truss.top), tmp_path / "snapshots", print, is_sent=True)
    assert weights.samefile(sent.directory / "data/weights")
    assert not (sent.directory / "data/link").is_symlink()
    assert (sent.directory / "data/link").read_text(encoding="utf-8") == "w"
    assert truss.take() == sent, "however it came"


def test_where_nothing_can_be_linked_it_is_copied(truss, tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(18, "Invalid cross-device link")

    weights = truss("data/weights", "w")
    monkeypatch.setattr(os, "link", refuse)
    sent = take_snapshot(read_truss(truss.top), tmp_path / "snapshots", print, is_sent=True)
    assert not weights.samefile(sent.directory / "data/weights")
    assert (sent.directory / "data/weights").read_text(encoding="utf-8") == "w"
