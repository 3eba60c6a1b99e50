"""Where a secret's value comes from, and what reading a missing one does."""

import pytest

from headway.model_server.truss.secrets import SecretNotFound, Secrets


def test_later_sources_win(tmp_path, monkeypatch):
    secrets = Secrets({"key": "from config"}, tmp_path)
    assert secrets["key"] == "from config"

    monkeypatch.setenv("TRUSS_SECRET_key", "from environment")
    assert secrets["key"] == "from environment"

    (tmp_path / "key").write_text("from file\n")
    assert secrets["key"] == "from file\n"


def test_a_rotated_secret_is_seen(tmp_path):
    secrets = Secrets({"key": None}, tmp_path)
    for value in ("old", "new"):
        (tmp_path / "key").write_text(value)
        assert secrets["key"] == value


@pytest.mark.parametrize("declared", [{}, {"key": None}, {"key": ""}])
def test_a_secret_without_a_value_is_missing_like_any_key(tmp_path, declared):
    secrets = Secrets(declared, tmp_path)

    with pytest.raises(SecretNotFound, match="secret 'key'"):
        secrets["key"]
    assert secrets.get("key", "default") == "default"
    assert "key" not in secrets


def test_an_undeclared_secret_is_missing_although_it_has_a_file(tmp_path):
    (tmp_path / "other").write_text("x")

    assert Secrets({}, tmp_path).get("other") is None


def test_a_name_cannot_leave_the_folder(tmp_path):
    assert Secrets({"key": "x"}, tmp_path).get("../etc/passwd") is None


def test_secrets_are_counted_and_not_listed(tmp_path):
    secrets = Secrets({"a": "hidden", "b": None}, tmp_path)

    assert len(secrets) == 2
    assert "hidden" not in repr(secrets)
    with pytest.raises(NotImplementedError):
        list(secrets)


def test_secrets_cannot_be_written(tmp_path):
    with pytest.raises(TypeError):
        Secrets({"a": "x"}, tmp_path)["a"] = "y"
