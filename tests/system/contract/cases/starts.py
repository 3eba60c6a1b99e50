"""Trusses whose start is the point: they load slowly, again, asynchronously, or not at all."""

from system.contract.table import Case, Source

PREDICT = "    def predict(self, inputs):\n        return inputs\n"
SLOW_LOAD = """
import os
import pathlib
import time

def wait_for_release():
    while not pathlib.Path(os.environ["RELEASE_FILE"]).exists():
        time.sleep(0.01)
"""


def _model(*methods: str) -> Source:
    return Source(
        model="import fastapi\n\nclass Model:\n"
        + "\n".join(f"    {method}\n        pass\n" for method in methods)
    )


# Name -> a Truss that must not load, and a text that its log must show.
FAILURES: dict[str, tuple[Source, str]] = {
    "a load that raises": (
        Source(
            model="class Model:\n    def load(self):\n        raise ValueError('no weights')\n\n" + PREDICT
        ),
        "no weights",
    ),
    "an __init__ that raises": (
        Source(
            model="class Model:\n    def __init__(self):\n        raise ValueError('no card')\n\n" + PREDICT
        ),
        "no card",
    ),
    "an import that fails": (Source(model="import no_such_module\n"), "no_such_module"),
    "a syntax error": (Source(model="class Model\n"), "SyntaxError"),
    "no class Model": (Source(model="class Other:\n" + PREDICT), "Model"),
    "no predict": (_model("def load(self):"), "predict"),
    "predict with three arguments": (_model("def predict(self, a, b, c):"), "predict"),
    "predict with two arguments, the second no request": (
        _model("def predict(self, a, flag=False):"),
        "predict",
    ),
    "predict with keyword arguments": (_model("def predict(self, a, **more):"), "predict"),
    "predict with the request first": (
        _model("def predict(self, request: fastapi.Request, other: fastapi.Request):"),
        "predict",
    ),
    "preprocess before predict of the request alone": (
        _model("def preprocess(self, a):", "def predict(self, request: fastapi.Request):"),
        "preprocess",
    ),
    "postprocess of the request alone": (
        _model("def predict(self, a):", "def postprocess(self, request: fastapi.Request):"),
        "postprocess",
    ),
    "is_healthy with an argument": (
        _model("def predict(self, a):", "def is_healthy(self, a):"),
        "is_healthy",
    ),
    "predict beside websocket": (
        _model("def predict(self, a):", "async def websocket(self, ws):"),
        "websocket",
    ),
    "a websocket that is not async": (_model("def websocket(self, ws):"), "websocket"),
    "a websocket with two arguments": (
        _model("async def websocket(self, ws, request: fastapi.Request):"),
        "websocket",
    ),
    "chat_completions with three arguments": (
        _model("def predict(self, a):", "def chat_completions(self, a, b, c):"),
        "chat_completions",
    ),
}

CASES: list[Case] = []
SOURCES = {name: source for name, (source, _) in FAILURES.items()} | {
    "waiting": Source(
        model=SLOW_LOAD
        + """
class Model:
    def load(self):
        wait_for_release()

    def is_healthy(self):
        return True

    def predict(self, inputs: dict) -> dict:
        return inputs
"""
    ),
    "waiting-websocket": Source(
        model=SLOW_LOAD
        + """
class Model:
    def load(self):
        wait_for_release()

    async def websocket(self, websocket):
        pass
"""
    ),
    "loads at the second try": Source(
        model="""
class Model:
    tries = 0

    def load(self):
        type(self).tries += 1
        if self.tries == 1:
            raise ConnectionError("try again")

    def predict(self, inputs):
        return self.tries
"""
    ),
    "last words": Source(
        model=SLOW_LOAD
        + """
import asyncio

class Model:
    predicting = False

    async def predict(self, inputs):
        self.predicting = True
        await asyncio.to_thread(wait_for_release)
        return "last words"

    def completions(self, inputs):
        return self.predicting
"""
    ),
    "async load": Source(
        model="""
import asyncio

class Model:
    loaded = False

    async def load(self):
        await asyncio.sleep(0)
        self.loaded = True

    def predict(self, inputs):
        return self.loaded
"""
    ),
    "elsewhere": Source(
        config="model_module_dir: source\nmodel_class_filename: main.py\nmodel_class_name: Classifier\n",
        files={"source/main.py": "class Classifier:\n" + PREDICT},
        model="raise RuntimeError('not this file')\n",
    ),
    "request annotated as text": Source(
        model="""
from __future__ import annotations

import fastapi

class Model:
    def predict(self, inputs, request: fastapi.Request):
        return [inputs, request.method]
"""
    ),
    "environment": Source(
        config="secrets: {from_variable: literal, from_file: literal}",
        model="""
class Model:
    def __init__(self, secrets, environment):
        self.secrets, self.given = secrets, environment
        self.order = []

    def setup_environment(self, environment):
        self.order.append(environment)

    def load(self):
        self.order.append("load")

    def predict(self, inputs):
        return {"given": self.given, "order": self.order}

    def completions(self, name):
        return self.secrets[name]
""",
    ),
}
