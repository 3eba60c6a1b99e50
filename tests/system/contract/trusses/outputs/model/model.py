"""Returns or raises what the request names."""

import asyncio
import datetime as dt
import decimal
import sys
import uuid

import fastapi
import numpy as np
import pydantic
import starlette.exceptions
from fastapi.responses import (
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)


class Point(pydantic.BaseModel):
    x: int
    y: float = 0.5


class EventSource(Response):
    """Sends its body by itself, as the common event-source responses do: a Response, not a StreamingResponse."""

    media_type = "text/event-stream"

    async def __call__(self, _scope, _receive, send):
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream")],
            }
        )
        for body in (b"data: 1\r\n\r\n", b"data: 2\r\n\r\n"):
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def raised(error):
    raise error


def chunks(*values, error=None):
    yield from values
    if error:
        raise error


async def async_chunks(*values, error=None):
    for value in values:
        yield value
    if error:
        raise error


async def pausing():
    yield "before"
    await asyncio.sleep(2.5)
    yield "after"


async def coroutine():
    return 1


def with_cookies():
    response = Response("body", headers={"X-Model": "mine"})
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response


RESULTS = {
    "dict": lambda: {"b": 1, "a": [1, 2.5, None, True]},
    "list": lambda: [1, "two"],
    "tuple": lambda: (1, (2, 3)),
    "string": lambda: "naïve",
    "integer": lambda: 7,
    "float": lambda: 0.1,
    "boolean": lambda: True,
    "nothing": lambda: None,
    "empty": dict,
    "integer keys": lambda: {1: "one"},
    "not a number": lambda: [float("nan"), float("inf")],
    "array": lambda: np.array([[1, 2], [3, 4]], dtype="<i8"),
    "numpy scalars": lambda: {"i": np.int64(3), "f": np.float32(0.5)},
    "nested array": lambda: {"embedding": [np.array([0.5, 1.5])]},
    "numpy boolean": lambda: np.bool_(True),
    "set": lambda: {1},
    "datetime": lambda: dt.datetime(2024, 1, 2, 3, 4, 5, tzinfo=dt.UTC),
    "moments": lambda: [
        dt.date(2024, 1, 2),
        dt.time(3, 4, 5),
        dt.timedelta(1, 2, 3),
        decimal.Decimal("1.50"),
        uuid.UUID(int=1),
    ],
    "zoned time": lambda: dt.time(3, tzinfo=dt.UTC),
    "bytes": lambda: b"\x00raw\xff",
    "pydantic": lambda: Point(x=1),
    "pydantic in a list": lambda: [Point(x=1)],
    "coroutine": coroutine,
    "response": with_cookies,
    "created": lambda: JSONResponse({"id": 1}, status_code=201),
    "no content": lambda: Response(status_code=204),
    "text": lambda: PlainTextResponse("plain é"),
    "html": lambda: HTMLResponse("<p>hi</p>"),
    "redirect": lambda: RedirectResponse("/elsewhere"),
    "not found": lambda: JSONResponse({"missing": True}, status_code=404),
    "teapot with error header": lambda: Response(
        "t", status_code=418, headers={"x-baseten-error-code": "123"}
    ),
    "value error": lambda: raised(ValueError("secret detail")),
    "stop iteration": lambda: raised(StopIteration("over")),
    "not implemented": lambda: raised(NotImplementedError("later")),
    "teapot": lambda: raised(fastapi.HTTPException(418, "short and stout")),
    "structured error": lambda: raised(fastapi.HTTPException(422, {"field": "x", "why": ["bad"]})),
    "listed error": lambda: raised(fastapi.HTTPException(422, ["bad", "worse"])),
    "numbered error": lambda: raised(fastapi.HTTPException(422, 5)),
    "default detail": lambda: raised(fastapi.HTTPException(404)),
    "retry later": lambda: raised(fastapi.HTTPException(429, "busy", headers={"Retry-After": "5"})),
    "starlette error": lambda: raised(starlette.exceptions.HTTPException(418, "teapot")),
    "exit": lambda: sys.exit(3),
    "stream": lambda: chunks("a", "b", "ç"),
    "byte stream": lambda: chunks(b"\x00", b"\xff"),
    "mixed stream": lambda: chunks("a", b"b"),
    "async stream": lambda: async_chunks("a", "b"),
    "empty stream": chunks,
    "split character": lambda: chunks(b"\xc3", b"\xa9"),
    "numbers": lambda: chunks(1, 2),
    "cut text": lambda: chunks(b"\xc3"),
    "long stream": lambda: chunks(*[b"x" * 65536] * 64),
    "broken at once": lambda: chunks(error=ValueError("broken")),
    "broken stream": lambda: chunks("a", "b", error=ValueError("broken")),
    "broken async stream": lambda: async_chunks("a", error=ValueError("broken")),
    "refusing at once": lambda: async_chunks(
        error=fastapi.HTTPException(409, "conflict", {"Retry-After": "5"})
    ),
    "refusing stream": lambda: async_chunks("a", error=fastapi.HTTPException(409, "conflict")),
    "pausing stream": pausing,
    "event stream": lambda: StreamingResponse(
        chunks("data: 1\n\n", "data: 2\n\n"), media_type="text/event-stream"
    ),
    "partial content": lambda: StreamingResponse(chunks("part"), 206, {"X-Part": "1"}),
    "failed stream response": lambda: StreamingResponse(chunks("gone"), 410),
    "broken stream response": lambda: StreamingResponse(async_chunks("a", error=ValueError("broken"))),
    "event source": EventSource,
}


class Model:
    def predict(self, inputs):
        return RESULTS[inputs["result"]]()
