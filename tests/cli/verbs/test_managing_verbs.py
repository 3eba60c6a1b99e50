"""The verbs that talk to control, against the real API over a backend in memory."""

import json
import re
import time

import pytest

from cli.running import Running, make_ready_at_once, run
from headway.cli.exit_codes import FAILED, INTERRUPTED, OK, USAGE
from headway.cli.following import Following
from headway.core.settings import DeploymentSettings
from headway.telemetry.instants import instant_text

_MODEL = "class Model:\n    def predict(self, inputs):\n        return inputs\n"


@pytest.fixture
def headway(tmp_path, monkeypatch):
    make_ready_at_once(monkeypatch)
    with Running(tmp_path / "data", inference_url="http://127.0.0.1:9000") as running:
        monkeypatch.setenv("HEADWAY_CONTROL_URL", running.url)
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
        yield running


@pytest.fixture
def truss(tmp_path):
    """Writes a Truss; each call may change it."""

    def write(config="model_name: echo", **files):
        top = tmp_path / "truss"
        (top / "model").mkdir(parents=True, exist_ok=True)
        (top / "config.yaml").write_text(config, encoding="utf-8")
        (top / "model" / "model.py").write_text(_MODEL, encoding="utf-8")
        for name, text in files.items():
            (top / name).write_text(text, encoding="utf-8")
        return top

    return write


def deployments(headway):
    return list(headway.plane.desired_state.deployments.values())


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_push_waits_until_the_model_serves_and_prints_a_ready_curl_line(headway, truss):
    config = "model_name: echo\nmodel_metadata: {example_model_input: {a: 1}}"
    result = run("push", truss(config), "--concurrency-target", 3, "--set", "max_replica=2")
    assert result.exit_code == OK
    assert result.stdout == "curl http://127.0.0.1:9000/models/echo/predict -d '{\"a\": 1}'\n"
    [deployment] = deployments(headway)
    assert (deployment.settings.concurrency_target, deployment.settings.max_replica) == (3, 2)
    assert f"echo: deployment {deployment.deployment_id} serves as production" in result.stderr
    assert [one.state.value for one in headway.plane.supervisor.replicas] == ["ready"]


def test_push_takes_the_current_folder_where_none_is_named(headway, truss, monkeypatch):
    monkeypatch.chdir(truss("requirements: []"))
    assert run("push").exit_code == OK
    [deployment] = deployments(headway)
    assert deployment.model == "truss", "the folder's name"


@pytest.mark.usefixtures("headway")
def test_push_from_beside_the_truss_says_where_it_is(truss, monkeypatch):
    monkeypatch.chdir(truss().parent)
    result = run("push")
    assert result.exit_code == FAILED
    assert "config.yaml cannot be read" in result.exception.message
    assert "truss: name that folder" in result.exception.hint


@pytest.mark.usefixtures("headway")
def test_the_curl_line_goes_where_headway_url_says(truss, monkeypatch):
    monkeypatch.setenv("HEADWAY_URL", "https://models.example/")
    assert run("push", truss()).stdout.startswith("curl https://models.example/models/echo/predict -d")


def test_what_is_pushed_has_the_external_packages_and_not_the_ignored_files(headway, truss, tmp_path):
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "words.py").write_text("", encoding="utf-8")
    top = truss(
        "external_package_dirs: [../shared]",
        **{".truss_ignore": "notes.txt", "notes.txt": "", "kept.txt": ""},
    )
    assert run("push", top, "--name", "other").exit_code == OK
    [deployment] = deployments(headway)
    assert deployment.model == "other"
    assert (deployment.source / "packages" / "words.py").exists()
    assert (deployment.source / "kept.txt").exists()
    assert not (deployment.source / "notes.txt").exists()


@pytest.mark.usefixtures("headway")
def test_a_build_that_fails_is_told_with_its_reason_and_exit_code_1(truss):
    result = run("push", truss(broken=""))
    assert result.exit_code == FAILED
    assert "could not be built: no such package: nonsense" in str(result.exception)
    assert "headway logs echo --deployment" in result.exception.hint


def test_models_whose_names_have_no_latin_letters_do_not_replace_each_other(headway, truss):
    first = run("push", truss("model_name: \u65e5\u672c\u8a9e"))
    second = run("push", truss("model_name: \u4e2d\u6587"))
    assert (first.exit_code, second.exit_code) == (OK, OK)
    assert len({one.model for one in deployments(headway)}) == 2
    assert "choose one with --name" in " ".join(second.stderr.split())
    assert len(headway.plane.desired_state.environments) == 2


