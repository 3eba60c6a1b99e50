"""Clients that leave: what ends at once, what runs on, and when the place and the connection are given back."""

import asyncio
import threading

import pytest

from fakes.served_model import ServedModel, until
from headway.model_server.app import held


class Waits:
    """Asynchronous: each predict waits until its input is released."""

    def __init__(self):
        self.story = []
        self.released = asyncio.Event()

    async def predict(self, name):
        self.story.append(f"begun {name}")
        try:
            await self.released.wait()
        finally:
            self.story.append(f"ended {name}")
        return name


class Blocks:
    """Synchronous: the same on a thread."""

    def __init__(self):
        self.story = []
        self.released = threading.Event()

    def predict(self, name):
        self.story.append(f"begun {name}")
        assert self.released.wait(10)
        self.story.append(f"ended {name}")
        return name


@pytest.mark.parametrize("leave", ["vanish", "half_close"])
async def test_async_predict_is_cancelled_and_its_place_goes_to_the_next(leave):
    served = ServedModel(model := Waits())
    leaver, other = served.client(b'"a"'), served.client(b'"b"')
    await until(lambda: model.story == ["begun a"])
    getattr(leaver, leave)()
    await until(lambda: model.story == ["begun a", "ended a", "begun b"])
    assert leaver.transport.closed
    model.released.set()
    assert (await other.answer()).endswith(b'"b"')
    assert served.predicting == 0
    assert served.calls == set()


@pytest.mark.parametrize("leave", ["vanish", "half_close"])
async def test_a_wait_for_the_gate_ends_at_once_and_never_predicts(leave):
    served = ServedModel(model := Waits())
    first, leaver = served.client(b'"a"'), served.client(b'"b"')
    await until(lambda: served.pipeline.gate.statistics().waiting == 1)
    getattr(leaver, leave)()
    await until(lambda: leaver.transport.closed)
    await until(lambda: served.pipeline.gate.statistics().waiting == 0)
    model.released.set()
    await first.answer()
    assert model.story == ["begun a", "ended a"]
    assert served.predicting == 0


async def test_one_who_leaves_in_the_very_turn_in_which_it_is_let_in_passes_its_place_on():
    served = ServedModel(model := Waits())
    clients = [served.client(name) for name in (b'"a"', b'"b"', b'"c"')]
    await until(lambda: served.pipeline.gate.statistics().waiting == 2)
    model.released.set()
    await until(lambda: served.pipeline.gate.statistics().waiting == 1)
    clients[1].vanish()
    assert (await clients[2].answer()).endswith(b'"c"')
    assert served.predicting == 0


async def test_synchronous_predict_runs_to_its_end_holds_its_place_and_is_shown_as_abandoned():
    served = ServedModel(model := Blocks())
    leaver, other = served.client(b'"a"'), served.client(b'"b"')
    await until(lambda: model.story == ["begun a"])
    leaver.half_close()
    for _ in range(20):
        await asyncio.sleep(0)
    assert not leaver.transport.closed
    assert (served.predicting, model.story) == (1, ["begun a"])
    stages = sorted((one["stage"], one["abandoned"]) for one in held(served.calls, 0.0))
    assert stages == [("gate wait", False), ("predict", True)]
    model.released.set()
    await until(lambda: leaver.transport.closed)
    assert (await other.answer()).endswith(b'"b"')
    assert leaver.heard == b""


async def test_on_disconnect_finish_lets_async_code_run_to_its_end():
    served = ServedModel(model := Waits(), cancels=False)
    leaver = served.client(b'"a"')
    await until(lambda: model.story == ["begun a"])
    leaver.half_close()
    for _ in range(20):
        await asyncio.sleep(0)
    assert model.story == ["begun a"]
    assert not leaver.transport.closed
    model.released.set()
    await until(lambda: leaver.transport.closed)
    assert model.story == ["begun a", "ended a"]


async def test_one_who_leaves_before_the_body_is_whole_never_begins():
    served = ServedModel(Waits())
    client = served.client()
    client.connection.data_received(b"POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 9\r\n\r\nhalf")
    client.vanish()
    assert client.transport.closed


async def test_postprocess_is_skipped_for_a_client_that_left_during_predict():
    class Model(Blocks):
        def postprocess(self, result):
            self.story.append("post")
            return result

    served = ServedModel(model := Model())
    leaver = served.client(b'"a"')
    await until(lambda: model.story == ["begun a"])
    leaver.half_close()
    model.released.set()
    await until(lambda: leaver.transport.closed)
    assert model.story == ["begun a", "ended a"]
    assert served.predicting == 0


async def test_a_model_that_asks_whether_its_client_is_there_is_told_and_not_cancelled():
    from starlette.requests import Request

    class Model:
        def __init__(self):
            self.story = []

        async def predict(self, _, request: Request):
            self.story.append(await request.is_disconnected())
            with request.state.watch_disconnect() as event:
                await until(event.is_set)
            self.story.append(await request.is_disconnected())

    served = ServedModel(model := Model())
    client = served.client()
    await until(lambda: model.story == [False])
    client.half_close()
    await until(lambda: client.transport.closed)
    assert model.story == [False, True]


async def test_swallowing_the_cancellation_keeps_the_place_until_the_work_has_stopped():
    class Stubborn(Waits):
        async def predict(self, name):
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return await super().predict(name)

    served = ServedModel(model := Stubborn())
    leaver = served.client(b'"a"')
    await until(lambda: served.predicting == 1)
    for _ in range(5):
        await asyncio.sleep(0)
    leaver.half_close()
    await until(lambda: model.story == ["begun a"])
    assert served.predicting == 1
    assert not leaver.transport.closed
    model.released.set()
    await until(lambda: leaver.transport.closed)
    assert served.predicting == 0
