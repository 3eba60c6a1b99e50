"""predict against a small server, serve and up against a platform that only notes what it is told."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.running import run
from headway.cli.addresses import beside
from headway.cli.exit_codes import FAILED, NOT_PERMITTED, OK, UNAVAILABLE, USAGE
from headway.cli.setting_values import parse_settings
from headway.cli.verbs.predict import waterfall
from headway.control.packages import environments
from headway.core.errors import InvalidSettingError
from headway.processes import bootstrap, folders
from headway.processes.listening import RootError, listen

KEYLESS = {"error": {"code": "key_missing", "message": "this gateway asks for an API key", "hint": ""}}


PREDICTS = [
    f"/models/{place}/predict"
    for place in ("echo", "guarded", "echo/deployments/d1", "echo/environments/staging")
]


class Echo(BaseHTTPRequestHandler):
    """Answers a predict with its body; the model `missing` is unknown."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/models/guarded/predict" and self.headers["authorization"] != "Bearer hw_key":
            self.send_response(401)
            self.end_headers()
            self.wfile.write(json.dumps(KEYLESS).encode())
            return
        is_known = self.path in PREDICTS
        self.send_response(200 if is_known else 404)
        self.send_header("content-type", self.headers["content-type"])
        self.send_header("server-timing", "pre;dur=30.0, predict;dur=60, queue;dur=10")
        self.end_headers()
        self.wfile.write(body if is_known else b'{"error": {"code": "unknown_model"}}')

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_): ...


@pytest.fixture(scope="module")
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


def test_predict_sends_json_from_wherever_it_comes(url, tmp_path):
    (tmp_path / "input.json").write_text('{"from": "file"}', encoding="utf-8")
    for arguments, given, expected in [
        (["--input", '{"from": "option"}'], None, "option"),
        (["--file", tmp_path / "input.json"], None, "file"),
        ([], '{"from": "pipe"}', "pipe"),
    ]:
        result = run("predict", "echo", "--url", url, *arguments, input=given)
        assert (result.exit_code, json.loads(result.stdout)) == (OK, {"from": expected})


def test_predict_sends_a_binary_file_as_it_is(url, tmp_path):
    (tmp_path / "input.msgpack").write_bytes(b"\x81\xa1a\x01")
    result = run("predict", "echo", "--url", url, "--file", tmp_path / "input.msgpack")
    assert result.stdout_bytes == b"\x81\xa1a\x01"


def test_an_answer_that_is_an_error_goes_to_standard_error_with_exit_code_1(url):
    result = run("predict", "missing", "--url", url, "--input", "{}")
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert "unknown_model" in result.stderr


def test_timing_draws_each_stage_where_the_one_before_ended(url):
    result = run("predict", "echo", "--url", url, "--input", "{}", "--timing")
    lines = result.stderr.splitlines()
    assert [line.split()[0] for line in lines] == ["queue", "preprocess", "predict"]
    assert [line.count("█") for line in lines] == [4, 12, 24]
    assert lines[2].index("█") == lines[1].rindex("█") + 1
    assert lines[2].endswith("60.0 ms")


def test_a_header_without_times_is_said_to_have_none():
    assert waterfall("cache;desc=hit") == waterfall("") == "the answer tells no times"


def test_predict_reaches_a_deployment_or_an_environment(url):
    for option in (["--deployment", "d1"], ["--environment", "staging"]):
        assert run("predict", "echo", "--url", url, "--input", "{}", *option).exit_code == OK
    both = run("predict", "echo", "--url", url, "--input", "{}", "--deployment", "a", "--environment", "b")
    assert both.exit_code == USAGE


def test_predict_shows_the_key_of_the_environment(url):
    arguments = "predict", "guarded", "--url", url, "--input", "{}"
    assert run(*arguments, env={"HEADWAY_API_KEY": "hw_key"}).exit_code == OK
    refused = run(*arguments)
    assert (refused.exit_code, refused.exception.message) == (
        NOT_PERMITTED,
        "this gateway asks for an API key",
    )
    assert "HEADWAY_API_KEY" in refused.exception.hint


def test_what_is_no_headway_is_told_as_such(url):
    strange = run("list", "--url", url)
    assert strange.exit_code == FAILED
    assert "something else than control does" in str(strange.exception)
    assert run("list", "--url", "http://127.0.0.1:9").exit_code == UNAVAILABLE
    assert run("list", "--url", "127.0.0.1:9").exit_code == UNAVAILABLE
    assert run("status", "--url", url).exit_code == UNAVAILABLE


