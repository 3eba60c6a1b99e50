"""What reaches predict: JSON and msgpack, well formed and not, however it is sent."""

from system.contract.table import (
    BINARY,
    PREDICT,
    Answer,
    Case,
    Like,
    array,
    binary,
    fails,
    ok,
    packed,
    refused,
)


def _case(name: str, body: bytes | str, answer: Answer, **more) -> Case:
    return Case(name=name, truss="echo", body=body, answer=answer, **more)


def _packed(name: str, value: object, answer: Answer | None = None, **more) -> Case:
    body = value if isinstance(value, bytes) else packed(value)
    more.setdefault("headers", BINARY)
    return _case(name, body, answer or binary(value), **more)


def _sent_as(content_type: str) -> dict[str, str]:
    return {"Content-Type": content_type}


AS_JSON = [
    _case("an object", '{"a": {"b": [1, 2]}}', ok('{"a": {"b": [1, 2]}}')),
    _case("a list", "[1,2]", ok("[1, 2]")),
    _case("a string", '"text"', ok('"text"')),
    _case("null", "null", ok("null")),
    _case("numbers keep integer and float apart", "[1, 1.0, 1e3]", ok("[1, 1.0, 1000.0]")),
    _case(
        "a big integer keeps all its digits",
        "123456789012345678901234567890",
        ok("123456789012345678901234567890"),
    ),
    _case("NaN is accepted", "[NaN, -Infinity]", ok("[NaN, -Infinity]")),
    _case("of equal keys the last wins", '{"a": 1, "a": 2}', ok('{"a": 2}')),
    _case("space around it", " \n[1]\n ", ok("[1]")),
    _case("letters beyond ASCII", '"é日"', ok(r'"\u00e9\u65e5"')),
    _case("UTF-16 is detected", "[1]".encode("utf-16"), ok("[1]")),
    _case("a byte-order mark is accepted", b"\xef\xbb\xbf[1]", ok("[1]")),
    _case("8 MB", '"' + "x" * 8_000_000 + '"', ok('"' + "x" * 8_000_000 + '"')),
    _case("text/plain is JSON", "[1]", ok("[1]"), headers=_sent_as("text/plain")),
    _case("a form type is JSON", "[1]", ok("[1]"), headers=_sent_as("application/x-www-form-urlencoded")),
    _case("JSON with a charset", "[1]", ok("[1]"), headers=_sent_as("application/json; charset=utf-8")),
    _case(
        "a type that only starts like octet-stream is JSON",
        "[1]",
        ok("[1]"),
        headers=_sent_as("application/octet-stream-2"),
    ),
    _case("a query string is ignored", "[1]", ok("[1]"), path=PREDICT + "?stream=true"),
    _case("any model name", "[1]", ok("[1]"), path="/v1/models/another%20name:predict"),
    _case(
        "predict_binary looks at the content type only",
        "[1]",
        ok("[1]"),
        path="/v1/models/model:predict_binary",
    ),
    _case("/invocations is predict", "[1]", ok("[1]"), path="/invocations"),
    _case(
        "an empty body is refused",
        b"",
        refused("Invalid JSON payload: Expecting value: line 1 column 1 (char 0)"),
    ),
    _case(
        "half an object is refused",
        '{"a": ',
        refused("Invalid JSON payload: Expecting value: line 1 column 7 (char 6)"),
    ),
    _case(
        "two values are refused",
        "[1] [2]",
        refused("Invalid JSON payload: Extra data: line 1 column 5 (char 4)"),
    ),
    _case(
        "bytes that are no UTF-8 are the client's fault",
        b'"\xff\xfe"',
        refused(Like("Invalid JSON payload: .*")),
        upstream=fails(500, Like("Unhandled exception: UnicodeDecodeError: .*"), 500),
        because="upstream lets the UnicodeDecodeError escape",
    ),
    _case(
        "nesting beyond Python's depth is the client's fault",
        "[" * 200_000,
        refused(Like("Invalid JSON payload: .*")),
        upstream=fails(500, Like("Unhandled exception: RecursionError: .*"), 500),
        because="upstream lets the RecursionError escape",
    ),
    _case(
        "a number of too many digits is the client's fault",
        "1" * 5000,
        refused(Like("Invalid JSON payload: .*")),
        upstream=fails(500, Like("Unhandled exception: ValueError: .*"), 500),
        because="upstream catches only JSONDecodeError",
    ),
]

