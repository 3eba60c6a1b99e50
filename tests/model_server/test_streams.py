"""Streams: pieces joined, producers held up by slow clients, places held until the producer has ended."""

import asyncio
import gc
import threading

import pytest

from fakes.served_model import ServedModel, until
from headway.model_server.streams import BUFFER_BYTES, GapWatch

PIECE = b"x" * (BUFFER_BYTES // 4)


class AsyncStream:
    def __init__(self, pieces):
        self.pieces = pieces
        self.made = 0
        self.closed = threading.Event()

    async def predict(self, _):
        try:
            for piece in self.pieces:
                self.made += 1
                yield piece
        finally:
            self.closed.set()


class SyncStream(AsyncStream):
    def predict(self, _):
        try:
            for piece in self.pieces:
                self.made += 1
                yield piece
        finally:
            self.closed.set()


class Response(AsyncStream):
    async def predict(self, _):
        from starlette.responses import StreamingResponse

        return StreamingResponse(AsyncStream.predict(self, _))


KINDS = pytest.mark.parametrize("kind", [AsyncStream, SyncStream, Response])


@KINDS
async def test_a_stream_arrives_whole_and_gives_its_place_back(kind):
    served = ServedModel(kind([b"one ", b"two ", "three"]))
    answer = await served.client().answer()
    assert b"transfer-encoding: chunked" in answer
    assert b"".join(answer.partition(b"\r\n\r\n")[2].split(b"\r\n")[1::2]) == b"one two three"
    await until(lambda: served.predicting == 0)


async def test_pieces_made_in_one_turn_of_the_loop_go_out_as_one():
    answer = await ServedModel(AsyncStream([b"a"] * 50)).client().answer()
    assert answer.endswith(b"\r\n\r\n32\r\n" + b"a" * 50 + b"\r\n0\r\n\r\n")


@KINDS
async def test_a_slow_client_holds_the_producer_up_and_lets_it_go_on(kind):
    served = ServedModel(model := kind([PIECE] * 40))
    client = served.client()
    client.transport.unsent_bytes = BUFFER_BYTES
    client.connection.pause_writing()
    made = -1
    while made != model.made or made == 0:
        made = model.made
        for _ in range(1000):
            await asyncio.sleep(0)
    assert 1 <= made < 10
    assert served.predicting == 1
    client.transport.unsent_bytes = 0
    client.connection.resume_writing()
    await client.answer()
    assert model.made == 40
    await until(lambda: served.predicting == 0)


@KINDS
@pytest.mark.parametrize("leave", ["vanish", "half_close"])
async def test_a_client_that_leaves_while_it_holds_the_producer_up_frees_it(kind, leave):
    served = ServedModel(model := kind([PIECE] * 1000))
    client = served.client()
    client.transport.unsent_bytes = BUFFER_BYTES
    client.connection.pause_writing()
    await until(lambda: model.made >= 1)
    for _ in range(1000):
        await asyncio.sleep(0)
    getattr(client, leave)()
    await until(lambda: client.transport.closed and served.predicting == 0)
    assert model.closed.is_set()
    assert model.made < 1000


@KINDS
async def test_the_place_of_a_stream_whose_client_left_does_not_wait_for_the_garbage_collector(kind):

    class Model(kind):
        pass

    gc.disable()
    try:
        served = ServedModel(model := Model([b"a"] * 100_000))
        client = served.client()
        await until(lambda: model.made > 1)
        client.vanish()
        await until(lambda: served.predicting == 0)
        assert model.closed.is_set()
    finally:
        gc.enable()


async def test_with_on_disconnect_finish_a_stream_is_made_to_its_end():
    for kind in (AsyncStream, SyncStream):
        served = ServedModel(model := kind([PIECE] * 40), cancels=False)
        client = served.client()
        client.transport.unsent_bytes = BUFFER_BYTES
        client.connection.pause_writing()
        await until(lambda model=model: model.made >= 1)
        client.half_close()
        await until(lambda client=client: client.transport.closed)
        assert model.made == 40


async def test_a_gap_cuts_the_answer_and_keeps_the_place_until_the_generator_has_ended():
    go_on = threading.Event()

    class Model:
        def predict(self, _):
            yield "before"
            assert go_on.wait(10)
            yield "after"

    served = ServedModel(Model())
    client = served.client()
    await until(lambda: b"before" in client.heard)
    (call,) = served.calls
    call.give_up("too long a gap")
    assert client.transport.has_written_eof
    assert not client.transport.closed
    assert served.predicting == 1
    go_on.set()
    await until(lambda: client.transport.closed)
    assert b"after" not in client.heard
    assert served.predicting == 0


async def test_a_watch_counts_only_the_time_in_which_nothing_holds_the_producer_up():
    expired = asyncio.Event()
    looks = []
    with GapWatch(0.001, lambda: looks.append(1) if len(looks) < 3 else 0.0, expired.set):
        await expired.wait()
    assert len(looks) == 3


async def test_a_watch_without_a_limit_never_looks():
    with GapWatch(None, lambda: pytest.fail("looked"), lambda: pytest.fail("expired")):
        await asyncio.sleep(0)


async def test_a_stream_that_breaks_ends_early_but_cleanly():
    class Model:
        async def predict(self, _):
            yield "a"
            raise ValueError("broken")

    served = ServedModel(Model())
    answer = await served.client().answer()
    assert answer.endswith(b"1\r\na\r\n0\r\n\r\n")
    await until(lambda: served.predicting == 0)


async def test_a_chunk_that_cannot_be_sent_cuts_the_connection():
    class Model:
        def predict(self, _):
            yield "a"
            yield 1

    served = ServedModel(Model())
    client = served.client()
    await until(lambda: client.transport.aborted)
    assert served.predicting == 0
