"""The endpoints beside predict, with the paths of OpenAI's API (and Anthropic's messages)."""

from system.contract.table import (
    BINARY,
    Answer,
    Case,
    Source,
    binary,
    crashed,
    error_headers,
    fails,
    ok,
    packed,
    refused,
    stream,
)

PATHS = {
    "chat_completions": "/v1/chat/completions",
    "completions": "/v1/completions",
    "embeddings": "/v1/embeddings",
    "messages": "/v1/messages",
    "responses": "/v1/responses",
}
COLLECT = {"Accept": "application/json"}

SOURCES = {
    "endpoints": Source(
        model="""
import fastapi
from fastapi.responses import JSONResponse

class Model:
    def preprocess(self, inputs):
        raise RuntimeError("never for an endpoint")

    def predict(self, inputs):
        return inputs

    async def chat_completions(self, inputs):
        for word in inputs["words"]:
            yield word

    def completions(self, inputs, request: fastapi.Request):
        return [inputs, request.headers["x-tag"], request.url.path]

    async def embeddings(self, request: fastapi.Request):
        return {"body": (await request.body()).decode()}

    def messages(self):
        return JSONResponse({"type": "error"}, status_code=529)

    def responses(self, inputs):
        if inputs == "refuse":
            raise fastapi.HTTPException(402, {"type": "billing"})
        if inputs == "raise":
            raise ValueError("hidden")
        return inputs
"""
    ),
    "request-only": Source(
        model="""
import fastapi

class Model:
    async def predict(self, request: fastapi.Request):
        return {"body": (await request.body()).decode(), "query": dict(request.query_params)}

    def chat_completions(self, inputs):
        return inputs
"""
    ),
}


def _case(name: str, method: str, body: str | bytes, answer, **more) -> Case:
    return Case(name=name, truss="endpoints", path=PATHS[method], body=body, answer=answer, **more)


CASES = [
    *(
        Case(
            name=f"{path} is 404 without the method",
            truss="echo",
            path=path,
            answer=fails(404, f"`{method}` must only be called if model has it.", 700),
        )
        for method, path in PATHS.items()
    ),
    _case("an async generator function streams", "chat_completions", '{"words": ["a", "b"]}', stream("ab")),
    _case(
        "and is collected like predict's",
        "chat_completions",
        '{"words": ["a", "b"]}',
        ok('"ab"'),
        headers=COLLECT,
    ),
    _case(
        "and streams to OpenAI's client",
        "chat_completions",
        '{"words": ["a"]}',
        stream("a"),
        headers=COLLECT | {"User-Agent": "AsyncOpenAI/Python 1.61.0"},
    ),
    _case(
        "inputs and request",
        "completions",
        '{"a": 1}',
        ok('[{"a": 1}, "t", "/v1/completions"]'),
        headers={"X-Tag": "t"},
    ),
    _case("the request alone", "embeddings", '{"a": 1}', ok('{"body": "{\\"a\\": 1}"}')),
    _case("no argument at all", "messages", "{}", Answer(529, '{"type":"error"}', error_headers(700))),
    _case("a value is JSON", "responses", '{"a": 1}', ok('{"a": 1}')),
    _case("msgpack in and out", "responses", packed({"a": b"1"}), binary({"a": b"1"}), headers=BINARY),
    _case("an HTTPException", "responses", '"refuse"', fails(402, {"type": "billing"}, 600)),
    _case("an exception", "responses", '"raise"', crashed()),
    _case(
        "broken JSON is refused although the method takes none of it",
        "messages",
        "{",
        refused(
            "Invalid JSON payload: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
        ),
    ),
    Case(
        name="predict that takes the request alone reads the body itself, which need not be JSON",
        truss="request-only",
        path="/v1/models/model:predict?a=1",
        body="no JSON",
        answer=ok('{"body": "no JSON", "query": {"a": "1"}}'),
    ),
    Case(
        name="chat_completions gets its input although predict takes the request alone",
        truss="request-only",
        path="/v1/chat/completions",
        body='{"messages": []}',
        answer=ok('{"messages": []}'),
        upstream=ok("null"),
        because="upstream then parses no body, whatever the endpoint",
    ),
]
