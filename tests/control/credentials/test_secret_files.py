import os
import stat

import pytest

from headway.control.credentials.secret_files import InvalidSecretError, SecretFiles, require_name
from headway.control.store.rows import SecretRow


def test_the_folder_holds_what_is_stored_and_nothing_else(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "old").write_text("left behind", encoding="utf-8")
    (folder / ".a.new").write_text("half writ", encoding="utf-8")
    files = SecretFiles(folder, [SecretRow("a", "ä\n", 5.0), SecretRow("b", "", 6.0)])
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {"a": "ä\n", "b": ""}
    assert files.names() == {"a": 5.0, "b": 6.0}


def test_nobody_else_can_read_a_secret_not_even_while_it_is_written(tmp_path):
    previous = os.umask(0)
    try:
        files = SecretFiles(tmp_path / "secrets", [])
        files.write(SecretRow("a", "one", 1.0))
    finally:
        os.umask(previous)
    assert stat.S_IMODE(files.directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((files.directory / "a").stat().st_mode) == 0o600


def test_a_reader_has_the_old_value_or_the_new_one(tmp_path):
    files = SecretFiles(tmp_path, [SecretRow("a", "old", 1.0)])
    with (tmp_path / "a").open(encoding="utf-8") as reader:
        files.write(SecretRow("a", "new and longer", 2.0))
        assert reader.read() == "old"
    assert (tmp_path / "a").read_text(encoding="utf-8") == "new and longer"
    files.remove("a")
    files.remove("a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-a", ".a", "a b", "é", "x" * 129, "a\n"])
def test_a_name_that_is_no_files_name_is_refused(name):
    with pytest.raises(InvalidSecretError):
        require_name(name)


@pytest.mark.parametrize("name", ["a", "HF_TOKEN", "_x", "a.b-c", "x" * 128, "7"])
def test_usual_names_are_taken(name):
    require_name(name)
