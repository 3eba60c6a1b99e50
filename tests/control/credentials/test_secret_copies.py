import pytest

from headway.control.credentials.secret_copies import SecretCopies


@pytest.fixture
def secrets(tmp_path):
    directory = tmp_path / "secrets"
    directory.mkdir()
    (directory / "mine").write_bytes(b"mine 1")
    (directory / "other").write_bytes(b"other 1")
    (directory / "empty").touch()
    return directory


def test_a_deployment_has_files_of_its_own_for_the_declared_secrets_that_have_a_value(
    secrets, tmp_path, monkeypatch
):
    monkeypatch.setenv("TRUSS_SECRET_told", "by a variable")
    monkeypatch.setenv("TRUSS_SECRET_mine", "the file wins")
    copies = SecretCopies(secrets, tmp_path / "copies")
    folder = copies.of("d1", ["mine", "told", "empty", "unset", "../secrets/other"])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "mine": b"mine 1",
        "told": b"by a variable",
    }
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o400, 0o400]
    assert not [path for path in folder.iterdir() if path.is_symlink()]
    assert list(copies.of("d2", []).iterdir()) == []
    copies.forget("d1")
    assert not folder.exists()


def test_copies_follow_what_is_changed_set_later_and_removed_also_after_control_has_begun_anew(
    secrets, tmp_path
):
    folder = SecretCopies(secrets, tmp_path / "copies").of("d1", ["mine", "later"])
    copies = SecretCopies(secrets, tmp_path / "copies")
    (secrets / "new").write_bytes(b"mine 2")
    (secrets / "new").replace(secrets / "mine")
    (secrets / "later").write_bytes(b"at last")
    copies.refresh()
    assert (folder / "mine").read_bytes() == b"mine 2"
    assert (folder / "later").read_bytes() == b"at last"
    before = (folder / "later").stat().st_ino
    (secrets / "mine").unlink()
    copies.refresh()
    assert [path.name for path in folder.iterdir()] == ["later"]
    assert (folder / "later").stat().st_ino == before, "what is as it was is not written again"
    copies.forget("d1")
    copies.refresh()
    assert not folder.exists()
