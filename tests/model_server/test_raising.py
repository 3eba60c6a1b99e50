"""Whatever a model's code raises, and however, its request is answered: to the gateway none of its connections ever
looks like that of a replica that died.
"""

import asyncio

import pytest
from fastapi import HTTPException
from starlette.responses import Response, StreamingResponse

from fakes.served_model import ServedModel, until


class UntellableError(Exception):
    def __str__(self):
        raise ValueError("no words for it")

    __repr__ = __str__


class Untellable(dict):
    def items(self):
        raise UntellableError


class Raising(Response):
    """Raises after `messages`."""

    def __init__(self, error, *messages):
        super().__init__()
        self.error, self.messages = error, messages

    async def __call__(self, _scope, _receive, send):
        for message in self.messages:
            await send(message)
        raise self.error


async def pieces(count, error):
    for _ in range(count):
        yield "piece "
        await asyncio.sleep(0)
    raise error


def pieces_of_thread(count, error):
    for _ in range(count):
        yield "piece "
    raise error


async def awaiting_what_was_cancelled(count):
    for _ in range(count):
        yield "piece "
    other = asyncio.ensure_future(asyncio.sleep(60))
    other.cancel()
    await other


START = {"type": "http.response.start", "status": 200, "headers": []}
PIECE = {"type": "http.response.body", "body": b"piece ", "more_body": True}


async def heard_of(make, headers=b"host: h\r\n"):
    """The whole answer of a model whose predict returns what `make` makes."""

    class Model:
        async def predict(self, _):
            return make()

    served = ServedModel(Model())
    client = served.client(headers=headers)
    await until(lambda: (not served.calls and client.heard) or client.transport.closed)
    assert served.predicting == 0
    assert not served.calls
    return client


ERRORS = [
    ValueError("x"),
    asyncio.CancelledError(),
    UntellableError(),
    BaseException("x"),
    KeyboardInterrupt(),
]


def of_each(error):
    return {
        "generator": lambda count: pieces_of_thread(count, error),
        "asynchronous generator": lambda count: pieces(count, error),
        "streaming response": lambda count: StreamingResponse(pieces(count, error)),
        "response": lambda count: Raising(error, START, *[PIECE] * count),
    }


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", of_each(None))
async def test_what_is_raised_before_the_first_piece_is_an_answer(kind, error):
    client = await heard_of(lambda: of_each(error)[kind](0))
    assert client.heard.startswith(b"HTTP/1.1 500 ")
    assert not client.transport.closed


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", of_each(None))
async def test_what_is_raised_later_breaks_off_and_keeps_what_was_given(kind, error):
    client = await heard_of(lambda: of_each(error)[kind](2))
    assert client.heard.startswith(b"HTTP/1.1 200 ")
    assert client.heard.count(b"piece ") == 2
    assert b"\r\n0\r\n" not in client.heard
    assert client.transport.closed


@pytest.mark.parametrize("wrap", [lambda chunks: chunks, StreamingResponse])
async def test_a_task_of_the_models_own_that_was_cancelled_is_an_error_like_any(wrap):
    assert (await heard_of(lambda: wrap(awaiting_what_was_cancelled(0)))).heard.startswith(b"HTTP/1.1 500 ")
    later = await heard_of(lambda: wrap(awaiting_what_was_cancelled(2)))
    assert later.heard.count(b"piece ") == 2


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("produce", [pieces, pieces_of_thread])
async def test_a_stream_that_is_wanted_whole_and_raises_is_an_answer(produce, error):
    client = await heard_of(lambda: produce(2, error), b"host: h\r\naccept: application/json\r\n")
    assert client.heard.startswith(b"HTTP/1.1 500 ")


async def test_a_value_that_cannot_be_encoded_is_an_answer_also_where_its_error_cannot_be_told():
    assert b"Unhandled exception: UntellableError" in (await heard_of(lambda: Untellable(a=1))).heard


async def test_a_detail_that_cannot_be_encoded_is_an_answer():
    def fails():
        raise HTTPException(429, Untellable(a=1))

    client = await heard_of(fails)
    assert client.heard.startswith(b"HTTP/1.1 500 ")
    assert not client.transport.closed


async def test_the_content_type_of_an_exception_stands_for_ours():
    def fails():
        raise HTTPException(429, "slow down", {"Content-Type": "application/problem+json"})

    heard = (await heard_of(fails)).heard.lower()
    assert heard.count(b"content-type:") == 1
    assert b"application/problem+json" in heard
