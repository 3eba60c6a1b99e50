"""Stands before the API, as a plain ASGI application: who may ask is judged before anything is read, and how much
is read is bounded. Pages of other sites that a browser shows are nobody who may ask.
"""

from collections.abc import Iterable

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from headway.api.errors import answer, defect
from headway.api.outgoing import KeyedAnswers, Outgoing
from headway.control.credentials.authors import asked_with
from headway.control.credentials.keys import Keyring
from headway.control.store.rows import KeyRow
from headway.core import entry
from headway.core.credentials import CHALLENGE, TO_MANAGE, TO_READ_METRICS, Denial
from headway.core.entry import AllowedOrigins
from headway.core.sharing import Sharing

MOST_BODY_BYTES = 1024 * 1024
"""Of a body that is read whole; what is taken piece by piece has a bound of its own."""

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
        self._sharing = Sharing(allowed)
        self._answers = KeyedAnswers(keyring)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        outgoing = Outgoing(send, self._sharing.lines(scope["headers"]))
        try:
            await self._serve(scope, receive, outgoing)
        except Exception:
            # What the framework would answer, around this, is nothing that a page could read. It still tells the log.
            if not outgoing.has_begun:
                await defect()(scope, receive, outgoing)
            raise

    async def _serve(self, scope: Scope, receive: Receive, outgoing: Outgoing) -> None:
        judged = self._judge(scope)
        answered = _refusal(judged) if isinstance(judged, Denial) else judged
        if not isinstance(answered, Response):
            answered = _refused_length(scope)
        if answered is not None:
            await answered(scope, receive, outgoing)
            return
        if scope["path"].startswith(_GUARDED) and not _has_own_bound(scope):
            receive = _Bounded(receive)
        key = judged if isinstance(judged, KeyRow) else None
        answering = self._app(scope, receive, outgoing)
        with asked_with(key):
            if key is not None:
                await self._answers.run(key, outgoing, answering)
            else:
                await answering

    def _judge(self, scope: Scope) -> KeyRow | Response | Denial | None:
        """The key by which a request comes in, if it needs one; what is answered without one; or why it is refused.

        Where there are keys it matters no more where a page is from: none gets hold of a key.
        """
        path, headers = scope["path"], scope["headers"]
        if not self._keyring:
            provenance = entry.Provenance.of(headers)
            takes_visits = path in _PAGES and scope["method"] == "GET"
            denial = entry.refusal(provenance, self._allowed, takes_visits=takes_visits)
            if denial is not None:
                return denial
        told = self._sharing.preflight(scope["method"].encode(), headers)
        if isinstance(told, list):
            preflight = Response(status_code=204)
            preflight.raw_headers = told
            return preflight
        if told is not None or not path.startswith(_GUARDED):
            return told
        return self._keyring.judge(headers, TO_READ_METRICS if path.startswith(_METRICS) else TO_MANAGE)


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
    if _has_own_bound(scope) or not stated.isdecimal() or int(stated) <= MOST_BODY_BYTES:
        return None
    return answer(413, "too_large", _TOO_LARGE)


def _has_own_bound(scope: Scope) -> bool:
    """Whether the body is a Truss, or is passed on as it comes, to a gateway that bounds it."""
    parts: Iterable[str] = scope["path"].strip("/").split("/")[1:]
    match scope["method"], *parts:
        case ["POST", "models"] | ["POST", "models", _, "deployments"]:
            return True
        case ["POST", "models", _, "deployments", _, "predict"] | [
            _,
            "models",
            _,
            "deployments",
            _,
            "sync",
            *_,
        ]:
            return True
        case _:
            return False


def _refusal(denial: Denial) -> Response:
    headers = {"www-authenticate": CHALLENGE} if denial.status == 401 else {}  # noqa: PLR2004  # as it stands in HTTP
    return answer(denial.status, denial.code, denial.message, denial.hint, headers)
