"""What is tried from the console goes to the gateway, whose part a small server plays."""

import asyncio
import contextlib
import json

import pytest

from fakes.control_plane import opened
from headway.api.guard import MOST_BODY_BYTES

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


async def odd(_head, body, _reader):
    yield b"HTTP/1.1 307 Over there\r\nlocation: http://evil.example/\r\nset-cookie: a=b\r\n"
    yield b"content-security-policy: default-src *\r\nwww-authenticate: Basic\r\nx-own: yes\r\n"
    yield b"content-length: %d\r\n\r\n" % len(body)
    yield body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_any_path_of_a_model_is_asked_with_any_method_as_it_was_written(world, method):
    async with gateway(echo) as (url, heads), world(inference_url=url) as it:
        deployment_id = await it.serving()
        content = b"" if method == "GET" else b"hello"
        path = f"{ECHO}/production/sync/v1/a%2Fb/?q=1&r=%20x"
        answer = await it.api.request(method, path, content=content)
        assert (answer.status_code, answer.content) == (201, content)
        [head] = heads
        assert head.startswith(
            f"{method.lower()} /models/echo/deployments/{deployment_id}/sync/v1/a%2fb/?q=1&r=%20x "
        )
        assert "transfer-encoding" not in head, "a request without a body has none"


async def test_head_stays_head(world):
    async def headed(_head, _body, _reader):
        yield b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n"

    async with gateway(headed) as (url, heads), world(inference_url=url) as it:
        await it.serving()
        answer = await it.api.head(f"{ECHO}/production/sync/v1")
        assert (answer.status_code, answer.content) == (200, b"")
        assert heads[0].startswith("head /models/")


async def test_a_model_tells_a_browser_nothing_to_do_in_the_consoles_name(world):
    async with gateway(odd) as (url, _), world(inference_url=url) as it:
        await it.serving()
        for way in ("predict", "sync/page"):
            answer = await it.api.post(
                f"{ECHO}/production/{way}", content=b"<script>", follow_redirects=False
            )
            assert (answer.status_code, answer.content) == (307, b"<script>")
            assert answer.headers["x-headway-location"] == "http://evil.example/"
            assert answer.headers["content-security-policy"] == "sandbox"
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-own"] == "yes"
            assert not {"location", "set-cookie", "www-authenticate"} & answer.headers.keys()


async def test_a_large_body_passes_as_it_comes(world):
    large = b"x" * (3 * MOST_BODY_BYTES)

    async def pieces():
        for start in range(0, len(large), 100_000):
            yield large[start : start + 100_000]

    async with gateway(echo) as (url, heads), world(inference_url=url) as it:
        await it.serving()
        for way in ("predict", "sync/v1/files"):
            length = {"content-length": str(len(large))}
            answer = await it.api.post(f"{ECHO}/production/{way}", content=pieces(), headers=length)
            assert answer.content == large
            assert f"content-length: {len(large)}" in heads[-1]


async def test_a_page_that_somebody_opens_by_its_address_asks_no_foreign_site_in(world):
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    async with gateway(echo) as (url, heads), world(inference_url=url) as it:
        await it.serving()
        await it.refused("GET", f"{ECHO}/production/sync/page", 403, headers=visit)
        assert heads == []
