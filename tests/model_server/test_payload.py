"""What bodies become inputs, what results become bodies, and which bodies are refused."""

import datetime as dt
import json
import math
import uuid
from decimal import Decimal

import msgpack
import numpy as np
import pydantic
import pytest

from headway.model_server.payload import BadPayloadError, decode, encode_binary, encode_json, is_binary

BINARY = b"application/octet-stream"


def json_of(result):
    return b"".join(encode_json(result))


@pytest.mark.parametrize(
    ("content_type", "binary"),
    [
        (None, False),
        (b"", False),
        (b"application/json", False),
        (b"text/plain", False),
        (b"application/octet-stream", True),
        (b"Application/Octet-Stream; x=1", True),
        (b" application/octet-stream ;", True),
        (b"application/octet-streams", False),
    ],
)
def test_only_one_media_type_is_binary(content_type, binary):
    assert is_binary(content_type) is binary


@pytest.mark.parametrize("content_type", [None, b"application/json", b"text/plain"])
def test_everything_else_is_json(content_type):
    assert decode('{"a": ["é", null]}'.encode(), content_type) == {"a": ["é", None]}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_json_may_come_in_any_of_unicodes_encodings(encoding):
    assert decode('["é"]'.encode(encoding), None) == ["é"]


def test_bytes_answer_a_msgpack_request_as_they_are():
    assert encode_binary(b"\x00raw") == b"\x00raw"


def test_msgpack_maps_have_text_for_keys():
    with pytest.raises(BadPayloadError, match="int is not allowed for map key"):
        decode(msgpack.packb({1: 2}), BINARY)


def test_nan_comes_in_as_it_goes_out():
    assert math.isnan(decode(b"NaN", None))
    assert json_of([math.nan]) == b"[NaN]"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting"),
        (b'"\xff"', "codec can't decode byte 0xff in position 1"),
        (b"[" * 100_000, "recursion"),
        (b'["%s", \xff]' % (b"x" * 5000), "codec can't decode byte 0xff in position 5005"),
        (b'["%s", 1, x]' % (b"x" * 5000), r"Expecting value: line 1 column 5009 \(char 5008\)"),
    ],
)
def test_bad_json_is_told(body, told):
    with pytest.raises(BadPayloadError, match=told):
        decode(body, None)


class Answer(pydantic.BaseModel):
    text: str
    at: dt.date = dt.date(2024, 5, 6)


@pytest.mark.parametrize(
    ("result", "body"),
    [
        ({"a": [1, "é"]}, b'{"a": [1, "\\u00e9"]}'),
        ((1, None), b"[1, null]"),
        (np.arange(4).reshape(2, 2), b"[[0, 1], [2, 3]]"),
        ({"a": [np.int64(1), np.float32(0.5)]}, b'{"a": [1, 0.5]}'),
        (Answer(text="x"), b'{"text":"x","at":"2024-05-06"}'),
    ],
)
def test_results_become_json(result, body):
    assert json_of(result) == body


@pytest.mark.parametrize("result", [np.bool_(1), {1, 2}, b"x", dt.date(2024, 5, 6), [Answer(text="x")]])
def test_what_json_has_no_word_for_is_an_error(result):
    with pytest.raises(TypeError, match="is not JSON serializable"):
        encode_json(result)


@pytest.mark.parametrize(
    "value",
    [
        {"a": [1, "é", None, b"raw"]},
        dt.datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=dt.UTC),
        dt.datetime(2024, 5, 6, 7, 8, 9, 10),  # noqa: DTZ001 - one without a zone has to stay so
        dt.date(2024, 5, 6),
        dt.time(7, 8, 9),
        dt.timedelta(days=-1, seconds=2, microseconds=3),
        Decimal("1.50"),
        uuid.UUID(int=7),
        1 + 2j,
    ],
)
def test_values_travel_as_msgpack(value):
    back = decode(encode_binary(value), BINARY)

    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="<i4").reshape(2, 3),
        np.zeros((0, 3)),
        np.array(5.0),
        np.array([True, False]),
        np.array(["a", "bc"]),
        np.array([1 + 2j]),
        np.arange(6).reshape(2, 3).T,
        np.array([(1, 2.0, [3, 4])], dtype=[("a", "<i4"), ("b", "<f8"), ("c", "<i2", (2,))]),
    ],
)
def test_arrays_travel_as_msgpack_and_can_be_written(array):
    back = decode(encode_binary({"x": array}), BINARY)["x"]

    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)
    assert back.flags.writeable


@pytest.mark.parametrize("scalar", [np.int16(3), np.float32(0.5), np.bool_(1)])
def test_numpy_scalars_travel_as_msgpack(scalar):
    back = decode(encode_binary(scalar), BINARY)

    assert back == scalar
    assert back.dtype == scalar.dtype


def test_a_pydantic_result_is_dumped():
    assert decode(encode_binary(Answer(text="x")), BINARY) == {"text": "x", "at": dt.date(2024, 5, 6)}


def test_an_array_on_the_wire_is_that_of_msgpack_numpy():
    raw = msgpack.unpackb(encode_binary(np.arange(2, dtype="<u2")))

    assert raw == {b"nd": True, b"type": "<u2", b"kind": b"", b"shape": [2], b"data": b"\x00\x00\x01\x00"}


@pytest.mark.parametrize("result", [{1, 2}, object(), [Answer(text="x")], np.array([object()])])
def test_what_msgpack_has_no_map_for_is_an_error(result):
    with pytest.raises(TypeError, match="can not serialize"):
        encode_binary(result)


def array_map(**changes):
    fields = {"nd": True, "type": "<u2", "kind": b"", "shape": [2], "data": b"\x00\x00\x01\x00"} | changes
    return msgpack.packb({key.encode(): value for key, value in fields.items()})


class Canary:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


@pytest.mark.parametrize(
    "body",
    [
        array_map(kind=b"O", type="|O", data=__import__("pickle").dumps(Canary())),
        array_map(kind=b"", type="|O", data=b"\0" * 16),
        array_map(type=[["a", "|O"]], kind=b"V", data=b"\0" * 16),
        array_map(nd=False, type="|O", data=b"\0" * 8),
        array_map(type="V0", shape=[2**40]),
    ],
)
def test_arrays_of_objects_or_of_nothing_are_unsupported(body):
    with pytest.raises(BadPayloadError, match="unsupported payload"):
        decode(body, BINARY)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        b"\x01\x02",
        b"\xa1\xff",
        b"\x91" * 5_000,
        array_map(shape=[3]),
        array_map(shape=[-1]),
        array_map(shape=[2**62, 2**62]),
        array_map(shape=None),
        array_map(shape="ab"),
        array_map(type="nonsense"),
        array_map(type={"names": []}),
        array_map(type=[["a"]]),
        array_map(data=None),
        array_map(nd=False, data=b""),
        msgpack.packb({b"nd": True}),
        msgpack.packb({b"__dt_datetime_iso__": True, b"data": "yesterday"}),
        msgpack.packb({b"__dt_timedelta__": True, b"data": [10**12, 0, 0]}),
        msgpack.packb({b"__decimal__": True, b"data": "x"}),
        msgpack.packb({b"__uuid__": True, b"data": 5}),
    ],
)
def test_bad_msgpack_is_the_senders_fault(body):
    with pytest.raises(BadPayloadError, match=r"\S"):
        decode(body, BINARY)


def test_json_of_plain_data_is_what_the_json_module_writes():
    data = {"text": "a" * 50, "list": list(range(20)), "nested": {"x": 1.5, "y": None, "z": True}}

    assert json_of(data) == json.dumps(data).encode()