def test_settings_are_pairs():
    assert parse_settings(["queue_limit=5", "rollout=replace", "retry_on_crash=true"]) == {
        "queue_limit": 5,
        "rollout": "replace",
        "retry_on_crash": True,
    }
    with pytest.raises(InvalidSettingError):
        parse_settings(["queue_limit"])


def test_models_are_reached_beside_control_where_it_told_of_its_own_machine():
    assert beside("http://127.0.0.1:8081", "http://127.0.0.1:9000") == "http://127.0.0.1:9000"
    assert beside("https://headway.lan:8081", "http://127.0.0.1:9000") == "http://headway.lan:9000"


@pytest.fixture
def served(tmp_path, monkeypatch):
    """Runs `headway serve` on a small Truss; gives its result and the platform that was to be served."""
    monkeypatch.setattr(environments, "IMAGE", ())
    monkeypatch.setattr(environments, "REPLICA", ())
    require_place = bootstrap.require_place
    platforms = []
    monkeypatch.setattr(
        bootstrap,
        "serve",
        lambda desired_state, _, announce: announce() or platforms.append(desired_state) or 0,
    )
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "model.py").write_text(
        "class Model:\n    def predict(self, x): ...\n", encoding="utf-8"
    )

    def run_serve(config, *arguments, checks_place=False, folder=(tmp_path,), model=None, **files):
        # Not else: something may run on this machine.
        monkeypatch.setattr(bootstrap, "require_place", require_place if checks_place else lambda _: None)
        (tmp_path / "config.yaml").write_text(config, encoding="utf-8")
        if model is not None:
            (tmp_path / "model" / "model.py").write_text(model, encoding="utf-8")
        for name, text in files.items():
            (tmp_path / name.replace("__", ".")).write_text(text, encoding="utf-8")
        environment = {"HEADWAY_RUN_DIR": str(tmp_path / "run"), "XDG_CONFIG_HOME": str(tmp_path)}
        result = run("serve", *folder, "--data-dir", tmp_path / "data", *arguments, env=environment)
        return result, platforms

    return run_serve


def test_serve_prints_a_ready_curl_line_and_hands_over_what_it_was_told(served, tmp_path):
    config = "model_name: My-model\nmodel_metadata: {example_model_input: {a: 1}, headway: {queue_limit: 9}}"
    options = ["--concurrency-target", 3, "--replicas", 2, "--port", 9000, "--set", "queue_timeout=5"]
    result, [desired_state] = served(config, *options, "--secrets-dir", tmp_path)
    assert result.exit_code == OK
    assert result.stdout == "curl http://127.0.0.1:9000/models/My-model/predict -d '{\"a\": 1}'\n"
    assert (desired_state.model_name, desired_state.port) == ("My-model", 9000)
    replicas = {"min_replica": 2, "max_replica": 2}
    assert desired_state.settings == {"concurrency_target": 3, "queue_timeout": 5, **replicas}
    assert desired_state.secrets_directory == tmp_path
    assert desired_state.keep_requests == 100_000, "its database may lie in memory"


def test_serve_takes_the_current_folder_where_none_is_named(served, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result, [desired_state] = served("", folder=())
    assert result.exit_code == OK
    assert desired_state.truss_directory == tmp_path
    assert desired_state.model_name == tmp_path.name


def test_serve_tells_a_name_that_it_had_to_change_and_takes_another(served):
    result, [desired_state] = served("model_name: \u65e5\u672c\u8a9e")
    assert desired_state.model_name.startswith("model-")
    assert desired_state.model_name in result.stderr.replace("\n", "")
    assert "--name" in result.stderr
    result, platforms = served("model_name: \u65e5\u672c\u8a9e", "--name", "nihongo")
    assert platforms[-1].model_name == "nihongo"
    assert "--name" not in result.stderr


@pytest.mark.parametrize("name", ["a/b", "a@b", "", "-a", "\u65e5", "a" * 65, "a b", "a\n"])
def test_serve_refuses_a_chosen_name_that_fits_in_no_url(served, name):
    result, platforms = served("", "--name", name)
    assert (result.exit_code, platforms) == (FAILED, [])
    assert "is no name for a model" in str(result.exception)


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ("trt_llm: {build: {}}\nmodel_module_dir: nowhere", "trt_llm"),
        ("model_class_name: Other", "there is no class Other"),
        ("runtime: {predict_concurrency: 0}", "predict_concurrency"),
        ("external_package_dirs: [nowhere]", "nowhere is no folder"),
        ("model_metadata: {headway: {queue_limit: -1}}", "queue_limit is -1"),
    ],
)
def test_serve_of_what_cannot_be_deployed_ends_before_anything_is_made(served, tmp_path, config, reason):
    result, platforms = served(config)
    assert (result.exit_code, platforms) == (FAILED, [])
    assert reason in result.stderr
    assert not (tmp_path / "data").exists()


