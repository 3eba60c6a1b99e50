"""Stands before the API, as a plain ASGI application: who may ask is judged before anything is read, and how much
is read is bounded. Pages of other sites that a browser shows are nobody who may ask.
"""

from collections.abc import Iterable

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.api.errors import answer
from headway.control.keys import Keyring
from headway.core import entry
from headway.core.credentials import CHALLENGE, TO_MANAGE, TO_READ_METRICS, Denial
from headway.core.entry import AllowedOrigins

MOST_BODY_BYTES = 1024 * 1024
"""Of a body that is read whole; archives are taken piece by piece, and have a bound of their own."""

_METRICS = "/metrics"
_GUARDED = ("/v1/", _METRICS)
_PAGES = ("/", "/docs")
"""Pages without anything in them, to which others may link."""
_TOO_LARGE = f"the body has more than {MOST_BODY_BYTES:,} bytes"


class Guard:
    """`keyring` has the keys; where there are none, everybody on this machine may ask, but no page of an origin that is
    not `allowed`.
    """

    def __init__(self, app: ASGIApp, keyring: Keyring, allowed: AllowedOrigins) -> None:
        self._app = app
        self._keyring = keyring
        self._allowed = allowed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        denial = self._denial(scope)
        refusal = _refused_length(scope) if denial is None else _refusal(denial)
        if refusal is not None:
            await refusal(scope, receive, send)
        elif _is_archive(scope) or not scope["path"].startswith(_GUARDED):
            await self._app(scope, receive, send)
        else:
            await self._app(scope, _Bounded(receive), send)

    def _denial(self, scope: Scope) -> Denial | None:
        """Where there are keys it matters no more where a page is from: none gets hold of a key."""
        path, headers = scope["path"], scope["headers"]
        if not self._keyring:
            provenance = entry.Provenance.of(headers)
            takes_visits = path in _PAGES and scope["method"] == "GET"
            return entry.refusal(provenance, self._allowed, takes_visits=takes_visits)
        if not path.startswith(_GUARDED):
            return None
        wanted = TO_READ_METRICS if path.startswith(_METRICS) else TO_MANAGE
        judged = self._keyring.judge(headers, wanted)
        return judged if isinstance(judged, Denial) else None


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


def _refused_length(scope: Scope) -> Response | None:
    stated = Headers(scope=scope).get("content-length", "0")
    if _is_archive(scope) or not stated.isdecimal() or int(stated) <= MOST_BODY_BYTES:
        return None
    return answer(413, "too_large", _TOO_LARGE)


def _is_archive(scope: Scope) -> bool:
    """Whether the body is a Truss."""
    parts: Iterable[str] = scope["path"].strip("/").split("/")[1:]
    match scope["method"], *parts:
        case ["POST", "models"] | ["POST", "models", _, "deployments"]:
            return True
        case _:
            return False


def _refusal(denial: Denial) -> Response:
    headers = {"www-authenticate": CHALLENGE} if denial.status == 401 else {}  # noqa: PLR2004  # as it stands in HTTP
    return answer(denial.status, denial.code, denial.message, denial.hint, headers)
