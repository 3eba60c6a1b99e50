"""What a model may answer: statuses, headers and bodies that would harm the framing, or speak for Headway."""

import http

import numpy as np
import pytest
from fastapi import HTTPException
from starlette.background import BackgroundTask
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from fakes.served_model import ServedModel, until

NO_STATUS = [99, 100, 101, 103, 199, 600, 1000, -200, 0, True, "200", 200.0, None]


async def answer(result):
    """The whole answer of a model that returns, or raises, this."""

    class Model:
        async def predict(self, _):
            if isinstance(result, Exception):
                raise result
            return result

    served = ServedModel(Model())
    client = served.client()
    await until(lambda: (not served.calls and client.heard) or client.transport.closed)
    assert served.predicting == 0
    return client.heard


def with_status(kind, status):
    """A response with whatever status; Starlette looks at none of them."""
    match kind:
        case "plain":
            response = PlainTextResponse("body")
        case "stream":
            response = StreamingResponse(iter(["body"]))
        case "task":
            response = JSONResponse({}, background=BackgroundTask(lambda: None))
        case _:
            raised = HTTPException(500, "body")
            raised.status_code = status
            return raised
    response.status_code = status
    return response


@pytest.mark.parametrize("status", NO_STATUS)
@pytest.mark.parametrize("kind", ["plain", "stream", "task", "exception"])
async def test_a_status_that_is_none_is_a_500_and_told_in_the_log(kind, status, caplog):
    heard = await answer(with_status(kind, status))
    assert heard.startswith(b"HTTP/1.1 500 ")
    assert f"the model chose {status!r} as the status of its answer".encode() in heard.replace(b'\\"', b"'")
    assert f"the model chose {status!r} as the status" in caplog.text


@pytest.mark.parametrize("status", [200, 599, 299, http.HTTPStatus.CREATED, np.int64(202)])
@pytest.mark.parametrize("kind", ["plain", "stream", "task", "exception"])
async def test_every_other_integer_is_a_status(kind, status):
    assert (await answer(with_status(kind, status))).startswith(b"HTTP/1.1 %d " % int(status))


@pytest.mark.parametrize("status", [204, 304])
@pytest.mark.parametrize("kind", ["plain", "stream", "task", "exception"])
async def test_an_answer_that_has_no_body_has_none_whatever_the_model_gives(kind, status):
    heard = await answer(with_status(kind, status))
    assert heard.startswith(b"HTTP/1.1 %d " % status)
    assert heard.endswith(b"\r\n\r\n")
    assert heard.count(b"\r\n\r\n") == 1
    assert b"transfer-encoding" not in heard.lower()
    assert status == 304 or b"content-length" not in heard.lower()


FORGED = {
    "X-Headway-Not-Accepted": "1",
    "x-headway-request-id": "forged",
    "x-headway-cold-start": "9",
    "Connection": "close, X-Hop",
    "X-Hop": "1",
    "Keep-Alive": "timeout=9",
    "Upgrade": "h2c",
    "TE": "trailers",
    "Trailer": "x",
    "Proxy-Authenticate": "x",
    "Proxy-Connection": "x",
    "Transfer-Encoding": "chunked",
    "X-Kept": "yes",
}


@pytest.mark.parametrize("kind", ["plain", "stream", "exception"])
async def test_a_model_cannot_speak_for_headway_or_of_the_connection(kind):
    match kind:
        case "plain":
            result = PlainTextResponse("body", headers=FORGED)
        case "stream":
            result = StreamingResponse(iter(["body"]), headers=FORGED | {"Content-Length": "4"})
        case _:
            result = HTTPException(503, "body", FORGED | {"Content-Length": "999"})
    head = (await answer(result)).partition(b"\r\n\r\n")[0].lower()
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n")[1:]]
    assert not {name.lower() for name in FORGED if name != "X-Kept"} & set(names)
    assert "x-kept" in names
    assert names.count("content-length") == 1


@pytest.mark.parametrize(
    ("told", "pieces", "heard"),
    [
        ("9", ["body"], b"broken"),
        ("3", ["body"], b"500"),
        ("5", ["body", "more"], b"broken"),
        ("-1", ["body"], b"500"),
        ("+4", ["body"], b"500"),
        ("4_0", ["body"], b"500"),
        ("4, 4", ["body"], b"500"),
        ("9" * 25, ["body"], b"500"),
        ("9" * 5000, ["body"], b"500"),
        ("4", ["body"], b"200"),
        ("0", [], b"200"),
    ],
)
async def test_a_length_that_is_not_the_bodys_is_an_error_or_breaks_the_answer_off(told, pieces, heard):
    async def made():
        for piece in pieces:
            yield piece

    answered = await answer(StreamingResponse(made(), headers={"content-length": told}))
    if heard == b"broken":
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert answered.endswith(b"\r\n\r\nbody")
        assert int(told) > len("body")
    else:
        assert answered.startswith(b"HTTP/1.1 %s " % heard)


def raw(*messages):
    """A response that sends these messages, whatever they are."""

    class Raw(Response):
        async def __call__(self, _scope, _receive, send):
            for message in messages:
                await send(message)

    return Raw()


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]}
BODY = {"type": "http.response.body", "body": b"body"}


@pytest.mark.parametrize(
    "messages",
    [
        (),
        (START,),
        (BODY,),
        ({"type": "http.response.start"}, BODY),
        (START | {"headers": [(b"content-length", b"4"), (b"content-length", b"5")]}, BODY),
        (START | {"headers": [(b"x", b"a\r\nb: c")]}, BODY),
        (START | {"headers": [(b"x", b"a\x01b")]}, BODY),
        (START | {"headers": [(b"x", b"a\x7f")]}, BODY),
        (START | {"headers": [("x", "y")]}, BODY),
        (START | {"status": 100}, BODY),
        (START, BODY | {"body": "text"}),
    ],
)
async def test_an_application_that_does_not_answer_is_a_500(messages):
    assert (await answer(raw(*messages))).startswith(b"HTTP/1.1 500 ")


async def test_an_application_that_stops_in_the_middle_breaks_its_answer_off():
    heard = await answer(raw({**START, "headers": []}, {**BODY, "more_body": True}))
    assert heard.endswith(b"4\r\nbody\r\n")


async def test_what_an_application_sends_behind_its_answer_is_dropped():
    heard = await answer(raw(START, BODY, BODY, START, BODY))
    assert heard.count(b"HTTP/1.1") == 1
    assert heard.endswith(b"\r\n\r\nbody")


async def test_headers_of_an_exception_that_are_no_text_are_an_error():
    for headers in ({"x": 1}, {"x": "ü€"}, {1: "x"}):
        raised = HTTPException(400, "no")
        raised.headers = headers
        assert (await answer(raised)).startswith(b"HTTP/1.1 500 ")
