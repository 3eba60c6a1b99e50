"""One small request and its whole answer, for probes and reports between Headway's own processes."""

import asyncio
from dataclasses import dataclass

from headway.http.client import connect
from headway.http.heads import AnswerHead, Dechunker


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes


class FetchError(OSError):
    """The server could not be reached, or its answer did not come whole."""


async def fetch(address: str, target: bytes, *, timeout: float) -> Answer:  # noqa: ASYNC109 - the whole of it
    """GET `target` from `unix:/path` or `tcp:host:port`. Raises FetchError, also when `timeout` passed."""
    try:
        async with asyncio.timeout(timeout):
            connection = await connect(address, timeout)
            collector = _Collector()
            connection.send(
                b"GET %s HTTP/1.1\r\nhost: headway\r\nconnection: close\r\n\r\n" % target, collector
            )
            try:
                return await collector.answer
            finally:
                connection.close()
    except TimeoutError as error:
        raise FetchError(f"no answer from {address} within {timeout:g} s") from error
    except OSError as error:
        raise FetchError(f"{address} cannot be reached: {error}") from error


class _Collector:
    """Receives one answer."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._status = 0
        self._head = b""
        self._framed = b""

    def on_answer(self, head: AnswerHead, rest: bytes) -> None:
        self._status, self._head, self._framed = head.status, head.raw, rest

    def on_more(self, data: bytes) -> None:
        self._framed += data

    def on_answer_end(self, *, reusable: bool) -> None:  # noqa: ARG002 - used once, then closed
        if not self.answer.done():
            self.answer.set_result(Answer(self._status, Dechunker(self._head).decode(self._framed)))

    def on_answer_bad(self, reason: str) -> None:
        self.on_answer_lost(f"the answer is not valid HTTP/1.1: {reason}", unread=False)

    def on_answer_lost(self, reason: str, *, unread: bool) -> None:  # noqa: ARG002 - asked again anyway
        if not self.answer.done():
            self.answer.set_exception(FetchError(reason))

    def on_room(self, *, room: bool) -> None: ...
