"""What becomes of a generator that a method returned: it is sent as it goes, or collected into one text.

Either way it has ended, was closed or was cancelled when the function returns, and only then (I4).
"""

import functools
from collections.abc import Awaitable
from types import AsyncGeneratorType, GeneratorType
from typing import Any

from headway.model_server.call import Call
from headway.model_server.streams import (
    AnswerStream,
    GapWatch,
    ThreadedProducer,
    as_bytes,
    close_iterator,
    send_all,
)
from headway.model_server.threads import ThreadPool

_HEAD = b"content-type: application/octet-stream\r\n"


class BrokenStreamError(Exception):
    """The generator raised (its cause). `stream` holds what it had given before; it may be nothing."""

    def __init__(self, stream: AnswerStream) -> None:
        super().__init__("a stream broke off")
        self.stream = stream


def is_generator(result: Any) -> bool:
    return isinstance(result, GeneratorType | AsyncGeneratorType)


def wants_it_whole(call: Call) -> bool:
    """Whether the client accepts nothing but JSON; OpenAI's says so and means streams all the same."""
    exchange = call.exchange
    if exchange.header(b"accept") != b"application/json":
        return False
    return b"openai" not in (exchange.header(b"user-agent") or b"").lower()


async def send(call: Call, chunks: Any, threads: ThreadPool, gap: float | None) -> AnswerStream:
    """Send chunks until the generator ends; the caller ends the stream. Raises BrokenStreamError.

    `gap` bounds the seconds to the first chunk and between two; a longer one cuts the answer, as if the client had
    left.
    """
    stream = AnswerStream(call.exchange, lambda: call.exchange.start(200, _HEAD + call.server_timing()))
    if isinstance(chunks, AsyncGeneratorType):
        call.outlet = stream
        work: Awaitable[None] = send_all(chunks, stream)
        quiet_since = stream.quiet_since
    else:
        producer = ThreadedProducer(chunks, as_bytes, stream.send, stream.buffered_bytes)
        call.outlet = producer
        work = _run(producer, threads)
        quiet_since = producer.quiet_since
    cut = functools.partial(call.give_up, f"A stream gave nothing for {gap} s (streaming_read_timeout): cut")
    try:
        with GapWatch(gap, quiet_since, cut):
            await work
    except BaseException as error:
        if call.is_departure(error):
            raise
        raise BrokenStreamError(stream) from error
    return stream


async def collect(call: Call, chunks: Any, threads: ThreadPool) -> str:
    """The whole of a stream as one text. Raises what the generator raises, and UnicodeDecodeError."""
    collected: list[bytes] = []
    if isinstance(chunks, AsyncGeneratorType):
        try:
            collected = [_as_text(chunk) async for chunk in chunks]
        finally:
            await close_iterator(chunks)
    else:
        producer = call.outlet = ThreadedProducer(chunks, _as_text, collected.append)
        await _run(producer, threads)
    return b"".join(collected).decode()


async def _run(producer: ThreadedProducer, threads: ThreadPool) -> None:
    try:
        await threads.run(producer.run)
    finally:
        producer.deliver()


def _as_text(chunk: Any) -> bytes:
    return chunk if isinstance(chunk, bytes) else str(chunk).encode()
