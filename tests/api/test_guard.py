import pytest

from headway.api.guard import MOST_BODY_BYTES

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
