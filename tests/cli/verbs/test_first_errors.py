"""What a newcomer runs into is said with what to do about it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cli.running import run
from headway.cli.exit_codes import CONFIGURATION, FAILED, NOT_PERMITTED, UNAVAILABLE, USAGE
from headway.processes.listening import RootError, listen


@pytest.fixture
def at_home(tmp_path, monkeypatch):
    """A folder with one Truss in it; nothing runs."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("HEADWAY_CONTROL_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HEADWAY_URL", "http://127.0.0.1:1")
    monkeypatch.chdir(tmp_path)
    assert run("init", "hello").exit_code == 0
    return tmp_path


@pytest.mark.parametrize(
    "verb", [["status"], ["list"], ["push"], ["logs", "m"], ["predict", "m", "--input", "{}"]]
)
@pytest.mark.usefixtures("at_home")
def test_nothing_runs(verb):
    result = run(*verb)
    assert result.exit_code == UNAVAILABLE
    assert result.exception.hint == "start it with headway up or headway serve DIR"


@pytest.mark.parametrize(
    ("folder", "what", "hint"),
    [
        ("helo", "there is no folder helo", "did you mean hello?"),
        ("nowhere", "there is no folder nowhere", "headway init DIR writes a new one"),
        (".", "config.yaml cannot be read", "there is one in hello: name that folder"),
        ("hello/config.yaml", "hello/config.yaml is a file", "name the folder that it lies in"),
        ("hello/model", "hello/model/config.yaml cannot be read", "name the folder that has a config.yaml"),
    ],
)
@pytest.mark.usefixtures("at_home")
def test_the_folder_is_another(folder, what, hint):
    result = run("check", folder)
    assert result.exit_code == FAILED
    told = result.stdout.splitlines()
    assert what in told[0]
    assert hint in told[1]


def test_a_port_that_is_taken():
    with listen("127.0.0.1", 0) as taken, pytest.raises(RootError) as refused:
        listen("127.0.0.1", taken.getsockname()[1])
    assert "--port and --control-port" in refused.value.hint
    assert "headway push" in refused.value.hint


@pytest.mark.usefixtures("at_home")
def test_a_command_line_that_is_half_right():
    told = run("predict", "m", "--input", "{name: Ada}").stderr
    assert """single quotes: --input '{"name": "Ada"}'""" in " ".join(told.split())
    nothing = run("simulate")
    assert nothing.exit_code == USAGE
    assert "--rate 12 --predict 200ms" in " ".join(nothing.stderr.split())
    assert "--predict 200ms" in run("simulate", "--rate", 3).exception.hint
    assert run("status", "--url", "localhost:8081").exception.hint == "it is like http://127.0.0.1:8081"


def test_a_setting_of_headway_that_is_wrong(at_home, monkeypatch):
    monkeypatch.setenv("HEADWAY_PORT", "abc")
    result = run("list")
    assert (result.exit_code, result.exception.hint) == (CONFIGURATION, "write digits only")
    monkeypatch.delenv("HEADWAY_PORT")
    (at_home / "config" / "headway").mkdir(parents=True)
    (at_home / "config" / "headway" / "config.toml").write_text("port: 8080", encoding="utf-8")
    assert "port = 8080" in run("list").exception.hint


class Answers(BaseHTTPRequestHandler):
    """Gives the answer of its server to everything."""

    def do_GET(self):
        status, content = self.server.answer
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.do_GET()

    def log_message(self, *_): ...


@pytest.fixture
def server():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        made.url = f"http://127.0.0.1:{made.server_port}"
        yield made
        made.shutdown()
        thread.join(10)


def error(code, message, hint=""):
    return {"error": {"code": code, "message": message, "hint": hint}}


@pytest.mark.usefixtures("at_home")
def test_what_the_gateway_refuses_is_said_in_words(server):
    server.answer = 404, error("model_not_found", "there is no model 'helo'", "did you mean hello?")
    result = run("predict", "helo", "--input", "{}", "--url", server.url)
    assert (result.exit_code, result.exception.message) == (FAILED, "there is no model 'helo'")
    assert result.exception.hint == "did you mean hello?"
    assert result.stderr == ""


@pytest.mark.parametrize("told", [{"code": 7, "message": "mine", "param": "x"}, {"message": "mine"}, "mine"])
@pytest.mark.usefixtures("at_home")
def test_an_error_of_the_models_own_is_shown_as_it_is(server, told):
    server.answer = 422, {"error": told}
    result = run("predict", "hello", "--input", "{}", "--url", server.url)
    assert (result.exit_code, json.loads(result.stderr)) == (FAILED, {"error": told})


@pytest.mark.usefixtures("at_home")
def test_one_port_is_taken_for_the_other(server):
    server.answer = 404, error("not_found", "Not Found", "see /docs for what there is")
    result = run("predict", "hello", "--input", "{}", "--url", server.url)
    assert "takes no requests" in result.exception.message
    assert "8080" in result.exception.hint
    server.answer = 200, {"object": "list", "data": []}
    result = run("list", "--url", server.url)
    assert result.exit_code == FAILED
    assert "is this the address of Headway's control? Its port is 8081" in result.exception.hint


@pytest.mark.usefixtures("at_home")
def test_a_key_is_missing(server):
    server.answer = 401, error("key_missing", "this needs an API key")
    for verb in (["list"], ["predict", "hello", "--input", "{}"]):
        result = run(*verb, "--url", server.url)
        assert result.exit_code == NOT_PERMITTED
        assert "export HEADWAY_API_KEY=hw_...; headway keys create makes one" in result.exception.hint
