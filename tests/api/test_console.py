import httpx
from starlette.applications import Starlette

from headway.api import console


def client(directory):
    transport = httpx.ASGITransport(Starlette(routes=console.routes(directory)))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")


async def test_the_page_is_always_asked_for_anew_and_hashed_files_never(tmp_path):
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>Headway</title>")
    (tmp_path / "assets" / "index-abc.js").write_text("1")
    (tmp_path / "icon.svg").write_text("<svg/>")
    async with client(tmp_path) as asking:
        page = await asking.get("/")
        assert (page.status_code, page.text) == (200, "<title>Headway</title>")
        assert page.headers["cache-control"] == "no-cache"
        assert "default-src 'none'" in page.headers["content-security-policy"]
        again = await asking.get("/", headers={"if-none-match": page.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        script = await asking.get("/assets/index-abc.js")
        assert "javascript" in script.headers["content-type"]
        assert "immutable" in script.headers["cache-control"]
        assert (await asking.get("/icon.svg")).headers["cache-control"] == "no-cache"
        for path in ("/index.html", "/assets/../index.html", "/assets/other.js", "/..%2f..%2fetc/passwd"):
            assert (await asking.get(path)).status_code == 404


async def test_the_apis_page_is_one_of_the_consoles_and_asks_nobody_else(world):
    async with world() as it:
        page = await it.api.get("/docs")
        assert page.status_code == 200
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "://" not in page.text
        for path in ("/redoc", "/docs/oauth2-redirect", "/docs.html"):
            await it.refused("GET", path, 404)


async def test_what_is_not_built_says_how_to_build_it(tmp_path):
    async with client(tmp_path) as asking:
        page = await asking.get("/")
        assert page.status_code == 200
        assert "make console" in page.text


async def test_it_is_served_without_a_key_and_the_rest_is_not(world):
    async with world() as it:
        await it.post("/v1/api_keys", {}, 201)
        assert (await it.api.get("/")).status_code == 200
        await it.refused("GET", "/v1/models", 401)
