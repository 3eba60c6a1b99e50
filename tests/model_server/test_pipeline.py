"""The stages of one replica: what overlaps, what the gate limits, and what an answer tells of them."""

import asyncio
import re
import threading

import pytest
from fastapi import HTTPException

from fakes.garbage import no_circles
from fakes.served_model import ServedModel, until
from headway.model_server.app import held
from headway.model_server.call import Call


class Stages:
    """Each stage of each request waits until it is released by name."""

    def __init__(self):
        self.inside = []
        self.releases = {}

    async def _stay(self, stage, name):
        self.inside.append(f"{stage} {name}")
        await self.releases.setdefault(f"{stage} {name}", asyncio.Event()).wait()
        self.inside.remove(f"{stage} {name}")
        return name

    def release(self, what):
        self.releases.setdefault(what, asyncio.Event()).set()

    async def preprocess(self, name):
        return await self._stay("pre", name)

    async def predict(self, name):
        return await self._stay("predict", name)

    async def postprocess(self, name):
        return await self._stay("post", name)


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_request_that_is_over_leaves_no_circle_for_the_collector(is_async):
    class Model:
        if is_async:

            async def predict(self, inputs):
                return inputs

        else:

            def predict(self, inputs):
                return inputs

    model = ServedModel(Model())
    with no_circles(Call):
        for _ in range(3):
            await model.client(b"1").answer()
        await until(lambda: not model.calls)
        await asyncio.sleep(0)


async def test_two_requests_at_predict_concurrency_1():
    """Both preprocess at once; the second predicts when the first leaves predict, and their postprocesses overlap."""
    served = ServedModel(model := Stages())
    first, second = served.client(b'"a"'), served.client(b'"b"')
    await until(lambda: model.inside == ["pre a", "pre b"])
    model.release("pre b")
    await until(lambda: model.inside == ["pre a", "predict b"])
    model.release("pre a")
    await until(lambda: served.pipeline.gate.statistics().waiting == 1)
    assert model.inside == ["predict b"]
    model.release("predict b")
    await until(lambda: sorted(model.inside) == ["post b", "predict a"])
    model.release("predict a")
    await until(lambda: sorted(model.inside) == ["post a", "post b"])
    assert served.predicting == 0
    model.release("post a")
    model.release("post b")
    assert (await first.answer()).endswith(b'"a"')
    assert (await second.answer()).endswith(b'"b"')


async def test_what_is_held_tells_stage_and_time_in_it():
    served = ServedModel(model := Stages())
    served.client(b'"a"')
    await until(lambda: model.inside == ["pre a"])
    (call,) = served.calls
    (one,) = held(served.calls, call.since + 2.5)
    assert one == {"id": call.identity, "stage": "preprocess", "since": 2.5, "abandoned": False}


async def test_slow_plain_preprocessing_takes_no_thread_of_predict():
    go_on = threading.Event()

    class Model:
        def preprocess(self, inputs):
            assert inputs == "quick" or go_on.wait(10)
            return inputs

        def predict(self, inputs):
            return inputs

    served = ServedModel(Model())
    slow = [served.client(b'"slow"') for _ in range(7)]
    assert (await served.client(b'"quick"').answer()).endswith(b'"quick"')
    go_on.set()
    for client in slow:
        await client.answer()


async def test_an_exception_gives_the_place_back():
    class Model:
        async def predict(self, inputs):
            raise ValueError(inputs)

    served = ServedModel(Model())
    for _ in range(3):
        answer = await served.client().answer()
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"x-baseten-error-code: 600\r\n" in answer
    assert served.predicting == 0


async def test_a_model_that_cancels_itself_is_an_error_of_its_own():
    class Model:
        async def predict(self, _):
            asyncio.current_task().cancel()
            await asyncio.sleep(0)

    served = ServedModel(Model())
    assert (await served.client().answer()).startswith(b"HTTP/1.1 500 ")
    assert served.predicting == 0


async def test_server_timing_names_the_stages_that_are_over():
    class Model:
        def preprocess(self, inputs):
            return inputs

        def predict(self, inputs):
            return inputs

        def postprocess(self, inputs):
            return inputs

    timing = rb"server-timing: pre;dur=[\d.]+, gate;dur=[\d.]+, predict;dur=[\d.]+, post;dur=[\d.]+\r\n"
    assert re.search(timing, await ServedModel(Model()).client().answer())


async def test_server_timing_of_a_stream_ends_where_predict_begins():
    class Model:
        def predict(self, _):
            yield "a"

    answer = await ServedModel(Model()).client().answer()
    assert re.search(rb"server-timing: gate;dur=[\d.]+\r\n", answer)


async def test_server_timing_of_a_failure_has_the_stage_that_failed():
    class Model:
        def predict(self, _):
            raise ValueError

    answer = await ServedModel(Model()).client().answer()
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert re.search(rb"server-timing: gate;dur=[\d.]+, predict;dur=[\d.]+\r\n", answer)


async def test_other_methods_are_free_of_the_gate_unless_the_config_gates_them():
    class Model(Stages):
        async def chat_completions(self, name):
            return await self._stay("chat", name)

    for config, together in (("", 2), ("model_metadata: {headway: {gated: [predict, chat_completions]}}", 1)):
        served = ServedModel(model := Model(), config=config)
        clients = [served.client(name, b"/chat_completions") for name in (b'"a"', b'"b"')]
        await until(lambda model=model: model.inside)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(model.inside) == together
        model.release("chat a")
        model.release("chat b")
        for client in clients:
            await client.answer()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-length": "1", "Transfer-Encoding": "chunked", "Connection": "close", "x-kept": "1"}, 418),
        ({"x-split": "a\r\nx-other: b"}, 500),
    ],
)
async def test_headers_of_an_error_that_a_model_raises_cannot_break_the_answers_framing(headers, status):
    class Refuses:
        def predict(self, _):
            raise HTTPException(418, "no", headers)

    answer = await ServedModel(Refuses()).client().answer()
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0].startswith(b"http/1.1 %d" % status)
    assert [line for line in lines if line.startswith(b"content-length:")] == [
        b"content-length: %d" % len(body)
    ]
    assert not any(line.startswith((b"transfer-encoding:", b"connection:", b"x-other:")) for line in lines)
    assert (b"x-kept: 1" in lines) == (status == 418)
