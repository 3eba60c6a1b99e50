"""The console's files, which the build puts beside this package: its pages and what they load, and nothing else."""

import hashlib
import mimetypes
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import BaseRoute, Route

ASSETS = Path(__file__).parents[1] / "console" / "assets"
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_PAGES = {"/": "index.html", "/docs": "docs.html"}
_HASHED = {"cache-control": "public, max-age=31536000, immutable"}
_FRESH = {"cache-control": "no-cache"}
_NOT_BUILT = """<!doctype html><html lang="en"><title>Headway</title>
<h1>Headway</h1><p>The console is not built in this checkout: <code>make console</code> builds it.
The API is described at <a href="/openapi.json">/openapi.json</a>.</p></html>"""


def routes(directory: Path = ASSETS) -> list[BaseRoute]:
    """The pages, and the files that they name. They are found at the start: nothing else can be asked for."""
    pages = [_page(address, directory / name) for address, name in _PAGES.items()]
    return [*pages, *(_file(path, directory) for path in sorted(_files(directory)))]


def _page(address: str, path: Path) -> Route:
    def page(request: Request) -> Response:
        if not path.is_file():
            return HTMLResponse(_NOT_BUILT, headers={**_HEADERS, **_FRESH})
        content = path.read_bytes()
        tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        headers = {**_HEADERS, **_FRESH, "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(content, headers=headers)

    return Route(address, page)


def _files(directory: Path) -> list[Path]:
    pages = {directory / name for name in _PAGES.values()}
    return [path for path in directory.rglob("*") if path.is_file() and path not in pages]


def _file(path: Path, directory: Path) -> Route:
    name = path.relative_to(directory).as_posix()
    caching = _HASHED if name.startswith("assets/") else _FRESH
    media_type = mimetypes.guess_type(name)[0]

    async def file(_: Request) -> Response:
        return FileResponse(path, media_type=media_type, headers={**_HEADERS, **caching})

    return Route(f"/{name}", file)