def test_who_pushed_a_model_under_its_former_name_is_told_how_to_go_on_with_it(headway, truss):
    run("push", truss("model_name: \u65e5\u672c\u8a9e"), "--name", "model")
    told = run("push", truss("model_name: \u65e5\u672c\u8a9e"))
    assert "push with --name model" in " ".join(told.stderr.split())
    assert len(deployments(headway)) == 2


def test_push_tells_what_will_run_and_which_secret_is_missing_also_when_it_fails(headway, truss):
    config = "model_name: echo\nsecrets: {token: null}\nbuild_commands: [make it]"
    for result in (run("push", truss(config)), run("push", truss(config, broken=""))):
        told = " ".join(result.stderr.split())
        assert "secrets: token has no value here" in told
        assert told.count("build_commands run on this machine as") == 1
        assert "make it" in told
    assert result.exit_code == FAILED
    assert len(deployments(headway)) == 2


def test_a_secret_that_is_set_meanwhile_is_missed_no_more(headway, truss):
    run("push", truss("model_name: echo\nsecrets: {token: null}"))
    run("secrets", "set", "token", input="v")
    [deployment] = json.loads(run("status", "echo", "--json").stdout)["deployments"]
    again = run("push", truss("model_name: echo\nsecrets: {token: null}"))
    assert not any("token" in one for one in deployment["warnings"])
    assert "token" not in again.stderr
    assert len(deployments(headway)) == 1


def test_what_serves_goes_on_when_the_next_push_fails(headway, truss):
    run("push", truss())
    [first] = deployments(headway)
    result = run("push", truss(broken=""))
    assert result.exit_code == FAILED
    assert "no such package: nonsense" in str(result.exception)
    assert headway.plane.desired_state.points_at(("echo", "production")) == first.deployment_id


@pytest.mark.usefixtures("headway")
def test_push_can_take_no_environment_have_a_label_and_not_wait(truss):
    result = run("push", truss(), "--no-environment", "--label", "trial", "--no-wait", "--json")
    content = json.loads(result.stdout)
    assert (content["name"], content["environments"]) == ("trial", [])
    result = run("push", truss(), "--no-environment")
    assert f"/models/echo/deployments/{content['id']}/predict" in result.stdout
    result = run("push", truss(), "--environment", "staging")
    assert "/models/echo/environments/staging/predict" in result.stdout


def test_ctrl_c_while_push_waits_leaves_the_deployment_going_on(headway, truss, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Following, "until_served", interrupted)
    result = run("push", truss())
    assert result.exit_code == INTERRUPTED
    assert "the deployment goes on: headway status echo shows it" in result.stderr
    assert len(deployments(headway)) == 1


def test_push_refuses_what_cannot_be_before_anything_is_sent(headway, truss):
    assert run("push", truss("runtime: {predict_concurrency: 0}")).exit_code == FAILED
    assert run("push", truss(), "--set", "queue_limt=1").exit_code == USAGE
    for name in ("a/b", "a@b", "", "\u65e5", "a b"):
        assert "is no name for a model" in str(run("push", truss(), "--name", name).exception)
    assert run("push", truss(), "--no-environment", "--environment", "a").exit_code == USAGE
    assert deployments(headway) == []


def test_list_and_status_show_models_deployments_and_replicas(headway, truss):
    assert "headway push" in run("list").stdout
    run("push", truss(), "--environment", "staging")
    [deployment] = deployments(headway)
    assert rows(run("list").stdout)[1] == ["echo", "-", "1", "staging", "1/1", "0", "0"]
    assert json.loads(run("list", "--json").stdout)["models"][0]["name"] == "echo"
    table = rows(run("status", "echo").stdout)
    assert table[1][:7] == ["echo", deployment.deployment_id, "staging", "ACTIVE", "1", "1", "1/1"]
    assert table[4][:4] == ["echo", deployment.deployment_id, "echo-1", "ready"]
    state = json.loads(run("status", "--json").stdout)
    assert state["deployments"][0]["replicas"][0]["state"] == "ready"
    result = run("status", "ecco")
    assert result.exit_code == FAILED
    assert result.exception.hint == "did you mean echo?"


@pytest.mark.usefixtures("headway")
def test_status_watches_on_a_terminal_only():
    result = run("status", "--watch")
    assert result.exit_code == FAILED
    assert "needs a terminal" in result.stderr


@pytest.mark.usefixtures("headway")
def test_settings_are_shown_with_what_they_mean(truss):
    run("push", truss())
    text = run("settings", "echo").stdout
    for name in DeploymentSettings.__dataclass_fields__:
        assert f"\n{name} " in text
    assert "time over which load is averaged" in text
    assert json.loads(run("settings", "echo", "--json").stdout)["settings"]["queue_limit"] == 10_000


