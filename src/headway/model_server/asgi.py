"""A call in the words of ASGI, for the two things that models use of it: the Request that a method may take, and
responses that send their own body. Starlette is imported by the model or not at all.
"""

import asyncio
import contextlib
import functools
import logging
import sys
import threading
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import unquote

from headway.core.credentials import SUBPROTOCOLS, subprotocols
from headway.http.answers import header_lines
from headway.http.exchange import Exchange
from headway.model_server import failures
from headway.model_server.call import Call
from headway.model_server.caller import provenance
from headway.model_server.streams import AnswerStream, close_iterator

Message = MutableMapping[str, Any]
_FIRST_ERROR = 300
_log = logging.getLogger(__name__)


def scope_of(exchange: Exchange, kind: str, state: dict[str, Any]) -> dict[str, Any]:
    """The ASGI scope of a request's head; `kind` is http or websocket."""
    path, _, query = exchange.target.partition(b"?")
    return {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1" if exchange.http_1_1 else "1.0",
        "method": exchange.method.decode("latin-1"),
        **provenance(exchange, "ws" if kind == "websocket" else "http"),
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "query_string": query,
        "root_path": "",
        "headers": list(exchange.headers),
        "state": state,
        "subprotocols": _subprotocols(exchange),
    }


def request_of(call: Call) -> Any:
    """The starlette Request of a call, its body read."""
    from starlette.requests import Request

    async def receive() -> Message:
        call.watch_departure()
        return await _departure(call)

    request = Request(_scope(call), receive)
    request._body = call.body  # noqa: SLF001 - starlette's own cache: the body is here, nothing is to be received
    return request


def is_response(result: Any) -> bool:
    responses = sys.modules.get("starlette.responses")
    return responses is not None and isinstance(result, responses.Response)


def sends_itself(response: Any) -> bool:
    """Whether a response does more than put a body it has on the wire."""
    plain = sys.modules["starlette.responses"].Response.__call__
    return response.background is not None or type(response).__call__ is not plain


def send_plain(call: Call, response: Any) -> None:
    """Send a response whose body is there."""
    _, lines = _head(response.status_code, response.raw_headers)
    call.exchange.respond(response.status_code, lines + call.server_timing(), bytes(response.body))


async def send_live(call: Call, response: Any) -> None:
    """Let a response send itself; return when all of its work is done, background tasks included."""
    outgoing = _Outgoing(call)
    try:
        await response(_scope(call), functools.partial(_departure, call), outgoing.send)
    except Exception as error:
        if not outgoing.started:
            raise
        _log.error("A response broke off", exc_info=error)
        if not call.exchange.ended and not call.left:
            outgoing.stream.flush()
            call.exchange.abort()
    finally:
        await close_iterator(getattr(response, "body_iterator", None))


class _Outgoing:
    """Turns a response's messages into the answer."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._head: Message = {}
        self.stream = call.outlet = AnswerStream(call.exchange)
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._head = message
        elif message["type"] == "http.response.body" and not self._call.left:
            body, more = message.get("body", b""), message.get("more_body", False)
            self._start()
            if body:
                self.stream.write(bytes(body))
            if more:
                await self.stream.take_turns()
            else:
                self.stream.end()

    def _start(self) -> None:
        if not self.started:
            status = self._head["status"]
            length, lines = _head(status, self._head.get("headers", ()))
            self._call.exchange.start(status, lines + self._call.server_timing(), length)
            self.started = True


def _head(status: int, headers: Any) -> tuple[int | None, bytes]:
    """A response's content-length, if it has one, and the lines of its other headers."""
    length = None
    kept = []
    for name, value in headers:
        if name == b"content-length":
            length = int(value)
        elif name not in failures.FRAMING:
            kept.append((name, value))
    if status >= _FIRST_ERROR:
        error = failures.error_lines(failures.CLIENT_CODE)
        names = {name for name, _ in error}
        kept = [*(each for each in kept if each[0] not in names), *error]
    return length, header_lines(kept)


def _scope(call: Call) -> dict[str, Any]:
    @contextlib.contextmanager
    def watch_disconnect() -> Iterator[threading.Event]:
        yield call.watch_departure()

    return scope_of(call.exchange, "http", {"watch_disconnect": watch_disconnect})


def _subprotocols(exchange: Exchange) -> list[str]:
    """Those that the client offers, in its order."""
    return [
        one.decode("latin-1")
        for name, value in exchange.headers
        if name == SUBPROTOCOLS
        for one in subprotocols(value)
    ]


async def _departure(call: Call) -> Message:
    """The body was read before; what can still come is the client's leaving."""
    if not call.left:
        departed = asyncio.Event()
        call.tell_departure(departed.set)
        await departed.wait()
    return {"type": "http.disconnect"}
