"""Pydantic inputs and outputs, and the schema they publish."""

from system.contract.table import BINARY, Answer, Case, Json, Source, binary, fails, ok, packed, refused

TYPES = """
import pydantic

class Item(pydantic.BaseModel):
    value: int

class Order(pydantic.BaseModel):
    text: str
    count: int = 1
    items: list[Item] = []

class Receipt(pydantic.BaseModel):
    text: str
    total: int
"""

SOURCES = {
    "typed": Source(
        model=TYPES
        + """
class Model:
    def predict(self, order: Order) -> Receipt:
        return Receipt(text=order.text * order.count, total=sum(item.value for item in order.items))

    def chat_completions(self, inputs):
        return inputs
"""
    ),
    "typed-annotations-as-text": Source(
        model="from __future__ import annotations\n"
        + TYPES
        + """
class Model:
    def predict(self, order: Order) -> Receipt:
        return type(order).__name__
"""
    ),
    "typed-preprocess": Source(
        model=TYPES
        + """
class Model:
    def preprocess(self, order: Order):
        return {"seen": order.text}

    def predict(self, order: Item):
        return order

    def postprocess(self, result) -> Receipt:
        return result
"""
    ),
    "streams-or-answers": Source(
        model="from collections.abc import Generator\nfrom typing import Union\n"
        + TYPES
        + """
class Model:
    def predict(self, order: Order) -> Union[Receipt, Generator[str, None, None]]:
        return (part for part in order.text)
"""
    ),
    "streams-or-answers-by-bar": Source(
        model="from collections.abc import Generator\n"
        + TYPES
        + """
class Model:
    def predict(self, order: Order) -> Receipt | Generator[str, None, None]:
        return Receipt(text="", total=0)
"""
    ),
    "only-streams": Source(
        model="""
from collections.abc import AsyncIterator

class Model:
    async def predict(self, inputs) -> AsyncIterator[str]:
        yield "a"
"""
    ),
    "awaitable": Source(
        model="from collections.abc import Awaitable\n"
        + TYPES
        + """
class Model:
    async def predict(self, inputs) -> Awaitable[Item]:
        return Item(value=1)
"""
    ),
    "async-typed": Source(
        model=TYPES
        + """
class Model:
    async def predict(self, inputs) -> Item:
        return Item(value=1)
"""
    ),
    "typed-otherwise": Source(
        model="""
class Model:
    def predict(self, inputs: dict[str, int]) -> dict:
        return inputs
"""
    ),
}

ITEM_SCHEMA = {
    "properties": {"value": {"title": "Value", "type": "integer"}},
    "required": ["value"],
    "title": "Item",
    "type": "object",
}
ORDER_SCHEMA = {
    "$defs": {"Item": ITEM_SCHEMA},
    "properties": {
        "text": {"title": "Text", "type": "string"},
        "count": {"default": 1, "title": "Count", "type": "integer"},
        "items": {"default": [], "items": {"$ref": "#/$defs/Item"}, "title": "Items", "type": "array"},
    },
    "required": ["text"],
    "title": "Order",
    "type": "object",
}
RECEIPT_SCHEMA = {
    "properties": {
        "text": {"title": "Text", "type": "string"},
        "total": {"title": "Total", "type": "integer"},
    },
    "required": ["text", "total"],
    "title": "Receipt",
    "type": "object",
}
VALID = '{"text": "ab", "count": 2, "items": [{"value": 3}, {"value": 4}]}'


def _schema(name: str, truss: str, answer: Answer, **more) -> Case:
    return Case(name=name, truss=truss, method="GET", path="/v1/models/model/schema", answer=answer, **more)


def _published(takes: object, gives: object, streams: bool | None) -> Answer:
    return ok(Json({"input_schema": takes, "output_schema": gives, "supports_streaming": streams}))


