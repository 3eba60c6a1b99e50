"""HEAD is answered wherever GET is, and 405 says what is."""

import asyncio

import httpx
import pytest

from headway.api.head_requests import HeadRequests


async def test_head_of_whatever_get_reads_is_its_head(world):
    async with world() as it:
        await it.serving()
        for path in (
            "/",
            "/docs",
            "/openapi.json",
            "/healthz",
            "/v1/models",
            "/v1/models/echo/deployments",
            "/v1/no",
        ):
            got, head = await it.api.get(path), await it.api.head(path)
            assert (head.status_code, head.content) == (got.status_code, b"")
            assert dict(head.headers) == dict(got.headers)


async def test_head_of_what_has_no_end_ends_with_the_head(world):
    async with world() as it, asyncio.timeout(5):
        for path in ("/v1/events",):
            head = await it.api.head(path)
            assert head.headers["content-type"].startswith("text/event-stream")


async def test_a_key_is_asked_for_all_the_same(world):
    async with world() as it:
        await it.post("/v1/api_keys", {}, 201)
        assert (await it.api.head("/v1/models")).status_code == 401


async def test_405_says_what_is_understood(world):
    async with world() as it:
        await it.serving()
        for method, path, allowed in (
            ("PUT", "/v1/models", "GET, HEAD, POST"),
            ("DELETE", "/healthz", "GET, HEAD"),
            ("PUT", "/docs", "GET, HEAD"),
            ("HEAD", "/v1/models/echo/deployments/production/promote", "POST"),
        ):
            answer = await it.api.request(method, path)
            assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_what_the_application_raises_is_not_hidden():
    async def broken(*_):
        raise ZeroDivisionError

    transport = httpx.ASGITransport(HeadRequests(broken))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asking:
        with pytest.raises(ZeroDivisionError):
            await asking.head("/")


async def test_a_client_that_leaves_ends_the_work():
    ended = asyncio.Event()

    async def endless(*_):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    task = asyncio.create_task(HeadRequests(endless)({"type": "http", "method": "HEAD"}, None, None))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
