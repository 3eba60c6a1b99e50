"""The Trusses of the stories, which are told in the test modules beside the table."""

from pathlib import Path

from system.contract.table import Case, Source

GATE = (Path(__file__).parent.parent / "trusses/gate/model/model.py").read_text()

CASES: list[Case] = []
SOURCES = {
    "gate-of-two": Source(config="runtime: {predict_concurrency: 2}", model=GATE),
    "gate-that-finishes": Source(config="model_metadata: {headway: {on_disconnect: finish}}", model=GATE),
    "meeting-stages": Source(
        model="""
import asyncio

class Model:
    def __init__(self):
        self.second_predicts = asyncio.Event()

    async def predict(self, name):
        if name == "second":
            self.second_predicts.set()
        return name

    async def postprocess(self, name):
        if name == "second":
            return "alone"
        await asyncio.wait_for(self.second_predicts.wait(), 5)
        return "met"
"""
    ),
    "crowd": Source(
        config="runtime: {predict_concurrency: 100}",
        model="""
import threading

class Model:
    def __init__(self):
        self.all_here = threading.Barrier(45)
        self.let_go = threading.Event()
        self.held = 0

    def preprocess(self, inputs):
        if inputs.get("hold"):
            self.held += 1
            self.let_go.wait(20)
        return inputs

    def predict(self, inputs):
        if inputs.get("meet"):
            self.all_here.wait(3)

    async def completions(self):
        self.let_go.set()

    async def embeddings(self):
        return self.held
""",
    ),
    "plain-gate": Source(
        model="""
import threading

class Model:
    def __init__(self):
        self.story, self.released, self.lock = [], {}, threading.Lock()

    def release_of(self, name):
        with self.lock:
            return self.released.setdefault(name, threading.Event())

    def preprocess(self, inputs):
        self.story.append(f"preprocessed {inputs['name']}")
        return inputs["name"]

    def predict(self, name):
        self.story.append(f"predicting {name}")
        self.release_of(name).wait(20)
        self.story.append(f"stopped {name}")

    async def completions(self, names):
        for name in names:
            self.release_of(name).set()

    async def embeddings(self):
        return self.story
"""
    ),
    "watching": Source(
        config="model_metadata: {headway: {on_disconnect: finish}}",
        model="""
import asyncio

import fastapi

class Model:
    def __init__(self):
        self.story = []

    async def predict(self, inputs, request: fastapi.Request):
        self.story.append("asked")
        for _ in range(2000):
            if await request.is_disconnected():
                self.story.append("gone")
                return
            await asyncio.sleep(0.01)

    def chat_completions(self, inputs, request: fastapi.Request):
        with request.state.watch_disconnect() as left:
            self.story.append("watching")
            if left.wait(10):
                self.story.append("seen leaving")

    def responses(self, inputs, request: fastapi.Request):
        with request.state.watch_disconnect() as left:
            return left.wait(0.1)

    async def embeddings(self):
        return self.story
""",
    ),
    "websocket": Source(
        model="""
import fastapi

class Model:
    async def websocket(self, websocket: fastapi.WebSocket):
        match await websocket.receive_text():
            case "echo":
                await websocket.send_text("text")
                await websocket.send_bytes(b"\\x00\\xff")
                await websocket.send_json({"got": await websocket.receive_bytes() == b"\\x01"})
            case "iterate":
                async for message in websocket.iter_text():
                    await websocket.send_text(message.upper())
            case "close":
                await websocket.close(code=4321, reason="enough")
            case "raise":
                raise ValueError("hidden")
            case "refuse":
                raise fastapi.HTTPException(418, "hidden too")
            case "headers":
                await websocket.send_json([websocket.headers["x-tag"], dict(websocket.query_params)])
            case "size":
                await websocket.send_text(str(len(await websocket.receive_text())))
"""
    ),
    "reloading": Source(
        files={"model/helper.py": "WORD = 'old'\n"},
        model="""
from model.helper import WORD

class Model:
    def __init__(self):
        self.loads = 0

    def load(self):
        self.loads += 1

    def predict(self, inputs):
        return [WORD, self.loads]
""",
    ),
}
