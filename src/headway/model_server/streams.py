"""Sends what generators give as one answer: back-pressure to the producer, chunks joined, gaps timed.

A synchronous generator lives on one thread from its first step to its last; an asynchronous one on the loop.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from threading import Event
from time import monotonic
from typing import Any, Self

from headway.http.exchange import Exchange
from headway.model_server.forks import end_if_copy
from headway.model_server.threads import ThreadPool

BUFFER_BYTES = 1024 * 1024
"""What a producer may be ahead of its client."""
_END = object()
_TURN = 0.002
"""A producer that never waits lets the loop, and its own chunks, have a turn this often."""


class BadChunkError(TypeError):
    """A chunk that cannot be sent."""


class AnswerStream:
    """The body of an answer whose head, which `begin` sends, goes out with the first piece. What is written within one
    turn of the loop goes out as one piece, which halves the cost of small chunks.
    """

    def __init__(self, exchange: Exchange, begin: Callable[[], None]) -> None:
        self._exchange = exchange
        self._begin = begin
        self._has_begun = False
        self._loop = asyncio.get_running_loop()
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._room: asyncio.Future[None] | None = None
        self._last_at = monotonic()
        self._pending_at = 0.0

    def is_full(self) -> bool:
        """The client is so far behind that the producer has to wait."""
        return self.buffered_bytes() >= BUFFER_BYTES

    def buffered_bytes(self) -> int:
        """What the client still has to take; nothing once it is gone."""
        return 0 if self._exchange.left else self._pending_bytes + self._exchange.buffered_bytes

    def quiet_since(self) -> float | None:
        """When the producer last gave something; None while it waits for the client."""
        return self._last_at if self._room is None else None

    @property
    def has_begun(self) -> bool:
        """Something was given, or told: no other answer is possible any more."""
        return self._has_begun or bool(self._pending)

    def begin(self) -> None:
        """The head goes out now, if it has not."""
        if not self._has_begun and not self._exchange.left:
            self._has_begun = True
            self._begin()

    def send(self, data: bytes) -> None:
        """Send at once."""
        self._last_at = monotonic()
        self.begin()
        if not self._exchange.left:
            self._exchange.write(data)

    def write(self, data: bytes) -> None:
        self._last_at = monotonic()
        if not self._pending:
            self._loop.call_soon(self.flush)
            self._pending_at = self._last_at
        self._pending.append(data)
        self._pending_bytes += len(data)

    async def take_turns(self) -> None:
        """Await this after each `write`: it waits while the client is behind, and now and then for the loop."""
        if self.is_full():
            self.flush()
            while self.is_full():
                self._room = self._loop.create_future()
                try:
                    await self._room  # ends by on_writable, or by send_timeout as the client's leaving
                finally:
                    self._room = None
            self._last_at = monotonic()
        elif self._pending and self._last_at - self._pending_at > _TURN:
            await asyncio.sleep(0)

    def flush(self) -> None:
        pending = self._pending
        if pending:
            data = pending[0] if len(pending) == 1 else b"".join(pending)
            pending.clear()
            self._pending_bytes = 0
            self.begin()
            if not self._exchange.left:
                self._exchange.write(data)

    def end(self) -> None:
        self.flush()
        self.begin()
        if not self._exchange.left:
            self._exchange.end()

    def end_body(self) -> None:
        """Nothing more comes, but the work goes on."""
        self.flush()
        self.begin()
        if not self._exchange.left:
            self._exchange.end_body()

    def break_off(self) -> None:
        """No more comes, and the client can tell that it is not all."""
        self.flush()
        if not self._exchange.left:
            self._exchange.break_off_started()

    def on_writable(self, *, writable: bool) -> None:
        if writable and self._room is not None and not self._room.done():
            self._room.set_result(None)

    def on_client_left(self, *, stops: bool) -> None:  # noqa: ARG002 - its task is cancelled
        self.on_writable(writable=True)


class ThreadedProducer:
    """Steps a synchronous iterator on a thread (`run`) and gives its chunks to `sink` on the loop."""

    def __init__(
        self,
        chunks: Iterator[Any],
        convert: Callable[[Any], bytes],
        sink: Callable[[bytes], None],
        buffered: Callable[[], int] = int,
    ) -> None:
        self._chunks = chunks
        self._convert = convert
        self._sink = sink
        self._buffered = buffered
        self._loop = asyncio.get_running_loop()
        self._made: deque[bytes] = deque()
        self._is_woken = False
        # Counted by one side each, so that neither needs a lock: the thread makes, the loop lets go.
        self._made_bytes = 0
        self._given_bytes = 0
        self._gone_bytes = 0
        self._go_on = Event()
        self._stopped = False
        self._last_at = monotonic()

    @property
    def is_blocked(self) -> bool:
        """The client is so far behind that the producer has to wait."""
        return self._made_bytes - self._gone_bytes >= BUFFER_BYTES and not self._stopped

    def quiet_since(self) -> float | None:
        """When the iterator last gave something; None while it waits for the client."""
        return None if self.is_blocked else self._last_at

    def run(self) -> None:
        """On the thread: until the iterator ends, raises or is stopped."""
        try:
            for chunk in self._chunks:
                end_if_copy()
                data = self._convert(chunk)
                self._made.append(data)
                self._made_bytes += len(data)
                if not self._is_woken:
                    self._is_woken = True
                    self._loop.call_soon_threadsafe(self.deliver)
                while self.is_blocked:
                    self._go_on.clear()
                    if self.is_blocked:
                        self._go_on.wait()  # ends by on_writable, or by send_timeout as the client's leaving
                if self._stopped:
                    break
        finally:
            close = getattr(self._chunks, "close", None)
            if close is not None:
                close()

    def deliver(self) -> None:
        self._is_woken = False
        count = len(self._made)
        if count:
            data = b"".join([self._made.popleft() for _ in range(count)])
            self._given_bytes += len(data)
            self._sink(data)
        self._let_go()

    def on_writable(self, *, writable: bool) -> None:
        if writable:
            self._let_go()

    def on_client_left(self, *, stops: bool) -> None:
        """If it shall stop, the iterator is closed after its present step."""
        self._stopped = self._stopped or stops
        self._let_go()

    def _let_go(self) -> None:
        self._last_at = monotonic()
        self._gone_bytes = self._given_bytes - self._buffered()
        self._go_on.set()


async def send_all(chunks: AsyncIterator[Any], stream: AnswerStream) -> None:
    """Write what an asynchronous iterator gives; it is closed whatever happens."""
    try:
        async for chunk in chunks:
            end_if_copy()
            stream.write(as_bytes(chunk))
            await stream.take_turns()
    finally:
        await close_iterator(chunks)


async def stepped(chunks: Iterable[Any], threads: ThreadPool) -> AsyncIterator[Any]:
    """A plain iterator as an asynchronous one: each step is on a thread, and ended before this is."""
    iterator = await threads.run(iter, chunks)
    try:
        while (chunk := await threads.run(next, iterator, _END)) is not _END:
            yield chunk
    finally:
        close = getattr(iterator, "close", None)
        if close is not None:
            await threads.run(close)


async def close_iterator(chunks: Any) -> None:
    """Close an asynchronous iterator if it can be."""
    close = getattr(chunks, "aclose", None)
    if close is not None:
        await close()


def as_bytes(chunk: Any) -> bytes:
    """A chunk as it is sent. Raises BadChunkError for what is neither text nor bytes."""
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, str):
        return chunk.encode()
    if isinstance(chunk, bytearray | memoryview):
        return bytes(chunk)
    raise BadChunkError(f"a stream gives str or bytes, not {type(chunk).__name__}")


class GapWatch:
    """Calls `expired` when a producer gave nothing for `seconds` (None: never) while nothing held it up."""

    def __init__(
        self, seconds: float | None, quiet_since: Callable[[], float | None], expired: Callable[[], None]
    ) -> None:
        self._seconds = seconds or 0.0
        self._quiet_since = quiet_since
        self._expired = expired
        self._timer: asyncio.TimerHandle | None = None
        if seconds is not None:
            self._look_in(seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look_in(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        since = self._quiet_since()
        left = self._seconds if since is None else since + self._seconds - monotonic()
        if left <= 0:
            self._expired()
        else:
            self._look_in(left)
