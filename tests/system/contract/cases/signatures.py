"""Every shape of method that loads and answers; the shapes that are refused are in test_startup."""

from system.contract.table import Case, Source, not_serializable, ok, stream

SOURCES = {
    "no-argument": Source(model="class Model:\n    def predict(self):\n        return 'called'\n"),
    "star-arguments": Source(model="class Model:\n    def predict(self, *inputs):\n        return inputs\n"),
    "defaulted-argument": Source(
        model="class Model:\n    def predict(self, inputs=None):\n        return inputs\n"
    ),
    "inputs-and-request": Source(
        model="""
import starlette.requests

class Model:
    def predict(self, inputs, request: starlette.requests.Request):
        return [inputs, request.method, request.headers.get("x-tag"), request.client.host]
"""
    ),
    "request-subclass": Source(
        model="""
import fastapi

class Mine(fastapi.Request):
    pass

class Model:
    def predict(self, request: Mine):
        return [isinstance(request, fastapi.Request), request.method]
"""
    ),
    "instance-attribute": Source(
        model="""
class Model:
    def __init__(self):
        self.predict = lambda inputs: ["attribute", inputs]
"""
    ),
    "static-and-class-methods": Source(
        model="""
class Model:
    @staticmethod
    def preprocess(inputs):
        return [inputs]

    @classmethod
    def predict(cls, inputs):
        return [cls.__name__, *inputs]
"""
    ),
    "inherited": Source(
        model="""
class Base:
    def predict(self, inputs):
        return ["inherited", inputs]

class Model(Base):
    pass
"""
    ),
    "keyword-only-init": Source(
        model="""
class Model:
    def __init__(self, *, config, **kwargs):
        self.names = sorted(kwargs)

    def predict(self, inputs):
        return self.names
"""
    ),
    "generator-function": Source(
        model="""
class Model:
    def predict(self, inputs):
        yield "a"
        yield str(inputs)
"""
    ),
    "async-generator-function": Source(
        model="""
class Model:
    async def predict(self, inputs):
        yield "a"
        yield str(inputs)
"""
    ),
    "async-returning-generator": Source(
        model="""
class Model:
    async def predict(self, inputs):
        return (part for part in ("a", str(inputs)))
"""
    ),
    "sync-and-async": Source(
        model="""
import threading

def where():
    return threading.current_thread() is threading.main_thread()

class Model:
    def preprocess(self, inputs):
        return [where()]

    async def predict(self, seen):
        return [*seen, where()]

    def postprocess(self, seen):
        return [*seen, where()]
"""
    ),
    "request-annotation-as-text": Source(
        model="""
from __future__ import annotations

import fastapi

class Model:
    def predict(self, request: fastapi.Request):
        return isinstance(request, fastapi.Request)
"""
    ),
    "other-iterables": Source(
        model="""
class Model:
    def predict(self, inputs):
        return iter(["a"]) if inputs else map(str, [1])
"""
    ),
}


def _case(name: str, truss: str, answer, body: str = "1", **more) -> Case:
    return Case(name=name, truss=truss, body=body, answer=answer, **more)


CASES = [
    _case("predict without an argument is called without", "no-argument", ok('"called"')),
    _case("*inputs counts as one argument", "star-arguments", ok("[1]")),
    _case("an argument with a default counts as one", "defaulted-argument", ok("1")),
    _case(
        "inputs and request",
        "inputs-and-request",
        ok('[1, "POST", "t", "127.0.0.1"]'),
        headers={"X-Tag": "t"},
    ),
    _case("a subclass of Request marks the request", "request-subclass", ok('[true, "POST"]')),
    _case("predict may be an attribute of the instance", "instance-attribute", ok('["attribute", 1]')),
    _case("static and class methods", "static-and-class-methods", ok('["Model", 1]')),
    _case("an inherited predict", "inherited", ok('["inherited", 1]')),
    _case(
        "**kwargs of __init__ gets every other argument",
        "keyword-only-init",
        ok('["data_dir", "environment", "lazy_data_resolver", "secrets"]'),
    ),
    _case("a generator function streams", "generator-function", stream("a1")),
    _case("an async generator function streams", "async-generator-function", stream("a1")),
    _case("an async function that returns a generator streams", "async-returning-generator", stream("a1")),
    _case(
        "plain functions run in threads, async ones on the loop", "sync-and-async", ok("[false, true, false]")
    ),
    _case(
        "an annotation kept as text marks the request",
        "request-annotation-as-text",
        ok("true"),
        upstream=ok("false"),
        because="upstream does not resolve annotations under `from __future__ import annotations`",
    ),
    _case(
        "an iterator that is no generator is no stream",
        "other-iterables",
        not_serializable("Object of type list_iterator is not JSON serializable"),
    ),
]
