"""From the first second to the last: loading, failing to load, being given an environment, reloading, ending."""

import signal

import pytest

from system.contract.cases.starts import FAILURES
from system.contract.gated import answer, gated
from system.contract.server import IS_UPSTREAM, until

NOT_READY = {"error": "Model with name model is not ready."}


@pytest.mark.parametrize("failure", FAILURES)
def test_does_not_start_with(failure, replicas):
    """The process ends, with a reason in its log; upstream reports success to its supervisor all the same."""
    with replicas.starting(failure) as replica:
        code = replica.exit_code()
        assert (code == 0) if IS_UPSTREAM else (0 < code < 128)
        assert FAILURES[failure][1] in replica.log


def test_while_the_model_loads_liveness_is_true_and_everything_else_is_503(replicas, tmp_path):
    with replicas.starting("waiting", RELEASE_FILE=str(tmp_path / "go")) as replica:
        replica.listening()
        for path in ("/v1/models/model", "/v1/models/model/loaded", "/ping"):
            response = replica.http.get(path)
            assert (response.status_code, response.json()) == (503, NOT_READY)
            assert response.headers["x-baseten-error-code"] == "600"
            assert response.headers["x-baseten-error-source"] == "04"
        for path in ("/v1/models/model:predict", "/v1/chat/completions", "/invocations"):
            response = replica.post({}, path)
            assert (response.status_code, response.json()) == (503, NOT_READY)
        assert replica.status("/v1/models/model/schema") == 503
        (tmp_path / "go").touch()
        replica.loaded()
        assert replica.post({}).json() == {}
        assert replica.status("/v1/models/model") == 200


def test_load_is_tried_again_once(replicas):
    with replicas.starting("loads at the second try") as replica:
        assert replica.loaded().post({}).json() == 2


def test_load_is_not_tried_again_when_retries_are_switched_off(replicas):
    with replicas.starting("loads at the second try", "no retry", NUM_LOAD_RETRIES_TRUSS="0") as replica:
        code = replica.exit_code()
        assert (code == 0) if IS_UPSTREAM else (0 < code < 128)


def test_async_load_is_run(replicas):
    """Upstream drops the coroutine and calls the model ready."""
    with replicas.starting("async load") as replica:
        assert replica.loaded().post({}).json() is (not IS_UPSTREAM)


def test_model_module_dir_may_have_another_name(replicas):
    """Upstream's image copies the folder to model/ and then looks for it under its own name."""
    with replicas.starting("elsewhere") as replica:
        if IS_UPSTREAM:
            assert replica.exit_code() == 0
        else:
            assert replica.loaded().post([1]).json() == [1]


def test_a_request_annotated_as_text_is_a_request(replicas):
    """Upstream does not resolve the annotation and refuses the signature."""
    with replicas.starting("request annotated as text") as replica:
        if IS_UPSTREAM:
            assert replica.exit_code() == 0
        else:
            assert replica.loaded().post(1).json() == [1, "POST"]


def test_environment_is_given_to_init_and_set_up_before_load(replicas, tmp_path):
    (tmp_path / "environment").write_text('{"name": "staging"}')
    with replicas.starting("environment", mounts=tmp_path) as replica:
        staging = {"name": "staging"}
        assert replica.loaded().post({}).json() == {"given": staging, "order": [staging, "load"]}


def test_without_an_environment_nothing_is_set_up(replicas, tmp_path):
    with replicas.starting("environment", "no environment", mounts=tmp_path) as replica:
        assert replica.loaded().post({}).json() == {"given": None, "order": ["load"]}


def test_a_secret_comes_from_its_file_before_its_variable_before_the_config(replicas, tmp_path):
    variables = {"TRUSS_SECRET_from_variable": "variable", "TRUSS_SECRET_from_file": "variable"}
    with replicas.starting("environment", "secrets", mounts=tmp_path, **variables) as replica:
        replica.loaded()
        assert replica.post("from_file", "/v1/completions").json() == "variable"
        (tmp_path / "secrets").mkdir()
        (tmp_path / "secrets/from_file").write_text("file\n")
        assert replica.post("from_file", "/v1/completions").json() == "file\n"
        assert replica.post("from_variable", "/v1/completions").json() == "variable"


def test_hot_reload_takes_new_code_and_keeps_the_object(replicas):
    with replicas.starting("reloading") as replica:
        model, helper = replica.folder / "model/model.py", replica.folder / "model/helper.py"
        assert replica.loaded().post({}).json() == ["old", 1]
        helper.write_text("WORD = 'newer'\n")
        reloaded = replica.http.post("/hot-reload")
        assert (reloaded.status_code, reloaded.json()) == (200, {"msg": "Hot reload complete"})
        assert replica.post({}).json() == ["newer", 1]
        good = model.read_text()
        model.write_text("class Model\n")
        failed = replica.http.post("/hot-reload")
        assert failed.status_code == 422
        assert failed.json()["error"].startswith("SyntaxError: ")
        assert replica.post({}).json() == ["newer", 1]
        model.write_text(good.replace("return [WORD", "return ['again', WORD"))
        assert replica.http.post("/hot-reload").status_code == 200
        assert replica.post({}).json() == ["again", "newer", 1]


def test_sigterm_lets_the_running_request_finish(replicas, tmp_path):
    with replicas.starting("last words", RELEASE_FILE=str(tmp_path / "go")) as replica:
        with gated(replica.loaded()) as driven:
            running = driven.keep(replica.begin({}))
            until(lambda: replica.post({}, "/v1/completions").json())
            replica.process.send_signal(signal.SIGTERM)
            until(lambda: replica.status("/") is None)
            (tmp_path / "go").touch()
            assert b'"last words"' in answer(running)
        assert replica.exit_code() in {0, -signal.SIGTERM}


def test_an_idle_replica_ends_at_once_on_sigterm(replicas):
    with replicas.starting("echo", "idle") as replica:
        replica.loaded().process.send_signal(signal.SIGTERM)
        assert replica.exit_code(within=5.0) in {0, -signal.SIGTERM}