def test_settings_are_changed_with_visible_warnings(headway, truss):
    run("push", truss("model_name: echo\nruntime: {predict_concurrency: 4}"))
    result = run("settings", "echo", "concurrency_target=2", "max_replica=3")
    assert result.stdout == "concurrency_target 2, max_replica 3: in force, version 2\n"
    assert "warning: concurrency_target 2 is below predict_concurrency 4" in result.stderr
    [deployment] = deployments(headway)
    assert deployment.settings.max_replica == 3


def test_settings_that_changed_meanwhile_or_cannot_be_are_refused(headway, truss):
    run("push", truss())
    assert run("settings", "echo", "queue_limit=5", "--version", 1).exit_code == OK
    stale = run("settings", "echo", "queue_limit=6", "--version", 1)
    assert (stale.exit_code, stale.exception.code) == (FAILED, "stale")
    for wrong in ("queue_limt=1", "queue_limit=-1", "queue_limit"):
        assert run("settings", "echo", wrong).exit_code == USAGE
    [deployment] = deployments(headway)
    assert deployment.settings.queue_limit == 5


def test_promote_moves_an_environment(headway, truss):
    run("push", truss())
    run("push", truss(changed="yes"), "--no-environment")
    _, second = deployments(headway)
    result = run("promote", "echo", second.deployment_id)
    assert result.exit_code == OK
    assert result.stdout == f"production of echo is {second.deployment_id}\n"
    assert headway.plane.desired_state.points_at(("echo", "production")) == second.deployment_id
    assert run("promote", "echo", "production", "--environment", "staging", "--no-wait").exit_code == OK
    assert headway.plane.desired_state.points_at(("echo", "staging")) == second.deployment_id


def test_deployments_are_switched_off_and_on(headway, truss):
    run("push", truss())
    assert "is deactivated" in run("deactivate", "echo").stdout
    assert not deployments(headway)[0].is_active
    assert "INACTIVE" in run("list").stdout
    assert json.loads(run("activate", "echo", "--json").stdout)["is_production"]
    assert deployments(headway)[0].is_active


def test_delete_asks_first_and_deletes_a_part_or_all(headway, truss):
    run("push", truss())
    run("push", truss(changed="yes"), "--no-environment", "--no-wait")
    first, second = deployments(headway)
    assert run("delete", "echo", input="n\n").exit_code == USAGE
    assert headway.plane.desired_state.models
    used = run("delete", "echo", "--deployment", first.deployment_id, "--yes")
    assert (used.exit_code, used.exception.code) == (FAILED, "refused")
    assert run("delete", "echo", "--deployment", second.deployment_id, "--yes").exit_code == OK
    run("promote", "echo", first.deployment_id, "--environment", "staging", "--no-wait")
    assert run("delete", "echo", "--environment", "staging", "-y").exit_code == OK
    assert run("delete", "echo", "--environment", "staging", "--yes").exit_code == FAILED
    assert run("delete", "echo", "--yes").exit_code == OK
    assert headway.plane.desired_state.environments == {}
    assert run("delete", "echo", "--deployment", "a", "--environment", "b").exit_code == USAGE


def test_logs_show_the_last_lines_of_replicas_and_build(headway, truss):
    run("push", truss())
    [deployment] = deployments(headway)
    log = headway.plane.options.logs_dir / deployment.deployment_id / "echo-1.log"
    record = {
        "asctime": "2026-01-01T12:00:00.000Z",
        "levelname": "INFO",
        "message": "[red]loaded",
        "request_id": "r1",
    }
    log.write_text(f"plain\n{json.dumps(record)}\n", encoding="utf-8")
    *echo, build = run("logs", "echo").stdout.splitlines()
    assert re.fullmatch(r"\S+Z {17}build making an environment", build)
    assert echo == [
        f"{'':40}echo-1 plain",
        "2026-01-01T12:00:00.000Z info           echo-1 [red]loaded  request=r1",
    ]
    result = run("logs", "echo", "--replica", "echo-1", "--tail", 1, "--json")
    told = json.loads(result.stdout)
    assert (told["replica"], told["line"]) == ("echo-1", json.dumps(record))
    assert (told["at"], told["level"], told["request_id"]) == ("2026-01-01T12:00:00.000Z", "info", "r1")


