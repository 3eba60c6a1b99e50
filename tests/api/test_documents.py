import base64
import hashlib

import httpx
import pytest
from starlette.applications import Starlette

from headway.api import documents


@pytest.fixture
def site(tmp_path):
    (tmp_path / "guide").mkdir()
    (tmp_path / "index.html").write_text("<script>let a</script><script src='x.js'></script>")
    (tmp_path / "guide" / "one.html").write_text("<p>One</p>")
    (tmp_path / "x.js").write_text("1")
    return tmp_path


def client(site):
    transport = httpx.ASGITransport(Starlette(routes=documents.routes(site)))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def test_the_sites_files_are_served_below_help_and_nothing_else(site):
    async with client(site) as asking:
        first = await asking.get("/help", follow_redirects=True)
        assert (first.url.path, first.status_code) == ("/help/", 200)
        assert (await asking.get("/help/guide/one.html")).text == "<p>One</p>"
        assert "javascript" in (await asking.get("/help/x.js")).headers["content-type"]
        for path in ("/help/guide", "/help/../secret", "/help/..%2fsecret", "/help/guide/two.html"):
            assert (await asking.get(path)).status_code == 404


async def test_a_page_may_run_the_scripts_that_it_came_with_and_no_others(site):
    digest = base64.b64encode(hashlib.sha256(b"let a").digest()).decode()
    async with client(site) as asking:
        policy = (await asking.get("/help/")).headers["content-security-policy"]
    scripts = next(one for one in policy.split("; ") if one.startswith("script-src"))
    assert scripts == f"script-src 'self' 'sha256-{digest}'"
    assert policy.startswith("default-src 'none'")


async def test_what_is_not_built_says_how_to_build_it(tmp_path):
    async with client(tmp_path) as asking:
        page = await asking.get("/help/")
        assert page.status_code == 200
        assert "make docs" in page.text


async def test_it_is_served_without_a_key(world):
    async with world() as it:
        await it.post("/v1/api_keys", {}, 201)
        assert (await it.api.get("/help/")).status_code == 200
