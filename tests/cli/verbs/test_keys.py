"""API keys: through control while it runs, in the database while it does not; and who may listen where."""

import asyncio
import json
import re

import pytest

from backends.contract.fake import FakeBackend
from cli.running import Running, run
from headway.cli.exit_codes import CONFIGURATION, FAILED, NOT_PERMITTED, OK, UNAVAILABLE, USAGE
from headway.control.plane import ControlPlane, MissingKeysError, PlaneOptions
from headway.processes import bootstrap, folders
from headway.processes.listening import RootError, listen

KEY = re.compile(r"hw_[0-9a-f]{8}_[0-9a-f]{40}\n")


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    """Nothing answers where control would."""
    with listen("127.0.0.1", 0) as free:
        monkeypatch.setenv("HEADWAY_CONTROL_PORT", str(free.getsockname()[1]))
    monkeypatch.setenv("HEADWAY_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HEADWAY_RUN_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "data"


def create(*options):
    return run("keys", "create", "--quiet", *options).stdout.strip()


def prefixes():
    return [one["prefix"] for one in json.loads(run("keys", "list", "--json").stdout)["api_keys"]]


@pytest.mark.usefixtures("data_dir")
def test_the_key_alone_is_on_standard_output():
    result = run("keys", "create", "--name", "laptop")
    assert KEY.fullmatch(result.stdout)
    assert "is not shown again" in result.stderr
    quiet = run("keys", "create", "--quiet", "--scope", "inference")
    assert KEY.fullmatch(quiet.stdout)
    assert quiet.stderr == ""
    text = run("keys", "list").stdout
    assert "laptop" in text
    assert result.stdout.strip() not in text


def test_keys_made_while_nothing_runs_are_asked_for_once_it_does(data_dir, monkeypatch):
    key, other = create(), create("--scope", "inference")
    with Running(data_dir) as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        missing = run("list")
        assert missing.exit_code == NOT_PERMITTED
        assert "HEADWAY_API_KEY" in missing.exception.hint
        monkeypatch.setenv("HEADWAY_API_KEY", other)
        narrow = run("list")
        assert narrow.exit_code == NOT_PERMITTED
        assert "HEADWAY_API_KEY" in narrow.exception.hint
        monkeypatch.setenv("HEADWAY_API_KEY", key)
        assert run("list").exit_code == OK


def test_keys_are_made_listed_and_deleted_through_control_while_it_runs(data_dir, monkeypatch):
    with Running(data_dir) as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        key = create()
        monkeypatch.setenv("HEADWAY_API_KEY", key)
        second = create("--name", "second")[:11]
        assert prefixes() == [key[:11], second]
        assert run("keys", "delete", second, "--yes").exit_code == OK
        assert prefixes() == [key[:11]]
        assert run("keys", "delete", second).exit_code == FAILED


def test_the_first_key_may_not_lock_everybody_out(data_dir, monkeypatch):
    with Running(data_dir) as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        refused = run("keys", "create", "--scope", "inference")
        assert (refused.exit_code, refused.exception.code) == (FAILED, "refused")
        assert prefixes() == []


@pytest.mark.usefixtures("data_dir")
def test_keys_are_deleted_while_nothing_runs():
    key = create()
    assert run("keys", "delete", "hw_0").exit_code == FAILED
    assert run("keys", "delete", key[:11], "--yes").exit_code == OK
    assert prefixes() == []
    assert "whoever reaches Headway may do everything" in run("keys", "list").stdout


def test_the_database_is_left_alone_while_a_headway_runs_on_it(data_dir):
    with folders.sole_user_of(data_dir):
        result = run("keys", "create")
    assert isinstance(result.exception, RootError)
    assert "--url" in result.exception.hint
    assert prefixes() == []


def test_a_place_that_is_named_counts_whatever_else_answers(data_dir, monkeypatch, tmp_path):
    with Running(data_dir) as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        run("keys", "create", "--data-dir", tmp_path / "other")
        run("keys", "create", "--database-url", f"sqlite:///{tmp_path / 'other' / 'keys.sqlite'}")
        assert prefixes() == []
    assert (
        len(json.loads(run("keys", "list", "--data-dir", tmp_path / "other", "--json").stdout)["api_keys"])
        == 1
    )
    assert run("keys", "list", "--data-dir", tmp_path, "--url", "http://127.0.0.1:9").exit_code == USAGE


@pytest.mark.usefixtures("data_dir")
@pytest.mark.parametrize("text", ["hw_a\nb", "hw_ä", "hw_ b"])
def test_a_key_that_can_be_none_is_refused_without_being_shown(monkeypatch, text):
    monkeypatch.setenv("HEADWAY_API_KEY", text)
    result = run("list")
    assert result.exit_code == CONFIGURATION
    assert text not in str(result.exception)


@pytest.mark.usefixtures("data_dir")
def test_a_headway_whose_address_was_named_has_to_answer():
    assert run("keys", "create", "--url", "http://127.0.0.1:9").exit_code == UNAVAILABLE
    assert prefixes() == []


@pytest.mark.usefixtures("data_dir")
def test_an_unknown_scope_is_refused():
    result = run("keys", "create", "--scope", "manag")
    assert (result.exit_code, result.exception.hint) == (FAILED, "did you mean manage?")


@pytest.mark.parametrize(
    ("option", "host", "is_open"),
    [
        ("host", "0.0.0.0", True),
        ("control_host", "::", True),
        ("host", "127.0.0.2", False),
        ("control_host", "::1", False),
        ("host", "localhost", False),
    ],
)
def test_without_keys_only_this_machine_may_reach_headway(data_dir, option, host, is_open):
    desired_state = bootstrap.LocalPlatform(data_dir, port=0, control_port=0, **{option: host})
    if not is_open:
        bootstrap.require_place(desired_state)
        return
    with pytest.raises(RootError, match="no API keys yet") as refused:
        bootstrap.require_place(desired_state)
    assert "headway keys create --scope" in refused.value.hint


def test_with_keys_others_may_reach_headway_but_not_what_serve_runs(data_dir, tmp_path):
    create()
    lasting = bootstrap.LocalPlatform(data_dir, port=0, control_port=0, host="0.0.0.0")
    bootstrap.require_place(lasting)
    passing = bootstrap.LocalPlatform(
        data_dir, port=0, control_port=0, host="0.0.0.0", truss_directory=tmp_path
    )
    with pytest.raises(RootError, match="only this machine") as refused:
        bootstrap.require_place(passing)
    assert "headway up" in refused.value.hint


def test_a_database_that_cannot_be_asked_for_keys_opens_nothing(data_dir):
    desired_state = bootstrap.LocalPlatform(
        data_dir, port=0, control_port=0, host="0.0.0.0", database_url="mysql://ada:hush@db/headway"
    )
    with pytest.raises(RootError, match="cannot see whether") as refused:
        bootstrap.require_place(desired_state)
    assert "no database is known by 'mysql'" in refused.value.hint
    assert "hush" not in str(refused.value)


def test_no_gateway_begins_with_a_table_from_before_the_keys(data_dir):
    table = data_dir / "gateway" / "table.json"
    table.parent.mkdir(parents=True)
    for change in (["create"], ["delete", create()[:11], "--yes"]):
        table.write_text('{"keys": {}}', encoding="utf-8")
        assert run("keys", *change).exit_code == OK
        assert not table.exists()
    exposed = bootstrap.LocalPlatform(data_dir, host="0.0.0.0")
    for text, is_kept in (('{"keys": {}}', False), ("[", False), ('{"keys": {"ab12": ["inference"]}}', True)):
        table.write_text(text, encoding="utf-8")
        bootstrap._gateway(exposed, 3, data_dir / "link")
        assert table.exists() is is_kept


def test_control_that_others_reach_does_not_run_without_keys(data_dir):
    options = PlaneOptions(
        data_dir, data_dir / "link", f"sqlite:///{data_dir / 'state.sqlite'}", is_exposed=True
    )
    with pytest.raises(MissingKeysError):
        asyncio.run(ControlPlane.open(options, FakeBackend()))
