"""The printed line is one that the model answers, and that a shell takes as it stands."""

import json
import shlex
import sys

import pytest

from headway.cli.ready_line import Reached, ready_line

HERE = Reached(base="http://h:8080/", model="m")


def test_a_model_that_predicts_or_may_gets_a_curl_line_with_its_example():
    for ways_in in (None, (), ("predict",), ("predict", "chat_completions"), ("predict", "websocket")):
        line = ready_line(HERE, ways_in, {"a": "it's"})
        assert shlex.split(line) == ["curl", "http://h:8080/models/m/predict", "-d", '{"a": "it\'s"}']
    assert ready_line(HERE, None, None).endswith(" -d '{}'")
    assert ready_line(HERE, None, [1, 2]).endswith(" -d '[1, 2]'")
    assert ready_line(HERE, None, 0).endswith(" -d 0")


def test_it_names_the_deployment_or_the_environment_and_shows_the_variable_of_the_key():
    staging = Reached(base="http://h", model="m", environment="staging", needs_key=True)
    key = '-H "Authorization: Bearer $HEADWAY_API_KEY"'
    assert (
        ready_line(staging, None, None)
        == f"curl http://h/models/m/environments/staging/predict {key} -d '{{}}'"
    )
    one = Reached(base="http://h", model="m", environment="", deployment="1a2b")
    assert "/models/m/deployments/1a2b/predict" in ready_line(one, None, None)


@pytest.mark.parametrize(
    ("way", "path", "takes"),
    [
        ("chat_completions", "/v1/chat/completions", "messages"),
        ("completions", "/v1/completions", "prompt"),
        ("embeddings", "/v1/embeddings", "input"),
        ("messages", "/v1/messages", "max_tokens"),
        ("responses", "/v1/responses", "input"),
    ],
)
def test_a_model_of_another_method_alone_gets_that(way, path, takes):
    staging = Reached(base="http://h", model="m", environment="staging")
    _, address, _, body = shlex.split(ready_line(staging, (way, "websocket"), None))
    assert address == f"http://h{path}"
    assert takes in json.loads(body)
    assert json.loads(body)["model"] == "m/staging"
    own = shlex.split(ready_line(HERE, (way,), {"mine": 1}))[-1]
    assert json.loads(own) == {"mine": 1, "model": "m"}


def test_a_model_that_only_has_a_websocket_gets_no_curl_line():
    line = ready_line(HERE, ("websocket",), {"a": 1})
    assert shlex.split(line) == [sys.executable, "-m", "websockets", "ws://h:8080/models/m/websocket"]
    guarded = Reached(base="https://h", model="m", deployment="1a2b", needs_key=True)
    line = ready_line(guarded, ("websocket",), None)
    assert shlex.split(line) == [
        *("websocat", "-H", "Authorization: Bearer $HEADWAY_API_KEY"),
        "wss://h/models/m/deployments/1a2b/websocket",
    ]
