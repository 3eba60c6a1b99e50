"""Streams: pieces joined, producers held up by slow clients, places held until the producer has ended."""

import asyncio
import gc
import threading

import pytest
from fastapi import HTTPException

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
    assert client.heard.endswith(b"before\r\n!\r\n\r\n"), "no client takes that for a chunk"
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


class Breaking:
    """Streams that raise, in each way that there is to make one."""

    def __init__(self, pieces, error):
        self.pieces, self.error = pieces, error

    async def made(self):
        for piece in self.pieces:
            yield piece
        raise self.error

    def made_on_a_thread(self):
        yield from self.pieces
        raise self.error


class BreakingAsync(Breaking):
    async def predict(self, _):
        return self.made()


class BreakingSync(Breaking):
    def predict(self, _):
        return self.made_on_a_thread()


class BreakingResponse(Breaking):
    async def predict(self, _):
        from starlette.responses import StreamingResponse

        return StreamingResponse(self.made())


class BreakingPostprocess(Breaking):
    async def predict(self, _): ...

    async def postprocess(self, _):
        return self.made()


class BreakingMethod(Breaking):
    async def predict(self, _): ...

    async def chat_completions(self, _):
        return self.made()


BREAKING = pytest.mark.parametrize(
    "kind", [BreakingAsync, BreakingSync, BreakingResponse, BreakingPostprocess, BreakingMethod]
)


def begun(kind, pieces, error):
    served = ServedModel(kind(pieces, error))
    return served, served.client(path=b"/chat_completions" if kind is BreakingMethod else b"/")


@BREAKING
async def test_a_stream_that_raises_before_its_first_piece_is_an_error_with_its_status(kind):
    served, client = begun(kind, (), HTTPException(418, "no", {"x-why": "because"}))
    answer = await client.answer()
    assert answer.startswith(b"HTTP/1.1 418 ")
    assert b"x-why: because\r\n" in answer
    assert answer.endswith(b'{"error":"no"}')
    assert served.predicting == 0
    for error in (ValueError("broken"), SystemExit(3)):
        served, client = begun(kind, (), error)
        assert (await client.answer()).startswith(b"HTTP/1.1 500 ")
        assert served.predicting == 0


@BREAKING
@pytest.mark.parametrize("error", [ValueError("broken"), HTTPException(418, "late")])
async def test_a_stream_that_raises_later_breaks_off_and_what_it_gave_is_sent(kind, error):
    served, client = begun(kind, ("a", b"b"), error)
    await until(lambda: client.transport.closed)
    assert client.heard.startswith(b"HTTP/1.1 200 ")
    body = client.heard.partition(b"\r\n\r\n")[2]
    assert b"".join(body.split(b"\r\n")[1::2]) == b"ab"
    assert not body.endswith(b"0\r\n\r\n")
    assert not client.transport.aborted, "what was sent is kept"
    await until(lambda: served.predicting == 0)


@pytest.mark.parametrize("kind", ["async", "sync"])
async def test_the_head_of_an_empty_stream_goes_out_at_its_end(kind):
    served = ServedModel({"async": AsyncStream, "sync": SyncStream}[kind]([]))
    answer = await served.client().answer()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"\r\n\r\n0\r\n\r\n")


@pytest.mark.parametrize("pieces", [[1], ["a", 1]])
async def test_a_chunk_that_cannot_be_sent_is_an_error_or_breaks_the_stream(pieces):
    class Model:
        def predict(self, _):
            yield from pieces

    served = ServedModel(Model())
    client = served.client()
    if len(pieces) == 1:
        answer = await client.answer()
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"a stream gives str or bytes, not int" in answer
    else:
        await until(lambda: client.transport.closed)
        assert client.heard.endswith(b"1\r\na\r\n")
    assert served.predicting == 0


async def test_a_first_piece_that_is_too_late_cuts_the_answer_and_keeps_the_place():
    go_on = threading.Event()

    class Model:
        def predict(self, _):
            assert go_on.wait(10)
            yield "late"

    served = ServedModel(Model(), config="", gap=0.01)
    client = served.client()
    await until(lambda: client.heard)
    assert client.heard == b"!\r\n\r\n", "no client takes that for a head"
    assert not client.transport.closed
    assert served.predicting == 1
    go_on.set()
    await until(lambda: client.transport.closed)
    assert served.predicting == 0
