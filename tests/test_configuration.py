from pathlib import Path

import pytest

from headway.configuration import Configuration, InvalidConfigurationError


def load(tmp_path, text="", **environment):
    (tmp_path / "headway").mkdir(exist_ok=True)
    (tmp_path / "headway" / "config.toml").write_text(text, encoding="utf-8")
    return Configuration.load({"HOME": "/home/ada", "XDG_CONFIG_HOME": str(tmp_path), **environment})


def test_defaults_follow_the_users_base_directories(tmp_path):
    configuration = load(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    assert str(configuration.data_dir) == "/home/ada/.local/state/headway"
    assert configuration.run_dir == tmp_path / "headway"
    assert (configuration.port, configuration.control_port) == (8080, 8081)
    assert configuration.host == configuration.control_host == "127.0.0.1"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path):
    configuration = load(tmp_path, 'port = 9000\nlog_level = "debug"', HEADWAY_PORT="9001")
    assert (configuration.port, configuration.log_level) == (9001, "debug")


def test_a_relative_base_directory_counts_as_unset(tmp_path):
    assert str(load(tmp_path, XDG_STATE_HOME="state").data_dir) == "/home/ada/.local/state/headway"


def test_without_a_runtime_directory_of_our_own_sockets_lie_where_nobody_else_can_write(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("headway.configuration.is_own", lambda directory: directory == Path("/mine"))
    assert load(tmp_path, XDG_RUNTIME_DIR="/mine").run_dir == Path("/mine/headway")
    for environment in (
        {},
        {"XDG_RUNTIME_DIR": "/of-another"},
        {"XDG_RUNTIME_DIR": "relative"},
    ):
        assert str(load(tmp_path, **environment).run_dir) == "/home/ada/.local/state/headway/run"
    long = "/home/" + "x" * 60
    assert str(load(tmp_path, XDG_STATE_HOME=long).run_dir).startswith("/tmp/headway-")


@pytest.mark.parametrize(
    ("text", "environment", "message"),
    [
        ("prot = 1", {}, "did you mean port"),
        ("port = 70000", {}, "70000 is no port"),
        ("keep_requests = -1", {}, "-1 is no number of records, deployments or days"),
        ("", {"HEADWAY_KEEP_DAYS": "-1"}, "-1 is no number of"),
        ("min_free = -1", {}, "min_free is -1"),
        ("port = [", {}, "cannot read"),
        ("idle_timeout = 0", {}, "idle_timeout is 0"),
        ("", {"HEADWAY_IDLE_TIMEOUT": "90000"}, "it lies between 1 and 86,400 seconds"),
        ("", {"HEADWAY_PORT": "http"}, "HEADWAY_PORT is 'http'"),
        ("", {"HEADWAY_LOG_LEVEL": "warn"}, "did you mean warning"),
        ("", {"HEADWAY_LOG_FORMAT": "jsn"}, "did you mean json"),
        ("", {"HEADWAY_RUN_DIR": "/tmp/" + "x" * 80}, "too long for sockets"),
    ],
)
def test_what_cannot_be_is_refused_with_a_hint(tmp_path, text, environment, message):
    with pytest.raises(InvalidConfigurationError) as refused:
        load(tmp_path, text, **environment)
    assert message in str(refused.value)


def test_changes_of_none_leave_a_value_as_it_is(tmp_path):
    configuration = load(tmp_path)
    assert configuration.with_changes(port=1, host=None) == configuration.with_changes(port=1)


def test_directories_are_made_for_this_user_alone(tmp_path):
    configuration = Configuration(data_dir=tmp_path / "data", run_dir=tmp_path / "run")
    configuration.make_directories()
    assert configuration.run_dir.stat().st_mode & 0o777 == 0o700
    configuration.run_dir.chmod(0o777)
    with pytest.raises(InvalidConfigurationError, match="other users"):
        configuration.make_directories()


def test_lists_are_lists_in_the_file_and_have_commas_in_the_environment(tmp_path):
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    assert Configuration.load(environment).allowed_origins == ()
    settings = tmp_path / "headway" / "config.toml"
    settings.parent.mkdir()
    settings.write_text('allowed_origins = ["https://a.example"]\ntrusted_proxies = ["10.0.0.0/8", "::1"]\n')
    configuration = Configuration.load(environment)
    assert configuration.allowed_origins == ("https://a.example",)
    assert configuration.trusted_proxies == ("10.0.0.0/8", "::1")
    environment["HEADWAY_ALLOWED_ORIGINS"] = "https://a.example , http://localhost:3000,"
    assert Configuration.load(environment).allowed_origins == ("https://a.example", "http://localhost:3000")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("allowed_origins = 5", "no list of texts"),
        ("allowed_origins = [5]", "no list of texts"),
        ('allowed_origins = ["a.example"]', "no origin"),
        ('trusted_proxies = ["proxy"]', "no address"),
    ],
)
def test_lists_hold_what_they_should(tmp_path, text, message):
    settings = tmp_path / "headway" / "config.toml"
    settings.parent.mkdir()
    settings.write_text(text)
    with pytest.raises(InvalidConfigurationError, match=message):
        Configuration.load({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)})


def test_what_is_headways_own_is_known_wherever_it_lies(tmp_path):
    environment = {
        "HOME": str(tmp_path),
        "HEADWAY_DATA_DIR": "/srv/data",
        "HEADWAY_RUN_DIR": "/srv/run",
        "HEADWAY_SECRETS_DIR": "/etc/secrets",
        "HEADWAY_DATABASE_URL": "sqlite:////var/lib/state.db",
    }
    configuration = Configuration.load(environment)
    assert set(map(str, configuration.private_places(environment))) == {
        *("/srv/data", "/srv/run", "/etc/secrets", f"{tmp_path}/.config/headway/config.toml"),
        *("/var/lib/state.db", "/var/lib/state.db-wal", "/var/lib/state.db-shm"),
    }
    environment["HEADWAY_DATABASE_URL"] = "postgresql://ada@db/headway"
    assert len(Configuration.load(environment).private_places(environment)) == 4
