"""What the tab key completes: in a real bash, and as zsh and fish are told it."""

import json
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from cli.terminal import Terminal
from headway.cli import completion

BIN = Path(sys.executable).parent
DEPLOYMENTS = [
    {"id": "1a2b3c4d", "environments": ["production"]},
    {"id": "9f8e7d6c", "environments": ["staging"]},
]
ANSWERS = {
    "/v1/models": {"models": [{"name": "hello"}, {"name": "receipts"}]},
    "/v1/models/hello/deployments": {"deployments": DEPLOYMENTS},
    "/v1/models/hello/environments": {"environments": [{"name": "production"}, {"name": "staging"}]},
    "/v1/models/hello/deployments/production/replicas": {"replicas": [{"id": "hello-1"}, {"id": "hello-2"}]},
    "/v1/models/hello/deployments/staging/replicas": {"replicas": [{"id": "hello-3"}]},
    "/v1/models/hello/deployments/production/settings": {"settings": {"max_replica": 4}},
    "/v1/api_keys": {"api_keys": [{"prefix": "hw_1a2b3c4d"}]},
    "/v1/secrets": {"secrets": [{"name": "hf_access_token"}]},
}
KEY = "hw_key"


class Answers(BaseHTTPRequestHandler):
    """What control answers who shows the key."""

    def do_GET(self):
        is_known = self.headers["authorization"] == f"Bearer {KEY}"
        body = json.dumps(ANSWERS.get(self.path, {}) if is_known else {}).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_): ...


@pytest.fixture(scope="module")
def url():
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join(10)


@pytest.fixture
def environment(url, tmp_path):
    return {
        "PATH": f"{BIN}:/usr/bin:/bin",
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path),
        "HEADWAY_CONTROL_URL": url,
        "HEADWAY_API_KEY": KEY,
        "TERM": "dumb",
    }


def a_bash(environment):
    return Terminal(["bash", "-i"], environment)


@pytest.fixture
def bash(environment, tmp_path):
    """Where completion was installed as the help says."""
    (tmp_path / ".bashrc").write_text("PS1='ready> '", encoding="utf-8")
    with a_bash(environment) as shell:
        shell.until("ready> ")
        shell.type("headway --install-completion\n")
        shell.until("restart the terminal")
    with a_bash(environment) as shell:
        shell.until("ready> ")
        yield shell


def test_the_tab_key_completes_models_deployments_replicas_settings_and_keys(bash):
    for typed, completed in [
        ("status hel", "status hello "),
        ("settings rec", "settings receipts "),
        ("logs hello --deployment st", "logs hello --deployment staging "),
        ("promote hello 9", "promote hello 9f8e7d6c "),
        ("delete hello --environment st", "delete hello --environment staging "),
        ("logs hello --deployment staging --replica h", "--replica hello-3 "),
        ("settings hello max_rep", "settings hello max_replica="),
        ("settings hello max_replica=", "settings hello max_replica=4 "),
        ("settings hello rollout=su", "settings hello rollout=surge "),
        ("push --set queue_l", "push --set queue_limit="),
        ("keys delete h", "keys delete hw_1a2b3c4d "),
        ("keys create --scope met", "keys create --scope metrics "),
        ("secrets delete h", "secrets delete hf_access_token "),
        ("dec", "decisions "),
        ("requests rec", "requests receipts "),
        ("requests hello --replica hello-2", "requests hello --replica hello-2 "),
        ("changes hello --deployment 1", "changes hello --deployment 1a2b3c4d "),
    ]:
        bash.type(f"headway {typed}\t")
        assert "\n" not in bash.until(f"{completed.removeprefix(typed)}")
        bash.type("\x15\x0cecho done\n")
        bash.until("done\r\nready> ")


def test_two_tabs_show_what_there_is(bash):
    bash.type("headway logs hello --replica \t\t")
    told = bash.until("hello-2")
    assert {"build", "hello-1", "hello-2"} <= set(told.split())


def completed(shell, line, environment):
    """What the command tells a shell, without that shell."""
    asked = {"_HEADWAY_COMPLETE": f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line}
    done = subprocess.run(
        [BIN / "headway"],
        env=environment | asked | {"_TYPER_COMPLETE_FISH_ACTION": "get-args"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_zsh_and_fish_are_told_the_same(environment):
    line = "headway settings hello max_replica="
    assert completed("fish", line, environment) == "max_replica=\nmax_replica=4\n"
    told = completed("zsh", line, environment)
    assert told == '_arguments \'*: :(("max_replica="\n"max_replica=4"))\'\n'
    for shell in ("zsh", "fish"):
        assert "hw_1a2b3c4d" in completed(shell, "headway keys delete hw", environment)


def test_a_key_that_is_refused_completes_nothing_and_says_nothing(environment):
    refused = environment | {"HEADWAY_API_KEY": "hw_other"}
    for line in ("headway status hel", "headway keys delete h", "headway logs hello --deployment "):
        assert completed("fish", line, refused).strip() == ""
    wrong = environment | {"HEADWAY_PORT": "none"}
    assert completed("fish", "headway status hel", wrong).strip() == ""


def of(url, **params):
    return SimpleNamespace(params={"url": url, **params}, args=[])


def test_names_of_settings_need_no_control():
    found = completion.settings(of("http://127.0.0.1:1", model="hello"), "max_r")
    assert found == ["max_replica=", "max_replica=1"]
    assert completion.settings(of("http://127.0.0.1:1"), "retry") == [
        "retry_on_crash=",
        "retry_on_crash=true",
        "retry_on_crash=false",
    ]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\n\r\n[1, 2]",
        b'HTTP/1.1 200 OK\r\n\r\n{"models": [{"title": "x"}]}',
        b'HTTP/1.1 200 OK\r\n\r\n{"models": 7, "settings": [], "deployments": [7]}',
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 503 Away\r\n\r\nnothing",
    ],
)
def test_whatever_else_answers_completes_nothing(answer, capfd):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            for _ in range(3):
                with server.accept()[0] as connection:
                    connection.recv(4096)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        context = of(f"http://127.0.0.1:{server.getsockname()[1]}", model="hello")
        assert completion.models(context, "") == []
        assert completion.deployments(context, "") == []
        assert "max_replica=1" in completion.settings(context, "")
        thread.join(10)
    assert capfd.readouterr() == ("", "")


def test_a_control_that_does_not_answer_is_waited_for_half_a_second_however_it_dawdles():
    """A server that sends a byte now and then keeps a connection's timeout from ending."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        is_over = threading.Event()

        def dawdle():
            with server.accept()[0] as connection:
                while not is_over.wait(0.1):
                    connection.sendall(b"HTTP/1.1 200 OK\r\n"[:1])

        thread = threading.Thread(target=dawdle, daemon=True)
        thread.start()
        began = time.monotonic()
        found = completion.models(of(f"http://127.0.0.1:{server.getsockname()[1]}"), "")
        waited = time.monotonic() - began
        is_over.set()
        thread.join(10)
    assert found == []
    assert 0.4 < waited < 5
