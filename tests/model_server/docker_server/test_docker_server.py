"""What `docker_server` in config.yaml says: words, the port in them, and what cannot be run."""

import pytest

from headway.model_server.docker_server.settings import docker_server
from headway.model_server.truss.config_values import InvalidTrussError
from headway.model_server.truss.truss_config import parse_config

ENDPOINTS = "predict_endpoint: /p, readiness_endpoint: /r, liveness_endpoint: /l"


def server(tmp_path, command, more=""):
    text = f"docker_server:\n  start_command: {command}\n  server_port: 8000\n{more}"
    for endpoint in ENDPOINTS.split(", "):
        text = text.replace("docker_server:\n", f"docker_server:\n  {endpoint}\n")
    return parse_config(text, tmp_path)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("serve --port 8000 --tokens 8000", ["serve", "--port", "9", "--tokens", "8000"]),
        ("serve --http-port=8000", ["serve", "--http-port=9"]),
        ("serve --bind 0.0.0.0:8000", ["serve", "--bind", "0.0.0.0:9"]),
        ("sh -c 'PORT=8000 exec serve'", ["sh", "-c", "PORT=9 exec serve"]),
        ("""serve --port "8000" 'a b'""", ["serve", "--port", "9", "a b"]),
        ("sh -c 'serve ${HEADWAY_SERVER_PORT:-8000}'", ["sh", "-c", "serve ${HEADWAY_SERVER_PORT:-8000}"]),
    ],
)
def test_a_command_that_says_its_port_is_run_with_any_other(tmp_path, command, words):
    config = server(tmp_path, ">-\n    " + command)
    found = docker_server(config.expanded)
    assert found.takes_port
    assert list(found.words(9)) == words
    assert not any("only one replica" in warning for warning in config.warnings)


@pytest.mark.parametrize("command", ["serve", "serve 8000", "serve --port 80001", "serve --report-8000"])
def test_a_command_that_does_not_say_its_port_is_left_alone_and_told(tmp_path, command):
    config = server(tmp_path, command)
    found = docker_server(config.expanded)
    assert not found.takes_port
    assert list(found.words(8000)) == command.split()
    assert any("only one replica can run on a machine" in warning for warning in config.warnings)


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ("serve 'open", "", "words"),
        ("''", "", "empty"),
        ("serve", "runtime: {transport: {kind: grpc}}", "gRPC"),
    ],
)
def test_what_cannot_be_run_is_an_error_with_a_hint(tmp_path, command, more, said):
    with pytest.raises(InvalidTrussError, match=said) as refused:
        docker_server(server(tmp_path, command, more).expanded)
    assert refused.value.hint


def test_an_endpoint_that_is_no_path_is_an_error(tmp_path):
    text = "docker_server: {start_command: a, server_port: 1, " + ENDPOINTS.replace("/p", "http://x/p") + "}"
    with pytest.raises(InvalidTrussError, match="predict_endpoint"):
        docker_server(parse_config(text, tmp_path).expanded)


def test_a_predict_concurrency_is_told_to_limit_nothing(tmp_path):
    warnings = server(tmp_path, "serve --port 8000", "runtime: {predict_concurrency: 4}").warnings
    assert any("predict_concurrency limits nothing" in warning for warning in warnings)
