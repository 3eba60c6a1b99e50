"""The site of the documents below /help, which the build puts beside this package: its files, and nothing else."""

import base64
import hashlib
import mimetypes
import re
from collections.abc import Callable
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

SITE = Path(__file__).parents[1] / "help"
_TOP = "/help"
_POLICY = (
    "default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Styles stand in elements that the site's own script makes."""
_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_NOT_BUILT = """<!doctype html><html lang="en"><title>Headway</title>
<p>The documents' site is not built in this checkout: <code>make docs</code> builds it.</p></html>"""


def routes(site: Path = SITE) -> list[BaseRoute]:
    """The site's files. They are found at the start: nothing else can be asked for."""
    files = [path for path in sorted(site.rglob("*")) if path.is_file()]
    return [
        Route(_TOP, _to_first_page),
        Route(f"{_TOP}/", _page(site / "index.html")),
        *(Route(f"{_TOP}/{path.relative_to(site).as_posix()}", _page(path)) for path in files),
    ]


async def _to_first_page(_: Request) -> Response:
    """Pages name each other from where they are."""
    return RedirectResponse(f"{_TOP}/", headers=_HEADERS)


def _page(path: Path) -> Callable[[Request], Response]:
    def page(_: Request) -> Response:
        if path.suffix != ".html":
            return FileResponse(path, media_type=mimetypes.guess_type(path.name)[0], headers=_HEADERS)
        text = path.read_text(encoding="utf-8") if path.is_file() else _NOT_BUILT
        return HTMLResponse(text, headers={**_HEADERS, "content-security-policy": _policy(text)})

    return page


def _policy(page: str) -> str:
    """The page's own scripts run, and no others that somebody put into it."""
    digests = (hashlib.sha256(script.encode()).digest() for script in _INLINE.findall(page))
    return _POLICY.format(scripts=" ".join(f"'sha256-{base64.b64encode(one).decode()}'" for one in digests))
