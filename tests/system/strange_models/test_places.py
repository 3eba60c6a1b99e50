"""A place in predict comes back when what works in it has really ended, wherever its client's leaving has found it: the
next request never meets anybody inside.
"""

import json
import time

import httpx
import pytest

from system.serving import wait_until

KINDS = """
    import asyncio, threading, time
    from concurrent.futures import ThreadPoolExecutor
    from starlette.background import BackgroundTask
    from starlette.responses import JSONResponse, Response, StreamingResponse

    class Inside:
        def __init__(self):
            self.now = self.most = self.entered = 0

        def __enter__(self):
            self.now += 1
            self.entered += 1
            self.most = max(self.most, self.now)

        def __exit__(self, *_):
            self.now -= 1

    INSIDE = Inside()
    POOL = ThreadPoolExecutor(2)

    def work(seconds=0.7):
        with INSIDE:
            time.sleep(seconds)

    def chunks():
        try:
            for _ in range(5):
                work()
                yield "chunk"
        finally:
            work(0.3)

    class Iterator:
        def __iter__(self):
            return self

        def __next__(self):
            work()
            return "chunk"

    async def in_threads():
        for _ in range(5):
            await asyncio.to_thread(work)
            yield "chunk"

    async def in_group():
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(asyncio.to_thread(work))

    async def to_thread():
        await asyncio.to_thread(work)

    async def of_the_loop():
        await asyncio.get_running_loop().run_in_executor(None, work)

    async def of_its_own():
        await asyncio.get_running_loop().run_in_executor(POOL, work)

    async def anyio_thread():
        import anyio.to_thread
        await anyio.to_thread.run_sync(work)

    async def starlette_thread():
        from starlette.concurrency import run_in_threadpool
        await run_in_threadpool(work)

    async def plain_iterator():
        return StreamingResponse(Iterator())

    async def plain_generator():
        return StreamingResponse(chunks())

    async def asynchronous_iterator():
        return StreamingResponse(in_threads())

    async def background():
        return Response("answered", background=BackgroundTask(work))

    async def asynchronous_background():
        return Response("answered", background=BackgroundTask(to_thread))

    class Own(Response):
        async def __call__(self, scope, receive, send):
            await super().__call__(scope, receive, send)
            await to_thread()

    async def of_its_own_class():
        return Own("answered")

    class Model:
        async def predict(self, kind):
            if kind is None:
                return [INSIDE.now, INSIDE.most, INSIDE.entered]
            return await globals()[kind]()
"""
LEFT = (
    *("to_thread", "of_the_loop", "of_its_own", "in_group", "anyio_thread", "starlette_thread"),
    *("plain_iterator", "plain_generator", "asynchronous_iterator"),
)


@pytest.fixture(scope="module")
def model(strange):
    return strange.serve(KINDS, concurrency_target=1)


@pytest.mark.parametrize("kind", LEFT)
def test_the_next_one_meets_nobody_inside_when_a_client_has_left(model, kind):
    entered = model.predict().json()[2]
    model.leave(kind, after=0.3)
    now, most, entered_by_now = model.predict().json()
    assert (now, most) == (0, 1)
    assert entered_by_now > entered
    wait_until(lambda: model.in_flight() == 0, 5, "the slot is free")


@pytest.mark.parametrize("kind", ["background", "asynchronous_background", "of_its_own_class"])
def test_what_a_response_does_after_its_answer_holds_place_and_slot_and_no_client(model, kind):
    with httpx.Client() as client:
        begun = time.monotonic()
        assert client.post(model.predict_url, content=json.dumps(kind)).text == "answered"
        assert time.monotonic() - begun < 0.6, "nobody waits for it"
        answer = client.post(model.predict_url, content="null")
    assert answer.json()[:2] == [0, 1]
    assert queued_seconds(answer) > 0.4, "it waited for the slot"
    wait_until(lambda: model.in_flight() == 0, 5, "the slot is free")


def queued_seconds(answer):
    [queue] = [one for one in answer.headers["server-timing"].split(", ") if one.startswith("queue")]
    return float(queue.partition("dur=")[2]) / 1000