def test_logs_show_what_matches(headway, truss):
    run("push", truss())
    [deployment] = deployments(headway)
    log = headway.plane.options.logs_dir / deployment.deployment_id / "echo-1.log"
    now = time.time()
    for number, (level, ago) in enumerate((("INFO", 7200), ("ERROR", 3600), ("WARNING", 60))):
        fields = {"asctime": instant_text(now - ago), "levelname": level, "request_id": f"r{number}"}
        with log.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**fields, "message": f"Line {number}"}) + "\n")

    def shown(*options):
        result = run("logs", "echo", "--replica", "echo-1", *options)
        assert result.exit_code == OK, result.output
        return re.findall(r"Line (\d)", result.stdout)

    assert shown() == ["0", "1", "2"]
    assert shown("--since", "90m") == ["1", "2"]
    assert shown("--since", "90m", "--until", "30m") == ["1"]
    assert shown("--since", instant_text(now - 120)) == ["2"]
    assert shown("--level", "error") == ["1"]
    assert shown("--level", "warning", "--tail", 1) == ["2"]
    assert shown("--request", "r0") == ["0"]
    assert shown("--text", "line 1") == ["1"]


def test_logs_that_cannot_be_are_refused_with_the_reason(headway, truss):
    run("push", truss())
    assert headway.plane.desired_state.deployments
    for wrong in (
        ("--since", "soon"),
        ("--level", "loud"),
        ("--since", "1h", "--until", "2h"),
        ("--follow", "--until", "2h"),
        ("--tail", "-1"),
    ):
        assert run("logs", "echo", *wrong).exit_code == USAGE, wrong
    refused = run("logs", "echo", "--replica", "echo-9")
    assert (refused.exit_code, refused.exception.code) == (FAILED, "not_found")
    assert "'echo-9'" in refused.exception.message
    assert "build" in refused.exception.hint


@pytest.mark.usefixtures("headway")
def test_decisions_are_shown_with_their_reasons(truss):
    run("push", truss())
    [newest, *_] = json.loads(run("decisions", "echo", "--json").stdout)["decisions"]
    assert newest["desired"] == 1
    assert newest["reason"] in run("decisions", "echo", "--limit", 1).stdout


def test_changes_are_shown_with_who_made_them_and_how_rollouts_ended(headway, truss):
    run("push", truss())
    run("settings", "echo", "queue_timeout=5", "retry_on_crash=true")
    run("push", truss("model_name: echo\n# another", **{"notes.txt": ""}))
    first, second = (one.deployment_id for one in deployments(headway))
    told = run("changes", "echo").stdout
    shown = [" ".join(line) for line in rows(told)]
    assert shown[0] == "when who deployment what"
    assert [line.split(" ", 2)[2] for line in shown[1:]] == [
        f"Headway {second} took over production from {first}",
        f"no key {second} pushed for production, where {first} was",
        f"no key {first} retry_on_crash false -> true",
        f"no key {first} queue_timeout 1200 -> 5",
        f"no key {first} pushed for production, where none was",
    ]
    assert len(rows(run("changes", "echo", "--deployment", first, "--limit", 2).stdout)) == 3
    [newest] = json.loads(run("changes", "echo", "--limit", 1, "--json").stdout)["changes"]
    assert (newest["kind"], newest["by"]) == ("takeover", "Headway")
    run("promote", "echo", first)
    assert f"no key {first} rolled production back from {second}" in " ".join(
        run("changes", "echo").stdout.split()
    )
    assert run("changes", "ecco").exit_code == FAILED


@pytest.mark.usefixtures("headway")
def test_advice_is_shown_with_its_arithmetic_and_the_command_that_follows_it(truss):
    run("push", truss(config="model_name: echo\nruntime: {predict_concurrency: 4}"))
    run("settings", "echo", "concurrency_target=2")
    [advice] = json.loads(run("advise", "echo", "--json").stdout)["advice"]
    shown = run("advise", "echo").stdout
    assert advice["title"] in shown
    assert advice["arithmetic"][0] in shown
    assert "headway settings echo concurrency_target=4" in shown
    assert "0 requests finished" in shown
    assert "Not simulated: 0 finished requests" in shown


def test_secrets_are_set_from_anywhere_and_never_shown(headway):
    assert run("secrets", "set", "first", "--value", "hush").exit_code == OK
    assert run("secrets", "set", "second", input="whisper\n").exit_code == OK
    folder = headway.plane.credentials.secret_files.directory
    assert [(folder / name).read_text() for name in ("first", "second")] == ["hush", "whisper"]
    for arguments in (["secrets", "list"], ["secrets", "list", "--json"]):
        text = run(*arguments).stdout
        assert "first" in text
        assert "hush" not in text
    assert run("secrets", "delete", "first", "--yes").exit_code == OK
    assert run("secrets", "delete", "first").exit_code == FAILED
    assert run("secrets", "set", "../first", "--value", "x").exit_code == FAILED
