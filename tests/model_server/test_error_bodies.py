"""Errors of a replica, in Truss's words or in those of the client library that the gateway says asks."""

import json

import pytest
from fastapi import HTTPException

from fakes.application import Conversation
from headway.model_server import failures

MARKS = {
    "openai": b"x-headway-dialect: openai\r\n",
    "anthropic": b"x-headway-dialect: anthropic\r\n",
    "truss": b"",
    "unknown": b"x-headway-dialect: klingon\r\n",
}
ERRORS = {
    "not ready": failures.not_ready(),
    "bad input": failures.bad_input("Invalid JSON payload"),
    "no method": failures.no_method("chat_completions"),
    "crash": failures.of_model(ValueError("secret")),
    "exit": failures.of_model(SystemExit(3)),
    "chosen": failures.of_model(HTTPException(422, "too long", {"x-mine": "yes"})),
    "object": failures.of_model(HTTPException(409, {"message": "busy", "code": "taken", "param": "input"})),
    "list": failures.of_model(HTTPException(422, [{"loc": ["messages"]}])),
    "no JSON": failures.of_model(HTTPException(422, {1, 2})),
}


def answered(name, tell):
    client = Conversation()
    client.say(
        b"POST / HTTP/1.1\r\nhost: h\r\nx-headway-request-id: r7\r\n"
        + MARKS[name]
        + b"content-length: 0\r\n\r\n"
    )
    tell(client.last.exchange)
    head, _, body = client.heard().partition(b"\r\n\r\n")
    return int(head[9:12]), head.decode().lower(), body


def told(name, error):
    status, head, body = answered(name, lambda exchange: failures.answer(exchange, ERRORS[error]))
    return status, head, json.loads(body)


@pytest.mark.parametrize("error", [name for name in ERRORS if name != "exit"])
@pytest.mark.parametrize("name", ["truss", "unknown"])
async def test_without_the_gateway_s_mark_they_are_truss_s(name, error):
    status, head, body = told(name, error)
    assert set(body) == {"error"}
    assert status == (500 if error == "no JSON" else ERRORS[error].status)
    assert "x-baseten-error-code" in head


@pytest.mark.parametrize(
    ("error", "status", "kind", "message"),
    [
        ("not ready", 503, "overloaded_error", "Model with name model is not ready."),
        ("bad input", 400, "invalid_request_error", "Invalid JSON payload"),
        (
            "no method",
            404,
            "not_found_error",
            "`chat_completions` must only be called if model has it."
            " (this model has no method `chat_completions`)",
        ),
        ("crash", 500, "api_error", "Internal Server Error (in model/chainlet)."),
        ("exit", 500, "api_error", "Internal Server Error"),
        ("chosen", 422, "invalid_request_error", "too long"),
        ("object", 409, "invalid_request_error", "busy"),
        ("list", 422, "invalid_request_error", '[{"loc": ["messages"]}]'),
    ],
)
async def test_libraries_are_told_in_their_shape(error, status, kind, message):
    found, head, body = told("openai", error)
    code, parameter = ("taken", "input") if error == "object" else (None, None)
    assert (found, body) == (
        status,
        {"error": {"message": message, "type": kind, "param": parameter, "code": code}},
    )
    assert "content-type: application/json" in head
    assert ("x-mine: yes" in head) == (error == "chosen")
    found, _, body = told("anthropic", error)
    assert (found, body) == (
        status,
        {"type": "error", "error": {"type": kind, "message": message}, "request_id": "r7"},
    )


async def test_what_json_cannot_say_is_told_as_such():
    status, _, body = told("openai", "no JSON")
    assert status == 500
    assert "Unhandled exception: TypeError" in body["error"]["message"]


async def test_the_framework_s_own_answers_too():
    def tell(exchange):
        failures.answer_framework(exchange, 404, "Not Found")

    assert json.loads(answered("truss", tell)[2]) == {"detail": "Not Found"}
    assert json.loads(answered("openai", tell)[2])["error"]["message"] == "Not Found"
