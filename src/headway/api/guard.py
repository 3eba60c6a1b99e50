"""Stands before the API, as a plain ASGI application: who may ask is judged before anything is read, and how much
is read is bounded. Pages of other sites that a browser shows are nobody who may ask.
"""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.api.errors import answer
from headway.control.keys import MANAGE, Keyring, Verdict

MOST_BODY_BYTES = 1024 * 1024
"""Of a body that is read whole; archives are taken piece by piece, and have a bound of their own."""

_GUARDED = ("/v1/", "/metrics")
_TOO_LARGE = f"the body has more than {MOST_BODY_BYTES:,} bytes"


class Guard:
    """`keyring` has the keys; where there are none, everybody on this machine may ask, but no other site's page."""

    def __init__(self, app: ASGIApp, keyring: Keyring) -> None:
        self._app = app
        self._keyring = keyring

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(_GUARDED):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refused_page(headers) or self._refused_key(headers) or _refused_length(scope, headers)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif _is_archive(scope):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, _Bounded(receive), send)

    def _refused_key(self, headers: Headers) -> Response | None:
        match self._keyring.judge(headers.get("authorization", ""), MANAGE):
            case Verdict.MISSING:
                return _refusal(401, "missing_key", "this needs an API key", "send Authorization: Bearer KEY")
            case Verdict.UNKNOWN:
                return _refusal(401, "unknown_key", "there is no such key", "headway keys create makes one")
            case Verdict.WRONG_SCOPE:
                hint = "headway keys create --scope manage"
                return _refusal(403, "wrong_scope", "the key lacks the scope manage", hint)
            case Verdict.ACCEPTED:
                return None

    def _refused_page(self, headers: Headers) -> Response | None:
        """A browser says which site a page is from. A site whose name was made to mean this machine is known by
        its name: what is reached without keys is called by an address or localhost.
        """
        host, origin = headers.get("host", ""), headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return _refusal(
                403, "foreign_page", f"a page of {origin} may not ask", "open the console on this address"
            )
        if not self._keyring.rows and not _is_plain(host):
            hint = "create a key, or ask for localhost"
            return _refusal(
                403, "foreign_page", f"without keys this does not answer to the name {host}", hint
            )
        return None


class _Bounded:
    """Receives up to the bound."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size > MOST_BODY_BYTES:
            raise HTTPException(413, _TOO_LARGE)
        return message


def _refused_length(scope: Scope, headers: Headers) -> Response | None:
    stated = headers.get("content-length", "0")
    if _is_archive(scope) or not stated.isdecimal() or int(stated) <= MOST_BODY_BYTES:
        return None
    return _refusal(413, "too_large", _TOO_LARGE, "")


def _is_archive(scope: Scope) -> bool:
    """Whether the body is a Truss."""
    parts: Iterable[str] = scope["path"].strip("/").split("/")[1:]
    match scope["method"], *parts:
        case ["POST", "models"] | ["POST", "models", _, "deployments"]:
            return True
        case _:
            return False


def _is_plain(host: str) -> bool:
    """Whether a Host header names this machine by an address or as localhost."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _refusal(status: int, code: str, message: str, hint: str) -> Response:
    headers = {"www-authenticate": "Bearer"} if status == 401 else {}  # noqa: PLR2004  # as it stands in HTTP
    return answer(status, code, message, hint, headers)
