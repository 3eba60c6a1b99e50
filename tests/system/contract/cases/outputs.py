"""What predict may return, and what the client then reads: as JSON, as msgpack, and a response of the model's own."""

import json

from system.contract.table import (
    BINARY,
    Answer,
    Case,
    array,
    binary,
    error_headers,
    not_serializable,
    ok,
)


def _case(name: str, result: str, answer: Answer, **more) -> Case:
    return Case(name=name, truss="outputs", body=json.dumps({"result": result}), answer=answer, **more)


def _binary_case(name: str, result: str, answer: Answer, **more) -> Case:
    body = b"\x81\xa6result" + bytes([0xA0 + len(result)]) + result.encode()
    return Case(name=name, truss="outputs", headers=BINARY, body=body, answer=answer, **more)


AS_JSON = [
    _case(
        "a dict keeps its order and json.dumps's separators",
        "dict",
        ok('{"b": 1, "a": [1, 2.5, null, true]}'),
    ),
    _case("a list", "list", ok('[1, "two"]')),
    _case("a tuple is a list", "tuple", ok("[1, [2, 3]]")),
    _case("a string, its letters escaped to ASCII", "string", ok(r'"na\u00efve"')),
    _case("an integer", "integer", ok("7")),
    _case("a float", "float", ok("0.1")),
    _case("a boolean", "boolean", ok("true")),
    _case("None is null", "nothing", ok("null")),
    _case("an empty dict", "empty", ok("{}")),
    _case("integer keys become strings", "integer keys", ok('{"1": "one"}')),
    _case("NaN and Infinity are printed as such", "not a number", ok("[NaN, Infinity]")),
    _case("a numpy array is nested lists", "array", ok("[[1, 2], [3, 4]]")),
    _case("numpy numbers are numbers", "numpy scalars", ok('{"i": 3, "f": 0.5}')),
    _case("a numpy array deep inside", "nested array", ok('{"embedding": [[0.5, 1.5]]}')),
    _case("a pydantic model is its compact JSON", "pydantic", ok('{"x":1,"y":0.5}')),
    _case(
        "a numpy boolean is refused",
        "numpy boolean",
        not_serializable("Object of type bool_? is not JSON serializable"),
    ),
    _case("a set is refused", "set", not_serializable("Object of type set is not JSON serializable")),
    _case(
        "a datetime is refused",
        "datetime",
        not_serializable("Object of type datetime is not JSON serializable"),
    ),
    _case("bytes are refused", "bytes", not_serializable("Object of type bytes is not JSON serializable")),
    _case(
        "a pydantic model in a list is refused",
        "pydantic in a list",
        not_serializable("Object of type Point is not JSON serializable"),
    ),
    _case(
        "a coroutine returned by a plain function is not awaited",
        "coroutine",
        not_serializable("Object of type coroutine is not JSON serializable"),
    ),
]

AS_MSGPACK = [
    _binary_case("a dict as msgpack", "dict", binary({"b": 1, "a": [1, 2.5, None, True]})),
    _binary_case("a tuple as a msgpack array", "tuple", binary([1, [2, 3]])),
    _binary_case("a string as msgpack", "string", binary("naïve")),
    _binary_case("None as msgpack", "nothing", binary(None)),
    _binary_case("integer keys stay integers", "integer keys", binary({1: "one"})),
    _binary_case(
        "a numpy array as msgpack-numpy's map",
        "array",
        binary(array(b"".join(n.to_bytes(8, "little") for n in (1, 2, 3, 4)), "<i8", 2, 2)),
    ),
    _binary_case(
        "a numpy number as msgpack-numpy's map",
        "numpy scalars",
        binary(
            {
                "i": {b"nd": False, b"type": "<i8", b"data": (3).to_bytes(8, "little")},
                "f": {b"nd": False, b"type": "<f4", b"data": b"\x00\x00\x00?"},
            }
        ),
    ),
    _binary_case(
        "a numpy boolean as msgpack-numpy's map",
        "numpy boolean",
        binary({b"nd": False, b"type": "|b1", b"data": b"\x01"}),
    ),
    _binary_case(
        "a datetime in UTC ends in Z",
        "datetime",
        binary({b"__dt_datetime_iso__": True, b"data": "2024-01-02T03:04:05Z"}),
    ),
    _binary_case(
        "date, time, timedelta, Decimal and UUID each as their map",
        "moments",
        binary(
            [
                {b"__dt_date_iso__": True, b"data": "2024-01-02"},
                {b"__dt_time_iso__": True, b"data": "03:04:05"},
                {b"__dt_timedelta__": True, b"data": [1, 2, 3]},
                {b"__decimal__": True, b"data": "1.50"},
                {b"__uuid__": True, b"data": "00000000-0000-0000-0000-000000000001"},
            ]
        ),
    ),
    _binary_case("bytes are sent raw", "bytes", ok(b"\x00raw\xff", "application/octet-stream")),
    _binary_case("a pydantic model as its dump", "pydantic", binary({"x": 1, "y": 0.5})),
    _binary_case(
        "a set is refused as msgpack too", "set", not_serializable("can not serialize 'set' object")
    ),
    _binary_case(
        "a pydantic model in a list is refused as msgpack too",
        "pydantic in a list",
        not_serializable("can not serialize 'Point' object"),
    ),
]

RESPONSES = [
    _case(
        "a Response passes as it is, with its headers",
        "response",
        Answer(200, "body", {"x-model": "mine", "content-length": "4", "content-type": None}),
    ),
    _case(
        "each cookie of a Response is a header of its own",
        "response",
        Answer(200, "body", {"set-cookie": "a=1; Path=/; SameSite=lax, b=2; Path=/; SameSite=lax"}),
    ),
    _case(
        "a Response below 300 has no error headers",
        "created",
        Answer(201, '{"id":1}', {"content-type": "application/json", "x-baseten-error-code": None}),
    ),
    _case("204 has no body", "no content", Answer(204, b"", {"x-baseten-error-code": None})),
    _case("text keeps its charset", "text", ok("plain é", "text/plain; charset=utf-8", content_length="8")),
    _case("HTML", "html", ok("<p>hi</p>", "text/html; charset=utf-8")),
    _case(
        "a redirect carries the error headers, as everything from 300 on",
        "redirect",
        Answer(307, b"", {"location": "/elsewhere"} | error_headers(700)),
    ),
    _case(
        "a Response of 400 or more keeps its body and gets code 700",
        "not found",
        Answer(404, '{"missing":true}', error_headers(700)),
    ),
    _case(
        "an error code that the model set is overwritten",
        "teapot with error header",
        Answer(418, "t", error_headers(700)),
    ),
    _binary_case(
        "a Response is not packed for a msgpack request",
        "created",
        Answer(201, '{"id":1}', {"content-type": "application/json"}),
    ),
]

CASES = AS_JSON + AS_MSGPACK + RESPONSES