INPUTS = [
    Case(
        name="a valid body becomes the model's type",
        truss="typed",
        body=VALID,
        answer=ok('{"text":"abab","total":7}'),
    ),
    Case(
        name="defaults are filled in",
        truss="typed",
        body='{"text": "ab"}',
        answer=ok('{"text":"ab","total":0}'),
    ),
    Case(
        name="extra keys are ignored as the type says",
        truss="typed",
        body='{"text": "a", "x": 1}',
        answer=ok('{"text":"a","total":0}'),
    ),
    Case(
        name="numbers in text are coerced as pydantic does",
        truss="typed",
        body='{"text": "a", "count": "2"}',
        answer=ok('{"text":"aa","total":0}'),
    ),
    Case(
        name="msgpack is validated too and answered in msgpack",
        truss="typed",
        headers=BINARY,
        body=packed({"text": "ab", "items": [{"value": 1}]}),
        answer=binary({"text": "ab", "total": 1}),
    ),
    Case(
        name="one error names the field",
        truss="typed",
        body="{}",
        answer=refused("Input Parsing Error:\n  `text`: Field required."),
    ),
    Case(
        name="several errors name each field by its path",
        truss="typed",
        body='{"count": "x", "items": [{"value": 1}, {"value": "y"}]}',
        answer=refused(
            "Input Parsing Errors:\n  `text`: Field required.\n"
            "  `count`: Input should be a valid integer, unable to parse string as an integer.\n"
            "  `items[1].value`: Input should be a valid integer, unable to parse string as an integer."
        ),
    ),
    Case(
        name="a body of another kind names no path",
        truss="typed",
        body="[1]",
        answer=refused(
            "Input Parsing Error:\n  ``: Input should be a valid dictionary or instance of Order."
        ),
    ),
    Case(
        name="broken JSON is an error of the whole",
        truss="typed",
        body='{"text"',
        answer=refused(
            "Input Parsing Error:\n  `__root__`: Expecting ':' delimiter: line 1 column 8 (char 7)."
        ),
    ),
    Case(
        name="an empty body is an error of the whole",
        truss="typed",
        body=b"",
        answer=refused("Input Parsing Error:\n  `__root__`: Expecting value: line 1 column 1 (char 0)."),
    ),
    Case(
        name="msgpack errors name the field",
        truss="typed",
        headers=BINARY,
        body=packed({"count": 1}),
        answer=refused("Input Parsing Error:\n  `text`: Field required."),
    ),
    Case(
        name="predict's type does not bind chat_completions",
        truss="typed",
        path="/v1/chat/completions",
        body='{"messages": []}',
        answer=ok('{"messages": []}'),
        upstream=refused("Input Parsing Error:\n  `text`: Field required."),
        because="upstream validates every endpoint's body with predict's type",
    ),
    Case(
        name="preprocess's type is the one that counts",
        truss="typed-preprocess",
        body='{"text": "ab"}',
        answer=ok('{"seen": "ab"}'),
    ),
    Case(
        name="annotations kept as text validate all the same",
        truss="typed-annotations-as-text",
        body='{"text": "ab"}',
        answer=ok('"Order"'),
        upstream=ok('"dict"'),
        because="upstream does not resolve annotations under `from __future__ import annotations`",
    ),
    Case(
        name="an annotation that is no pydantic model is not checked",
        truss="typed-otherwise",
        body='["no dict"]',
        answer=ok('["no dict"]'),
    ),
    Case(
        name="a type in the model's own module may be pickled and found again",
        truss="registered",
        body="1",
        answer=ok('["model.model", 1]'),
    ),
    Case(
        name="generic pydantic models at module scope",
        truss="registered",
        path="/v1/completions",
        body="2",
        answer=ok('{"inner":2}'),
    ),
]
SOURCES["registered"] = Source(
    model="""
import pickle
from typing import Generic, TypeVar

import pydantic

T = TypeVar("T")

class Box(pydantic.BaseModel, Generic[T]):
    inner: T

class Kept:
    def __init__(self, value):
        self.value = value

IntBox = Box[int]

class Model:
    def predict(self, inputs):
        kept = pickle.loads(pickle.dumps(Kept(inputs)))
        return [type(kept).__module__, kept.value]

    def completions(self, inputs):
        return pickle.loads(pickle.dumps(IntBox(inner=inputs)))
"""
)

SCHEMAS = [
    _schema("both types are published", "typed", _published(ORDER_SCHEMA, RECEIPT_SCHEMA, False)),
    _schema(
        "preprocess and postprocess publish theirs",
        "typed-preprocess",
        _published(ORDER_SCHEMA, RECEIPT_SCHEMA, False),
    ),
    _schema("an answer or a stream", "streams-or-answers", _published(ORDER_SCHEMA, RECEIPT_SCHEMA, True)),
    _schema(
        "an answer or a stream, written with a bar",
        "streams-or-answers-by-bar",
        _published(ORDER_SCHEMA, RECEIPT_SCHEMA, True),
        upstream=_published(ORDER_SCHEMA, None, None),
        because="upstream knows typing.Union only",
    ),
    _schema("a generator alone publishes that it streams", "only-streams", _published(None, None, True)),
    _schema("an awaitable's type is unwrapped", "awaitable", _published(None, ITEM_SCHEMA, False)),
    _schema("an async function's type is its own", "async-typed", _published(None, ITEM_SCHEMA, False)),
    _schema(
        "annotations kept as text publish the schema",
        "typed-annotations-as-text",
        _published(ORDER_SCHEMA, RECEIPT_SCHEMA, False),
        upstream=fails(404, "No schema found", 600),
        because="upstream does not resolve annotations under `from __future__ import annotations`",
    ),
    _schema("other annotations publish none", "typed-otherwise", fails(404, "No schema found", 600)),
    _schema("no annotations publish none", "echo", fails(404, "No schema found", 600)),
]

CASES = INPUTS + SCHEMAS
