"""What is tried from the console goes to the gateway, whose part a small server plays."""

import asyncio
import contextlib
import json

from fakes.control_plane import opened

ECHO = "/v1/models/echo/deployments"


@contextlib.asynccontextmanager
async def gateway(answer):
    """Answers each request with what `answer(head, body)` makes; yields its URL and the heads that came."""
    heads = []

    async def converse(reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        heads.append(head)
        length = int(head.partition("content-length: ")[2].partition("\r\n")[0] or 0)
        body = await reader.readexactly(length)
        async for piece in answer(head, body, reader):
            writer.write(piece)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    finally:
        server.close()


async def echo(_head, body, _reader):
    yield b"HTTP/1.1 201 Made\r\ncontent-type: text/x-odd\r\nx-headway-request-id: r7\r\n"
    yield b"server-timing: predict;dur=5\r\ncontent-length: %d\r\n\r\n" % len(body)
    yield body


async def test_the_gateways_answer_is_passed_back_as_it_is(world):
    async with gateway(echo) as (url, heads), world(inference_url=url) as it:
        deployment_id = await it.serving()
        headers = {"authorization": "Bearer k", "content-type": "text/plain", "cookie": "no"}
        answer = await it.api.post(f"{ECHO}/production/predict", content=b"hello", headers=headers)
        assert (answer.status_code, answer.content) == (201, b"hello")
        assert answer.headers["content-type"] == "text/x-odd"
        assert answer.headers["x-headway-request-id"] == "r7"
        assert answer.headers["server-timing"] == "predict;dur=5"
        [head] = heads
        assert head.startswith(f"post /models/echo/deployments/{deployment_id}/predict ")
        assert "authorization: bearer k" in head
        assert "content-type: text/plain" in head
        assert "cookie" not in head


async def test_the_operators_key_is_shown_to_the_gateway_where_no_model_gets_it(world):
    async with gateway(echo) as (url, heads), world(inference_url=url) as it:
        await it.serving()
        key = (await it.post("/v1/api_keys", {}, expected=201))["api_key"]
        for name, value in (("authorization", f"Bearer {key}"), ("x-api-key", key), ("api-key", key)):
            answer = await it.api.post(f"{ECHO}/production/predict", content=b"{}", headers={name: value})
            assert answer.status_code == 201
            assert f"x-api-key: {key}" in heads[-1]
            assert "authorization" not in heads[-1]
        burst = {"count": 1, "input": {}}
        await it.api.post(f"{ECHO}/production/burst", json=burst, headers={"authorization": f"Bearer {key}"})
        assert f"x-api-key: {key}" in heads[-1]
        assert "authorization" not in heads[-1]


async def test_a_stream_comes_piece_by_piece(world):
    more = asyncio.Event()

    async def pieces(_head, _body, _reader):
        yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n"
        await more.wait()
        yield b"3\r\ntwo\r\n0\r\n\r\n"

    async with gateway(pieces) as (url, _), world(inference_url=url) as it:
        await it.serving()
        async with opened(it.app, f"{ECHO}/production/predict", method="POST") as (status, _, body):
            assert status == 200
            assert await anext(body) == "one"
            more.set()
            assert await anext(body) == "two"


async def test_one_who_leaves_ends_the_request_at_the_gateway(world):
    came, left = asyncio.Event(), asyncio.Event()

    async def silent(_head, _body, reader):
        came.set()
        await reader.read()
        left.set()
        yield b""

    async with gateway(silent) as (url, _), world(inference_url=url) as it:
        await it.serving()
        async with opened(it.app, f"{ECHO}/production/predict", method="POST", answers=False):
            await came.wait()
        await left.wait()


async def test_a_burst_is_sent_at_once_and_told_as_it_ends(world):
    arrived = []
    all_there = asyncio.Event()

    async def together(head, body, reader):
        arrived.append(body)
        if len(arrived) == 5:
            all_there.set()
        await all_there.wait()
        async for piece in echo(head, body, reader):
            yield piece

    async with gateway(together) as (url, _), world(inference_url=url) as it:
        await it.serving()
        answer = await it.api.post(f"{ECHO}/production/burst", json={"count": 5, "input": {"a": 1}})
        assert answer.status_code == 200
        told = [json.loads(line) for line in answer.text.splitlines()]
        assert sorted(one["index"] for one in told) == [0, 1, 2, 3, 4]
        assert {(one["status"], one["request_id"], one["body"]) for one in told} == {(201, "r7", '{"a": 1}')}
        assert {one["server_timing"] for one in told} == {"predict;dur=5"}


async def test_a_gateway_that_is_away_is_told_of(world):
    async with world(inference_url="http://127.0.0.1:1") as it:
        await it.serving()
        error = await it.refused("POST", f"{ECHO}/production/predict", 503, json={})
        assert error["code"] == "gateway"
        answer = await it.api.post(f"{ECHO}/production/burst", json={"count": 2, "input": None})
        assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [0, 0]
        for count in (0, 65):
            await it.refused("POST", f"{ECHO}/production/burst", 422, json={"count": count, "input": 1})
        await it.refused("POST", f"{ECHO}/nobody/predict", 404, json={})
