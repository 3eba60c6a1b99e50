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
from types import AsyncGeneratorType
from typing import Any
from urllib.parse import unquote

from headway.core.credentials import SUBPROTOCOLS, subprotocols
from headway.http.answers import WITHOUT_BODY, header_lines
from headway.http.exchange import Exchange
from headway.model_server import failures
from headway.model_server.answer_heads import InvalidLengthError, checked_status, passed_on, told_length
from headway.model_server.call import Call
from headway.model_server.caller import provenance
from headway.model_server.streams import AnswerStream, close_iterator, stepped
from headway.model_server.threads import ThreadPool
from headway.observed.words import counted

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
    """Send a response whose body is there. Raises what `_head` does."""
    status, lines = _head(response.status_code, response.raw_headers)
    call.exchange.respond(status, lines + call.server_timing(), bytes(response.body))


async def send_live(call: Call, response: Any, threads: ThreadPool) -> None:
    """Let a response send itself; return when all of its work is done, background tasks included.

    What it raises before its head went out is raised.
    """
    outgoing = _Outgoing(call, goes_on=_may_go_on(response))
    _step_on(threads, response)
    try:
        await response(_scope(call), functools.partial(_departure, call), outgoing.send)
        outgoing.check_end()
        outgoing.close()
    except BaseException as error:
        if call.is_departure(error) or not outgoing.stream.has_begun:
            raise
        _log.error("A response broke off", exc_info=error)
        outgoing.break_off()
    finally:
        await call.until_stopped()
        await close_iterator(getattr(response, "body_iterator", None))


def _may_go_on(response: Any) -> bool:
    """Whether there can be work for it when its answer is whole: background tasks, or code of its own."""
    return response.background is not None or type(response).__call__.__module__ != "starlette.responses"


def _step_on(threads: ThreadPool, response: Any) -> None:
    """Have a plain iterator stepped on our threads. On AnyIO's, Starlette's way, each step is on another one, and
    nobody closes the iterator of a client that has left.
    """
    chunks = getattr(response, "body_iterator", None)
    concurrency = sys.modules.get("starlette.concurrency")
    if not isinstance(chunks, AsyncGeneratorType) or concurrency is None or chunks.ag_frame is None:
        return
    if (
        chunks.ag_code is concurrency.iterate_in_threadpool.__code__
        and "iterator" in chunks.ag_frame.f_locals
    ):
        response.body_iterator = stepped(chunks.ag_frame.f_locals["iterator"], threads)


class _Outgoing:
    """Turns a response's messages into the answer. Where work `goes_on` after it, the connection's end tells its end:
    only that gives the slot back.
    """

    def __init__(self, call: Call, *, goes_on: bool) -> None:
        self._call = call
        self._goes_on = goes_on
        self._is_whole = False
        self._status = 0
        self._lines = b""
        self._length: int | None = None
        self._sent_bytes = 0
        self.stream = call.outlet = AnswerStream(call.exchange, self._begin)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]
            self._status, self._lines = _head(message["status"], headers)
            self._length = told_length(headers)
        elif message["type"] == "http.response.body" and not self._call.left:
            body, more = bytes(message.get("body", b"")), message.get("more_body", False)
            if not self._status:
                raise RuntimeError("a response sent a body before its status")
            self._count(body, is_last=not more)
            self.stream.write(body)
            if more:
                await self.stream.take_turns()
            else:
                self._end()

    def check_end(self) -> None:
        """The response has returned. Raises RuntimeError if it did so in the middle."""
        if not self._call.left and not self._is_whole:
            raise RuntimeError("a response ended before its body did")

    def close(self) -> None:
        """Nothing goes on any more."""
        if self._goes_on:
            self._call.exchange.close()

    def break_off(self) -> None:
        """The response raised: in the middle, or in what it does after it."""
        if self._is_whole:
            self.close()
        else:
            self.stream.break_off()

    def _end(self) -> None:
        self._is_whole = True
        if self._goes_on:
            self.stream.end_body()
            self._call.run_to_end()
        else:
            self.stream.end()

    def _begin(self) -> None:
        if self._goes_on:
            self._call.exchange.wants_keep_alive = False
        self._call.exchange.start(self._status, self._lines + self._call.server_timing(), self._length)

    def _count(self, body: bytes, *, is_last: bool) -> None:
        """A body that is not as long as was said would be mixed up with the next answer, or awaited for ever."""
        self._sent_bytes += len(body)
        told = self._length
        if told is None or self._call.exchange.method == b"HEAD" or self._status in WITHOUT_BODY:
            return
        if self._sent_bytes > told or (is_last and self._sent_bytes < told):
            raise InvalidLengthError(
                f"a response told content-length {told} and sent {counted(self._sent_bytes, 'byte')}",
                hint="leave it out",
            )


def _head(status: Any, headers: Any) -> tuple[int, bytes]:
    """A response's status and the lines of those headers that are its own.

    Raises InvalidStatusError, InvalidHeaderError.
    """
    number = checked_status(status)
    kept = passed_on(headers)
    if number >= _FIRST_ERROR:
        error = failures.error_lines(failures.CLIENT_CODE)
        names = {name for name, _ in error}
        kept = [*(each for each in kept if each[0] not in names), *error]
    return number, header_lines(kept)


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
