"""What goes along with a Truss that is sent."""

import os
import threading

import pytest

from headway.control.packages.archives import unpack
from headway.control.packages.entries import PreparationError
from headway.control.packages.places import require_within
from headway.control.packages.sending import packed
from headway.model_server.truss.truss_config import InvalidTrussError, read_truss

MODEL = "class Model:\n    def predict(self, x):\n        return x\n"


@pytest.fixture
def sent(tmp_path):
    """The Truss as it arrives, when one with this config.yaml is sent."""

    def run(config):
        top, archive, unpacked = tmp_path / "truss", tmp_path / "archive", tmp_path / "unpacked"
        (top / "model").mkdir(parents=True)
        unpacked.mkdir()
        (top / "model/model.py").write_text(MODEL, encoding="utf-8")
        (top / "config.yaml").write_text(config, encoding="utf-8")
        archive.write_bytes(b"".join(packed(top, print)))
        truss = unpack(archive, unpacked)
        require_within(truss, unpacked)
        return truss

    return run


@pytest.fixture
def outside(tmp_path):
    folder = tmp_path / "outside"
    (folder / "code").mkdir(parents=True)
    (folder / "code/model.py").write_text(MODEL, encoding="utf-8")
    (folder / "words.py").write_text("", encoding="utf-8")
    return folder


def test_folders_that_a_truss_names_elsewhere_go_along(sent, outside):
    truss = sent(
        f"external_package_dirs: [../outside]\ndata_dir: {outside}\nmodel_module_dir: ../outside/code"
    )
    config = read_truss(truss)
    assert (truss / "packages/words.py").is_file()
    assert (truss / "data/words.py").is_file()
    assert config.model_file == truss.resolve() / "model/model.py"
    assert (config.external_package_dirs, config.data_dir) == ((), "data")


def test_files_that_a_truss_names_by_url_go_along_and_are_named_no_more(sent, outside):
    file = (outside / "words.py").as_uri()
    truss = sent(
        "external_data:\n"
        f"  - {{url: '{file}', local_data_path: deep/words.py}}\n"
        "  - {url: 'https://example.com/x', local_data_path: x}\n"
    )
    assert (truss / "data/deep/words.py").is_file()
    assert [one["url"] for one in read_truss(truss).expanded["external_data"]] == ["https://example.com/x"]


def test_weights_of_this_machine_go_along(sent, outside):
    truss = sent(f"weights: [{{source: '{(outside / 'words.py').as_uri()}', mount_location: /app/w}}]")
    assert (truss / "w/words.py").is_file()
    assert read_truss(truss).expanded["weights"] == []


def test_what_needs_no_change_is_sent_as_it_was_written(sent):
    config = "# mine\nmodel_name: echo\n"
    assert (sent(config) / "config.yaml").read_text(encoding="utf-8") == config


@pytest.mark.parametrize("line", ["-r /etc/hostname", "--find-links /srv/wheels"])
def test_requirements_that_cannot_go_along_are_refused_before_anything_is_sent(sent, line):
    with pytest.raises(PreparationError, match="its own files only"):
        sent(f"requirements: ['{line}']")


def test_what_no_disk_has_does_not_go_along(sent):
    with pytest.raises(InvalidTrussError, match="made up by the kernel"):
        sent("data_dir: /proc/self")


@pytest.fixture
def truss(tmp_path):
    top = tmp_path / "truss"
    (top / "model").mkdir(parents=True)
    (top / "model/model.py").write_text(MODEL, encoding="utf-8")
    (top / "config.yaml").write_text("", encoding="utf-8")
    (top / "data").mkdir()
    (top / "data/weights").write_bytes(os.urandom(5_000_000))
    return top


def test_a_truss_is_read_as_it_is_sent_and_what_changes_meanwhile_does_not_end_well(truss):
    pieces = packed(truss, print)
    next(pieces)
    (truss / "model/model.py").write_text(MODEL + "# changed", encoding="utf-8")
    with pytest.raises(PreparationError, match="changed while it was sent"):
        list(pieces)


def test_who_takes_no_more_ends_the_packing(truss):
    before = threading.active_count()
    pieces = packed(truss, print)
    next(pieces)
    pieces.close()
    assert threading.active_count() == before
