"""check and the secrets that are stored in a running Headway."""

import json
import socket

import pytest

from cli.running import Running, run

CONFIG = "secrets: {stored: null, missing: null, own: a value}\n"
MISSING = "has no value here"


@pytest.fixture
def truss(tmp_path):
    directory = tmp_path / "truss"
    (directory / "model").mkdir(parents=True)
    (directory / "config.yaml").write_text(CONFIG)
    (directory / "model" / "model.py").write_text(
        "class Model:\n    def predict(self, inputs):\n        return inputs\n"
    )
    return directory


def checked(truss, url):
    result = run("check", truss, "--json", "--url", url)
    return [one["message"] for one in json.loads(result.stdout)["findings"]]


def about(name, told):
    return [one for one in told if f"secrets: {name} " in one]


def test_it_says_which_secrets_are_missing_in_the_headway_that_runs(tmp_path, truss):
    with Running(tmp_path / "data") as it:
        run("secrets", "set", "stored", "--value", "x", "--url", it.url)
        told = checked(truss, it.url)
        assert about("stored", told) == about("own", told) == []
        assert MISSING in about("missing", told)[0]
        assert not any("was asked" in one for one in told)


def test_it_says_that_nobody_could_be_asked(truss):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    told = checked(truss, url)
    assert MISSING in about("stored", told)[0]
    [note] = [one for one in told if "was asked" in one]
    assert f"nothing answers at {url}" in note


def test_it_says_that_it_may_not_ask(tmp_path, truss):
    with Running(tmp_path / "data") as it:
        run("keys", "create", "--scope", "manage", "--url", it.url)
        [note] = [one for one in checked(truss, it.url) if "was asked" in one]
        assert "API key" in note


def test_who_keeps_secrets_in_a_folder_is_told_so(tmp_path, truss):
    (tmp_path / "secrets").mkdir()
    with Running(tmp_path / "data", secrets_dir=tmp_path / "secrets") as it:
        [note] = [one for one in checked(truss, it.url) if "was asked" in one]
        assert "a folder" in note


def test_nobody_is_asked_about_a_truss_without_secrets(truss):
    (truss / "config.yaml").write_text("secrets: {own: a value}\n")
    assert not any("was asked" in one for one in checked(truss, "http://127.0.0.1:1"))
