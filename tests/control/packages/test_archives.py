import gzip
import io
import os
import tarfile
import tracemalloc
import zipfile

import pytest

from fakes.archives import link, tar, truss_files, zipped
from headway.control.packages import archives
from headway.control.packages.archives import InvalidArchiveError, pack, unpack


@pytest.fixture
def unpacked(tmp_path):
    def run(content):
        archive, directory = tmp_path / "archive", tmp_path / "unpacked"
        archive.write_bytes(content)
        directory.mkdir()
        return unpack(archive, directory)

    return run


def test_what_is_packed_is_unpacked_as_it_was(tmp_path):
    source, archive, target = tmp_path / "source", tmp_path / "a.tar.gz", tmp_path / "target"
    (source / "model").mkdir(parents=True)
    target.mkdir()
    (source / "model" / "model.py").write_text("pass", encoding="utf-8")
    (source / "run.sh").write_text("#!/bin/sh", encoding="utf-8")
    (source / "run.sh").chmod(0o755)
    (tmp_path / "elsewhere").write_text("weights", encoding="utf-8")
    (source / "link").symlink_to(tmp_path / "elsewhere")
    names = ("model/model.py", "run.sh", "link")
    with archive.open("wb") as out:
        pack({name: source / name for name in names}, {"config.yaml": b"model_name: x"}, out)
    assert unpack(archive, target) == target
    assert (target / "link").read_text(encoding="utf-8") == "weights"
    assert not (target / "link").is_symlink()
    assert (target / "model/model.py").read_text(encoding="utf-8") == "pass"
    assert os.access(target / "run.sh", os.X_OK)


@pytest.mark.parametrize("mode", ["w:", "w:gz", "w:bz2", "w:xz"])
def test_every_compression_of_tar_is_read(unpacked, mode):
    assert (unpacked(tar(truss_files(), mode, "top/")) / "config.yaml").is_file()


def test_a_tar_that_ends_with_a_zip_is_a_tar(unpacked):
    """As one with weights of PyTorch or with a wheel does."""
    content = tar({**truss_files(), "z.whl": zipped({"inside": "x"})}, "w:")
    top = unpacked(content)
    assert not (top / "inside").exists()
    assert zipfile.is_zipfile(top / "z.whl")


def test_the_config_at_the_top_counts_whatever_lies_below(unpacked, tmp_path):
    top = unpacked(tar({**truss_files(), "data/config.yaml": "", "tokenizer/config.yaml": ""}))
    assert top == tmp_path / "unpacked"


def test_links_inside_are_kept(unpacked):
    top = unpacked(tar({**truss_files(), "data/m.py": link("data/m.py", "../model/model.py")}))
    assert (top / "data/m.py").resolve() == (top / "model/model.py").resolve()


@pytest.mark.parametrize("name", ["../out", "a/../../out"])
def test_nothing_lands_outside(unpacked, tmp_path, name):
    with pytest.raises(InvalidArchiveError):
        unpacked(tar({**truss_files(), name: "x"}))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", ["../out", "/out", "a/../../out"])
def test_a_zip_loses_what_leads_outside(unpacked, tmp_path, name):
    top = unpacked(zipped({**truss_files(), name: "x"}))
    assert not (tmp_path / "out").exists()
    assert list(top.rglob("out"))


def encrypted():
    content = bytearray(zipped(truss_files()))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            content[start + offset] |= 1
            start = content.find(signature, start + 1)
    return bytes(content)


def spoiled(content):
    middle = len(content) // 2
    return content[:middle] + b"\xff\x00\xff" + content[middle + 3 :]


@pytest.mark.parametrize(
    "content",
    [
        encrypted(),
        spoiled(gzip.compress(os.urandom(1000))),
        spoiled(tar(truss_files(), "w:xz")),
        spoiled(tar(truss_files(), "w:bz2")),
        zipped(truss_files())[:-10],
        tar({"config.yaml": "", "config.yaml/x": ""}),
        zipped({"config.yaml": "", "config.yaml/x": ""}),
    ],
)
def test_what_cannot_be_read_is_told_as_such(unpacked, content):
    with pytest.raises(InvalidArchiveError):
        unpacked(content)


def test_a_header_cannot_ask_for_more_memory_than_there_is(unpacked):
    """A few KiB that unpack to a name of 200 MB."""
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 200_000_000
    content = io.BytesIO()
    with gzip.open(content, "wb", compresslevel=1) as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(200):
            file.write(b"a" * 1_000_000)
    tracemalloc.start()
    with pytest.raises(InvalidArchiveError, match="header"):
        unpacked(content.getvalue())
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


@pytest.mark.parametrize("make", [tar, zipped])
def test_what_is_too_much_is_refused_before_it_is_unpacked(unpacked, tmp_path, monkeypatch, make):
    monkeypatch.setattr(archives, "MOST_BYTES", 1_000_000)
    with pytest.raises(InvalidArchiveError, match="1,000,000 bytes"):
        unpacked(make({"data/zeros": "0" * 1_000_001, **truss_files()}))
    assert not (tmp_path / "unpacked" / "data" / "zeros").exists()
