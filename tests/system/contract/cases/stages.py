"""preprocess, predict and postprocess in a row, and what may pass between them."""

import json

from system.contract.table import Answer, Case, Json, Source, crashed, fails, ok

ASYNC_STAGES = """
import fastapi
from fastapi.responses import JSONResponse, StreamingResponse

def parts(*values, error=None):
    yield from values
    if error:
        raise error

def stumble(inputs, stage):
    if inputs.get("raise") == stage:
        raise ValueError(stage)
    if inputs.get("refuse") == stage:
        raise fastapi.HTTPException(409, stage)

class Model:
    {kind} preprocess(self, inputs, request: fastapi.Request):
        stumble(inputs, "preprocess")
        return inputs | {"trail": ["pre", request.headers.get("x-tag")]}

    {kind} predict(self, inputs):
        stumble(inputs, "predict")
        match inputs.get("predict"):
            case "stream":
                return parts("a")
            case "response":
                return JSONResponse({})
            case "parts":
                return {"parts": list(parts(1, 2))}
        return inputs | {"trail": inputs["trail"] + ["predict"]}

    {kind} postprocess(self, result, request: fastapi.Request):
        stumble(result, "postprocess")
        match result.get("postprocess"):
            case "stream":
                return parts("a", "b")
            case "broken":
                return parts("a", error=ValueError("broken"))
            case "response":
                return JSONResponse({"by": "postprocess"}, status_code=202)
            case "stream response":
                return StreamingResponse(parts("a", "b"), media_type="text/event-stream")
        return result | {"trail": result["trail"] + ["post"]}
"""

SOURCES = {
    "async-stages": Source(model=ASYNC_STAGES.replace("{kind}", "async def")),
    "sync-stages": Source(model=ASYNC_STAGES.replace("{kind}", "def")),
    "opaque-stages": Source(
        model="""
class Model:
    def preprocess(self, inputs):
        return (str(part) for part in inputs)

    def predict(self, generator):
        return {"a set": set(generator)}

    def postprocess(self, result):
        return sorted(result["a set"])
"""
    ),
    "postprocess-only": Source(
        model="""
class Model:
    def predict(self, inputs):
        return {1, 2}

    async def postprocess(self, result):
        yield from_set(result)

def from_set(values):
    return ",".join(str(value) for value in sorted(values))
"""
    ),
}


def _case(
    name: str, answer: Answer, truss: str = "async-stages", headers: dict[str, str] | None = None, **body: str
) -> Case:
    return Case(name=name, truss=truss, body=json.dumps(body), answer=answer, headers=headers or {})


CASES = [
    _case(
        "each stage gets the one before's result, and the request",
        ok(Json({"trail": ["pre", "t", "predict", "post"]})),
        headers={"X-Tag": "t"},
    ),
    _case("plain functions too", ok(Json({"trail": ["pre", None, "predict", "post"]})), "sync-stages"),
    *(
        _case(f"an exception in {stage} of {truss}", crashed(), truss, **{"raise": stage})
        for truss in ("async-stages", "sync-stages")
        for stage in ("preprocess", "predict", "postprocess")
    ),
    *(
        _case(f"an HTTPException in {stage}", fails(409, stage, 600), refuse=stage)
        for stage in ("preprocess", "predict", "postprocess")
    ),
    _case("a stream from predict cannot be postprocessed", crashed(), predict="stream"),
    _case("a response from predict cannot be postprocessed", crashed(), predict="response"),
    _case(
        "a generator from postprocess streams",
        ok("ab", "application/octet-stream", transfer_encoding="chunked"),
        postprocess="stream",
    ),
    _case(
        "a generator from postprocess is never collected",
        ok("ab", "application/octet-stream"),
        headers={"Accept": "application/json"},
        postprocess="stream",
    ),
    _case(
        "a generator from postprocess that breaks cuts the connection",
        Answer(200, "a", cut=True),
        postprocess="broken",
    ),
    _case("a response from postprocess passes", Answer(202, '{"by":"postprocess"}'), postprocess="response"),
    _case(
        "a streaming response from postprocess passes",
        ok("ab", "text/event-stream; charset=utf-8"),
        postprocess="stream response",
    ),
    Case(
        name="between the stages anything passes: a generator, a set",
        truss="opaque-stages",
        body="[2, 1]",
        answer=ok('["1", "2"]'),
    ),
    Case(
        name="an async generator function as postprocess streams",
        truss="postprocess-only",
        answer=ok("1,2", "application/octet-stream"),
    ),
]
