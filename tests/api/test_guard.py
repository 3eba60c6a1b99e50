import asyncio

import httpx
import pytest

from fakes.control_plane import opened
from headway.api.guard import MOST_BODY_BYTES
from headway.core.entry import AllowedOrigins

KEYS = "/v1/api_keys"


@pytest.mark.parametrize("host", ["localhost", "localhost:8081", "127.0.0.1:8081", "[::1]:8081", "10.0.0.7"])
async def test_without_keys_an_address_or_localhost_may_be_asked(world, host):
    async with world() as it:
        assert (await it.api.get("/v1/models", headers={"host": host})).status_code == 200
        answer = await it.api.get("/v1/models", headers={"host": host, "origin": f"http://{host}"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:3000"},
        {"origin": "https://localhost"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"host": "evil.example", "origin": "http://evil.example"},
        {"host": "evil.example:8081"},
        {"host": "[::1"},
    ],
)
async def test_a_page_of_another_site_cannot_push_or_read(world, headers):
    async with world() as it:
        for method, path in (
            *(("GET", "/v1/models"), ("POST", "/v1/models"), ("GET", "/v1/events")),
            *(("GET", "/metrics"), ("GET", "/"), ("GET", "/openapi.json"), ("GET", "/healthz")),
        ):
            error = await it.refused(method, path, 403, headers=headers)
            assert error["code"] == "foreign_page"


async def test_a_link_on_another_site_leads_to_the_console_and_to_nothing_else(world):
    visit = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}
    async with world() as it:
        assert (await it.api.get("/", headers=visit)).status_code == 200
        await it.refused("GET", "/v1/models", 403, headers=visit)
        await it.refused("GET", "/", 403, headers={**visit, "sec-fetch-dest": "iframe"})


async def test_with_keys_the_key_decides_whatever_the_name_and_the_page(world):
    async with world() as it:
        key = (await it.post(KEYS, {}, expected=201))["api_key"]
        headers = {"host": "headway.example", "origin": "https://app.example", "sec-fetch-site": "cross-site"}
        assert (await it.refused("GET", "/v1/models", 401, headers=headers))["code"] == "key_missing"
        headers["authorization"] = f"Bearer {key}"
        assert (await it.api.get("/v1/models", headers=headers)).status_code == 200


async def test_a_body_that_is_read_whole_is_bounded_whether_it_says_its_length_or_not(world):
    large = b" " * (MOST_BODY_BYTES + 1)

    async def pieces():
        for start in range(0, len(large), 1000):
            yield large[start : start + 1000]

    async with world() as it:
        for content in (large, pieces()):
            headers = {"content-type": "application/json"}
            error = await it.refused("POST", "/v1/secrets", 413, content=content, headers=headers)
            assert error["code"] == "too_large"
        archive = await it.refused("POST", "/v1/models", 422, content=large)
        assert archive["code"] == "invalid_archive", "those have their own bound"


APP = {"origin": "https://app.example"}
PREFLIGHT = {
    **APP,
    "access-control-request-method": "PATCH",
    "access-control-request-headers": "authorization",
}


async def test_by_default_no_page_of_another_origin_reads_an_answer(world):
    async with world() as it:
        await it.refused("OPTIONS", "/v1/models", 403, headers=PREFLIGHT)
        await it.post(KEYS, {}, expected=201)
        answer = await it.api.options("/v1/models", headers=PREFLIGHT)
        assert answer.status_code == 401
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_an_allowed_page_asks_first_and_reads_every_answer(world):
    def shared(answer):
        return answer.headers.get("access-control-allow-origin") == APP["origin"]

    async with world(allowed_origins=AllowedOrigins.of([APP["origin"]])) as it:
        assert shared(await it.api.get("/v1/models", headers={**APP, "sec-fetch-site": "cross-site"}))
        key = (await it.post(KEYS, {}, expected=201))["api_key"]
        answer = await it.api.options("/v1/models", headers=PREFLIGHT)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-methods"] == "PATCH"
        assert answer.headers["access-control-allow-headers"] == "authorization"
        assert shared(answer)
        evil = {**PREFLIGHT, "origin": "https://evil.example"}
        assert (await it.refused("OPTIONS", "/v1/models", 403, headers=evil))["code"] == "foreign_page"
        keyed = {**APP, "authorization": f"Bearer {key}"}
        for headers, path, status in (
            (keyed, "/v1/models", 200),
            (APP, "/v1/models", 401),
            (keyed, "/v1/models/nobody", 404),
            (keyed, "/nothing", 404),
            (APP, "/healthz", 200),
        ):
            answer = await it.api.get(path, headers=headers)
            assert answer.status_code == status
            assert shared(answer)
            assert "retry-after" in answer.headers["access-control-expose-headers"]


async def test_a_defect_is_told_so_that_the_page_can_read_it(world):
    async with world(allowed_origins=AllowedOrigins.of(["*"])) as it:
        it.app.state._state.pop("plane")
        transport = httpx.ASGITransport(it.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
            answer = await api.get("/v1/models", headers=APP)
            assert (answer.status_code, answer.json()["error"]["code"]) == (500, "defect")
            assert answer.headers["access-control-allow-origin"] == "*"
        it.app.state.plane = it.plane


@pytest.mark.parametrize("path", ["/v1/events", "/v1/models/echo/deployments/production/logs?follow=true"])
async def test_a_deleted_keys_streams_end(world, path):
    async with world() as it:
        await it.serving()
        manage = (await it.post(KEYS, {}, expected=201))["api_key"]
        keep = {"authorization": f"Bearer {manage}"}
        doomed = (await it.api.post(KEYS, json={}, headers=keep)).json()
        headers = {"authorization": f"Bearer {doomed['api_key']}"}
        async with opened(it.app, path, headers=headers) as (status, _, body):
            assert status == 200
            answer = await it.api.delete(f"{KEYS}/{doomed['prefix']}", headers=headers)
            assert answer.status_code == 200, "who deletes his own key is told so"
            async with asyncio.timeout(10):
                async for _ in body:
                    continue
        assert (await it.api.get("/v1/models", headers=keep)).status_code == 200