MOMENTS = [
    {b"__dt_datetime_iso__": True, b"data": "2024-01-02T03:04:05Z"},
    {b"__dt_date_iso__": True, b"data": "2024-01-02"},
    {b"__dt_time_iso__": True, b"data": "03:04:05"},
    {b"__dt_timedelta__": True, b"data": [1, 2, 3]},
    {b"__decimal__": True, b"data": "1.50"},
    {b"__uuid__": True, b"data": "00000000-0000-0000-0000-000000000001"},
]

AS_MSGPACK = [
    _packed("a msgpack map", {"a": [1, 2.5, None, True, "é"]}),
    _packed("msgpack bytes stay bytes", {"image": b"\x00\xff"}),
    _packed("raw bytes come back raw", packed(b"\x00\xff"), ok(b"\x00\xff", "application/octet-stream")),
    _packed("octet-stream in any letters", [1], headers=_sent_as("Application/Octet-Stream")),
    _packed("octet-stream with a parameter", [1], headers=_sent_as("application/octet-stream; version=1")),
    _packed("predict_binary takes msgpack", [1], path="/v1/models/model:predict_binary"),
    _packed("numpy arrays", array(b"\x00\x00\x80?\x00\x00\x00@", "<f4", 1, 2)),
    _packed("numpy numbers", {b"nd": False, b"type": "<f4", b"data": b"\x00\x00\x80?"}),
    _packed("datetime, date, time, timedelta, Decimal and UUID", MOMENTS),
    _packed("a map of bytes that is none of those stays a map", {b"other": 1}),
    _packed("halves of a msgpack value are refused", b"\x92\x01", refused("Unpack failed: incomplete input")),
    _packed("msgpack with more behind it is refused", b"\x01\x02", refused("unpack(b) received extra data.")),
    _packed("an empty msgpack body is refused", b"", refused("Unpack failed: incomplete input")),
    _packed("a byte that msgpack never uses is refused", b"\xc1", refused(Like(".*"))),
    _packed(
        "integer keys are refused",
        {1: 2},
        refused("int is not allowed for map key when strict_map_key=True"),
    ),
    _packed(
        "an array of Python objects is never unpickled",
        {b"nd": True, b"kind": b"O", b"type": "|O", b"shape": [1], b"data": b"\x80\x04N."},
        refused("unsupported payload"),
    ),
    _packed(
        "an array whose data do not fit its type is refused",
        array(b"\x00\x00\x00", "<f4", 1),
        refused(Like(".+")),
        upstream=fails(500, Like("Unhandled exception: TypeError: .*"), 500),
        because="upstream lets numpy's TypeError escape",
    ),
    _packed(
        "a date that is none is refused",
        {b"__dt_date_iso__": True, b"data": "yesterday"},
        refused("Invalid isoformat string: 'yesterday'"),
    ),
    _packed(
        "a Decimal that is none is the client's fault",
        {b"__decimal__": True, b"data": "much"},
        refused(Like(".*")),
        upstream=fails(500, Like("Unhandled exception: InvalidOperation: .*"), 500),
        because="upstream lets decimal.InvalidOperation escape, which is no ValueError",
    ),
    _packed(
        "an array of an unknown type is the client's fault",
        array(b"\x00", "<q9", 1),
        refused(Like(".+")),
        upstream=fails(500, Like("Unhandled exception: TypeError: .*"), 500),
        because="upstream lets numpy's TypeError escape",
    ),
]

CASES = AS_JSON + AS_MSGPACK
