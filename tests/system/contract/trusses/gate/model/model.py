"""Requests wait inside a stage until a test releases them, and the model tells what has happened.

The ungated endpoints steer: /v1/completions releases names, /v1/embeddings tells the story so far, and /v1/messages
collects garbage. A name starts with the kind of predict that it asks for: value, raise, stream, thread-stream,
response, broken-response, collected or event-source.
"""

import asyncio
import gc
import threading

from starlette.responses import Response, StreamingResponse


class EventSource(Response):
    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    async def __call__(self, _scope, _receive, send):
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [(b"content-type", b"text/event-stream")],
            }
        )
        async for part in self.parts:
            await send({"type": "http.response.body", "body": part.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})


class Model:
    def __init__(self):
        gc.disable()  # no place may depend on when the collector happens to run
        self.story = []
        self.released = {}
        self.lock = threading.Lock()

    def release_of(self, name):
        with self.lock:
            return self.released.setdefault(name, threading.Event())

    def tell(self, event, name):
        self.story.append(f"{event} {name}")

    async def preprocess(self, inputs):
        self.tell("preprocessed", inputs["name"])
        return inputs

    async def predict(self, inputs):
        name = inputs["name"]
        kinds = {
            "stream": self.parts,
            "collected": self.parts,
            "thread-stream": self.thread_parts,
            "response": lambda name: StreamingResponse(self.parts(name)),
            "broken-response": lambda name: StreamingResponse(self.broken_parts(name)),
            "event-source": lambda name: EventSource(self.parts(name)),
        }
        if make := kinds.get(name.split()[0]):
            return make(name)
        if name.startswith("raise"):
            raise ValueError(name)
        self.tell("predicting", name)
        try:
            await self.until_released(name)
        finally:
            self.tell("stopped", name)
        return name

    async def parts(self, name):
        self.tell("predicting", name)
        try:
            yield "first "
            await self.until_released(name)
            yield "last"
        finally:
            self.tell("stopped", name)

    async def broken_parts(self, name):
        self.tell("predicting", name)
        yield "first "
        self.tell("stopped", name)
        raise ValueError(name)

    def thread_parts(self, name):
        self.tell("predicting", name)
        try:
            yield "first "
            while not self.release_of(name).wait(0.02):
                yield ". "
            yield "last"
        finally:
            self.tell("stopped", name)

    async def until_released(self, name):
        while not self.release_of(name).is_set():  # noqa: ASYNC110 -- threads wait for the same event
            await asyncio.sleep(0.005)

    def completions(self, inputs):
        for name in inputs:
            self.release_of(name).set()

    async def embeddings(self):
        return self.story

    async def messages(self):
        gc.collect()

    async def chat_completions(self, inputs):
        self.tell("chatting", inputs["name"])
        await self.until_released(inputs["name"])
        return inputs["name"]
