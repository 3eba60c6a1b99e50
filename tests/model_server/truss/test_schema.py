"""How inputs are validated into pydantic models, and what the schema answer says."""

from collections.abc import AsyncGenerator, Awaitable, Generator, Iterator
from typing import Union

import pydantic
import pytest

from headway.model_server.payload import BadPayloadError, encode_binary
from headway.model_server.truss.schema import describe, parse_inputs
from headway.model_server.truss.signatures import inspect_model

BINARY = b"application/octet-stream"


class Item(pydantic.BaseModel):
    name: str


class Inputs(pydantic.BaseModel):
    items: list[Item]
    count: int = 1


def test_without_a_model_a_body_is_only_decoded():
    assert parse_inputs(b'{"items": 3}', None, None) == {"items": 3}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"items": [{"name": "a"}], "count": "2"}', None),
        (encode_binary({"items": [{"name": "a"}], "count": "2"}), BINARY),
    ],
)
def test_a_body_becomes_the_model(body, content_type):
    assert parse_inputs(body, content_type, Inputs) == Inputs(items=[Item(name="a")], count=2)


@pytest.mark.parametrize("content_type", [None, BINARY])
def test_one_error_names_its_place(content_type):
    value = {"items": [{"name": "a"}, {}]}
    body = encode_binary(value) if content_type else b'{"items": [{"name": "a"}, {}]}'

    with pytest.raises(BadPayloadError) as refused:
        parse_inputs(body, content_type, Inputs)

    assert refused.value.message == "Input Parsing Error:\n  `items[1].name`: Field required."


def test_several_errors_are_told_one_a_line():
    with pytest.raises(BadPayloadError) as refused:
        parse_inputs(b'{"count": "x"}', None, Inputs)

    heading, *lines = refused.value.message.splitlines()
    assert heading == "Input Parsing Errors:"
    assert [line.split(":")[0] for line in lines] == ["  `items`", "  `count`"]


@pytest.mark.parametrize("body", [b"{", b"", b'{"items": "\xff"}'])
def test_a_typed_body_that_is_no_json_is_wrong_at_its_root(body):
    with pytest.raises(BadPayloadError, match=r"\AInput Parsing Error:\n  `__root__`: .+[.]"):
        parse_inputs(body, None, Inputs)


def test_a_typed_body_that_is_no_msgpack_is_told():
    with pytest.raises(BadPayloadError, match="Invalid msgpack"):
        parse_inputs(b"\xc1", BINARY, Inputs)


def described(predict, postprocess=None):
    methods = {"predict": predict} | ({"postprocess": postprocess} if postprocess else {})
    return describe(inspect_model(type("Model", (), methods)()))


def returning(annotation):
    def predict(self, x): ...

    predict.__annotations__ = {"return": annotation}
    return predict


@pytest.mark.parametrize(
    ("annotation", "output", "streams"),
    [
        (Item, "Item", False),
        (Awaitable[Item], "Item", False),
        (Generator[str, None, None], None, True),
        (AsyncGenerator[str, None], None, True),
        (Iterator[str], None, True),
        (Union[Item, Generator[str, None, None]], "Item", True),  # noqa: UP007 - both spellings are met
        (Item | Iterator[str], "Item", True),
        (Awaitable[Item] | AsyncGenerator[str, None], "Item", True),
    ],
)
def test_the_return_annotation_describes_the_output(annotation, output, streams):
    schema = described(returning(annotation))

    assert schema["input_schema"] is None
    assert (schema["output_schema"] or {}).get("title") == output
    assert schema["supports_streaming"] is streams


@pytest.mark.parametrize("annotation", [dict, Item | None, Item | Inputs, Awaitable[dict], str])
def test_an_annotation_that_says_nothing_gives_no_schema(annotation):
    assert described(returning(annotation)) is None


def test_inputs_alone_are_described_too():
    def predict(self, x: Inputs): ...

    schema = described(predict)

    assert schema["input_schema"] == Inputs.model_json_schema()
    assert schema["output_schema"] is None
    assert schema["supports_streaming"] is None


def test_the_output_is_that_of_postprocess_when_there_is_one():
    assert described(returning(dict), returning(Item))["output_schema"]["title"] == "Item"


def test_a_websocket_model_has_no_schema():
    async def websocket(self, websocket): ...

    assert describe(inspect_model(type("Model", (), {"websocket": websocket})())) is None