def test_serve_tells_what_check_tells(served, tmp_path):
    result, _ = served("build_commands: ['true']\nsecrets: {token: null}")
    checked = run("check", tmp_path, env={"XDG_CONFIG_HOME": str(tmp_path)})
    *told, _ = checked.stdout.splitlines()
    unasked = next(place for place, line in enumerate(told) if "no running Headway was asked" in line)
    for line in told[:unasked] + told[unasked + 2 :]:  # with its hint: who serves has no other Headway
        assert " ".join(line.split()) in " ".join(result.stderr.split())
    assert "build_commands run on this machine as" in checked.stdout
    assert "secrets: token has no value here" in checked.stdout
    assert result.stderr.count("build_commands run") == 1, "it is told once"


def test_serve_finds_models_of_hubs_and_follows_changes_when_told(served, tmp_path):
    config = "model_cache: [{repo_id: ada/tiny, use_volume: true, volume_folder: tiny}]"
    result, [desired_state] = served(config, "--model-cache-dir", tmp_path / "models", "--watch")
    assert (desired_state.model_cache_directory, desired_state.watch) == (tmp_path / "models", True)
    assert f"ada/tiny is not at {tmp_path / 'models' / 'ada/tiny'}" in result.stderr


def test_serve_refuses_an_address_that_others_may_reach(served):
    result, platforms = served("", "--host", "0.0.0.0", checks_place=True)
    assert isinstance(result.exception, RootError)
    assert "headway up" in result.exception.hint
    assert platforms == []


def test_up_says_where_it_answers_and_what_to_do_next(served, tmp_path):
    _, platforms = served("")
    environment = {"HEADWAY_RUN_DIR": str(tmp_path / "run"), "XDG_CONFIG_HOME": str(tmp_path)}
    options = ["--data-dir", tmp_path / "data", "--port", 9000, "--secrets-dir", tmp_path]
    told = {"HEADWAY_DATABASE_URL": "sqlite:////state", "HEADWAY_KEEP_REQUEST_DAYS": "2"}
    result = run("up", *options, "--keep-requests", 5, env={**environment, **told})
    assert result.exit_code == OK
    assert "requests  http://127.0.0.1:9000\n" in result.stdout
    assert result.stdout.endswith("next      headway push DIR\n")
    assert platforms[1].truss_directory is None
    assert (platforms[1].database_url, platforms[1].secrets_directory) == ("sqlite:////state", tmp_path)
    assert (platforms[1].keep_requests, platforms[1].keep_request_days) == (5, 2)
    elsewhere = run("up", *options, "--control-port", 9001, env=environment)
    assert elsewhere.stdout.endswith("headway push DIR --url http://127.0.0.1:9001\n")


def test_a_taken_port_or_data_directory_is_told_before_anything_is_prepared(tmp_path):
    with listen("127.0.0.1", 0) as taken, listen("127.0.0.1", 0) as free:
        ports = {"port": taken.getsockname()[1], "control_port": free.getsockname()[1]}
        desired_state = bootstrap.LocalPlatform(tmp_path, **ports)
        with pytest.raises(RootError, match=f"{ports['port']}: Address already in use \\("):
            bootstrap.require_place(desired_state)
        with folders.sole_user_of(tmp_path), pytest.raises(RootError, match="another Headway runs on"):
            bootstrap.require_place(desired_state)


def test_serve_takes_the_example_from_examples_yaml(served):
    result, _ = served("", "--name", "m", examples__yaml="- {name: first, input: [1, 2]}")
    assert "m/predict -d '[1, 2]'" in result.stdout


def test_serve_prints_what_fits_a_model_that_only_has_a_websocket(served):
    model = "class Model:\n    async def websocket(self, ws): ...\n"
    result, _ = served("model_name: talk", model=model)
    assert result.stdout == f"{sys.executable} -m websockets ws://127.0.0.1:8080/models/talk/websocket\n"


def test_serve_warns_of_a_predict_concurrency_that_could_never_be_reached(served):
    result, platforms = served("runtime: {predict_concurrency: 4}", "--concurrency-target", 2)
    assert "concurrency_target 2 is below predict_concurrency 4" in result.stderr
    assert len(platforms) == 1


def test_serve_starts_nothing_when_a_setting_is_unknown(served):
    result, platforms = served("", "--set", "queue_limt=1")
    assert isinstance(result.exception, InvalidSettingError)
    assert platforms == []
