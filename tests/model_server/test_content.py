"""What a model sees of a body that came encoded, and what its client is told of one that cannot be decoded."""

import gzip
import json
import zlib

import pytest
from starlette.requests import Request

from fakes.served_model import ServedModel

BODY = json.dumps({"text": "again " * 100}).encode()


class Seeing:
    """Returns its inputs and what a request says of itself."""

    async def predict(self, inputs, request: Request):
        raw = await request.body()
        names = ("content-encoding", "content-length", "transfer-encoding", "x-headway-body-limit")
        return [
            inputs,
            raw.decode(),
            {name: request.headers[name] for name in names if name in request.headers},
        ]


class Methods:
    async def predict(self, inputs):
        return inputs

    async def chat_completions(self, request: Request):
        return (await request.json())["text"]


async def asked(body, lines, *, model=None, path=b"/", chunked=False):
    """Status, head and body of the answer."""
    client = ServedModel(model or Seeing()).client(b"null", path)
    await client.answer()
    client.transport.take()
    framing = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)
    data = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if chunked else body
    client.connection.data_received(
        b"POST %s HTTP/1.1\r\nhost: h\r\n%s\r\n%s\r\n" % (path, framing, lines) + data
    )
    head, _, answer = (await client.answer()).partition(b"\r\n\r\n")
    return int(head.split()[1]), head, json.loads(answer)


@pytest.mark.parametrize(
    ("coding", "encode"),
    [(b"gzip", gzip.compress), (b"x-gzip", gzip.compress), (b"Deflate", zlib.compress), (b"identity", bytes)],
)
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_model_sees_the_body_as_if_it_had_not_been_encoded(coding, encode, chunked):
    lines = b"content-encoding: %s\r\nx-headway-body-limit: 1000\r\n" % coding
    status, _, (inputs, raw, headers) = await asked(encode(BODY), lines, chunked=chunked)
    assert (status, inputs, raw.encode()) == (200, json.loads(BODY), BODY)
    if coding != b"identity":
        assert headers == {"content-length": str(len(BODY))}


async def test_the_free_methods_do_too():
    body = gzip.compress(b'{"text": "hello"}')
    status, _, answer = await asked(
        body, b"content-encoding: gzip\r\n", model=Methods(), path=b"/chat_completions"
    )
    assert (status, answer) == (200, "hello")


@pytest.mark.parametrize("coding", [b"br", b"zstd", b"gzip, gzip"])
async def test_another_coding_is_415_with_those_that_are_understood(coding):
    status, head, answer = await asked(BODY, b"content-encoding: %s\r\n" % coding)
    assert status == 415
    assert b"\r\naccept-encoding: gzip, deflate\r\n" in head
    assert coding.decode() in answer["error"]


async def test_what_is_broken_is_400_and_what_is_too_large_413():
    gzipped = b"content-encoding: gzip\r\n"
    for body in (b"{}", gzip.compress(BODY)[:-1], gzip.compress(BODY) + b"x"):
        status, _, _ = await asked(body, gzipped)
        assert status == 400
    limit = b"x-headway-body-limit: %d\r\n"
    assert (await asked(gzip.compress(BODY), gzipped + limit % len(BODY)))[0] == 200
    assert (await asked(gzip.compress(BODY), gzipped + limit % (len(BODY) - 1)))[0] == 413
    hundred = gzip.compress(bytes(100 * 1024 * 1024 + 1), 1)
    assert (await asked(hundred, gzipped))[0] == 413  # as the default has it, where no gateway says otherwise


async def test_a_large_body_lets_others_go_on():
    served = ServedModel(Methods(), concurrency=2)
    body = gzip.compress(json.dumps("x" * 20_000_000).encode(), 1)
    slow, quick = served.client(), served.client()
    for one in (slow, quick):
        await one.answer()
        one.transport.take()
    head = b"POST / HTTP/1.1\r\nhost: h\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n"
    slow.connection.data_received(head % len(body) + body)
    small = gzip.compress(b"1")
    quick.connection.data_received(head % len(small) + small)
    await quick.answer()
    assert not slow.heard
    await slow.answer()
