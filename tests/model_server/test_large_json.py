"""Large JSON is read and written as Python's json does it, whatever is installed."""

import enum
import json
import subprocess
import sys
import types
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headway.model_server import large_json
from headway.model_server.large_json import LARGE_BYTES, LOOKS, Writer

LARGE = "x" * LARGE_BYTES
ENCODER = json.JSONEncoder()


def outcome(function, *arguments):
    """What a call gives, so that two can be compared: a value with its types, NaN and order, or the error."""
    try:
        return repr(function(*arguments))
    except Exception as error:  # noqa: BLE001 - errors are what is compared
        return type(error), str(error)


def written(result):
    writer = Writer(ENCODER.encode)
    writer.write(LARGE)  # from then on it looks for large texts
    return b"".join(writer.write(result))


def dumped(result):
    return json.dumps(result).encode()


@pytest.fixture(params=["installed", "missing", "different"])
def installation(request, monkeypatch):
    forget_what_is_installed()
    if request.param == "missing":
        monkeypatch.setitem(sys.modules, "jiter", None)
        monkeypatch.setitem(sys.modules, "orjson", None)
    elif request.param == "different":
        wrong_json = {"from_json": lambda body, cache_mode: [body, cache_mode], "dumps": lambda _: b'""'}
        monkeypatch.setitem(sys.modules, "jiter", types.SimpleNamespace(**wrong_json))
        monkeypatch.setitem(sys.modules, "orjson", types.SimpleNamespace(**wrong_json))
    yield request.param
    forget_what_is_installed()


def forget_what_is_installed():
    large_json._parser.cache_clear()
    large_json._quoter.cache_clear()


def test_what_reads_and_quotes_as_json_does_is_used(installation):
    assert (large_json._parser() is not None) is (installation == "installed")
    assert (large_json._quoter() is not None) is (installation == "installed")


NUMBERS = st.one_of(
    st.integers(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(
        ["-0", "-0.0", "1e400", "-1E-400", "0.1e5", "1e5", "01", "1.", "-", "+1", "-Infinity", "-NaN"]
    ),
    st.from_regex(r"-?[0-9]{1,40}(\.[0-9]{1,40})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
).map(str)
TEXTS = st.one_of(
    st.text().map(json.dumps),
    st.text().map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.text('\\u0dDeE89aAbBfF1"/nx+ \x00\x1f\x7f').map('"{}"'.format),
    st.sampled_from(
        [r'"\ud800"', r'"\ud83d\ude00"', r'"\ude00\ud83d"', r'"\u+123"', r'"\u12"', '"\ud800"', '"\t"']
    ),
)
JSON_TEXTS = st.recursive(
    st.one_of(NUMBERS, TEXTS, st.sampled_from(["null", "true", "false", "nul", "NaN", ""])),
    lambda inner: st.one_of(
        st.lists(inner).map(lambda parts: "[" + ", ".join(parts) + "]"),
        st.lists(st.tuples(TEXTS, inner)).map(
            lambda pairs: "{" + ",".join(f"{key} :{value}" for key, value in pairs) + "}"
        ),
    ),
    max_leaves=20,
)
ENCODINGS = st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"])


@given(text=JSON_TEXTS, encoding=ENCODINGS)
def test_any_json_is_read_as_by_json_loads(text, encoding):
    body = text.encode(encoding, "surrogatepass")

    assert outcome(large_json.read, body) == outcome(json.loads, body)


@given(
    text=JSON_TEXTS,
    at=st.floats(0, 1),
    scrap=st.one_of(st.binary(max_size=3), st.sampled_from('[]{}",:\\ \n')),
)
def test_broken_json_is_refused_in_the_words_of_json_loads(text, at, scrap):
    body = text.encode("utf-8", "surrogatepass")
    scrap = scrap if isinstance(scrap, bytes) else scrap.encode()
    cut = int(at * len(body))

    for broken in (body[:cut], body[:cut] + scrap + body[cut:], body[:cut] + scrap + body[cut + 1 :]):
        assert outcome(large_json.read, broken) == outcome(json.loads, broken)


@pytest.mark.parametrize("depth", [1, 199, 200, 201, 202, 900, 1100, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[{"a":', b"}]")])
@pytest.mark.usefixtures("installation")
def test_nesting_is_as_deep_as_json_allows(depth, opening, closing):
    body = opening * depth + b"1" + closing * depth

    def one_frame_further(text):  # as from large_json, because an error tells what it met at the limit
        return json.loads(text)

    assert deepest(large_json.read, body) == deepest(one_frame_further, body)


def deepest(function, body):
    try:
        value, depth = function(body), 0
    except RecursionError as error:
        return str(error)
    while value != 1 and depth < 10**6:
        value, depth = value[0] if type(value) is list else value["a"], depth + 1
    return depth


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": "%s", "n": [NaN, 1e400, 18446744073709551616], "a": 1}' % LARGE.encode(),
        b'["%s", ' % LARGE.encode(),
        b'["%s\xff"]' % LARGE.encode(),
        b'["%s", "\xed\xa0\x80"]' % LARGE.encode(),
        b"9" * 5000,
        b"\xef\xbb\xbf" + b" " * 5000 + b"1",
        ("[" + " " * 5000 + "1]").encode("utf-16"),
    ],
)
@pytest.mark.usefixtures("installation")
def test_large_bodies_are_read_as_by_json_loads(body):
    assert outcome(large_json.read, body) == outcome(json.loads, body)


class Colour(enum.IntEnum):
    RED = 1


class Shout(str):
    __slots__ = ()


class Box(dict):
    """A subclass, which json writes as a dict."""


ASCII = st.text(st.characters(max_codepoint=0x7F))
LESS = 64
"""What counts as large among results that are made up: many large texts would take too long."""
LARGE_TEXTS = st.one_of(ASCII, ASCII, st.text()).map(lambda text: text + "x" * LESS + text[::-1])
KEYS = st.one_of(
    st.text(), st.integers(), st.floats(), st.booleans(), st.none(), st.just((1, 2)), st.just(Colour.RED)
)
LEAVES = st.one_of(
    LARGE_TEXTS,
    LARGE_TEXTS.map(Shout),
    st.text(),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from([Colour.RED, b"bytes", {1}, large_json._PLACEHOLDER]),
)
RESULTS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.lists(inner, max_size=2).map(lambda items: items * 20),
        st.dictionaries(st.text(), inner),
        st.dictionaries(KEYS, inner),
        st.dictionaries(st.text(), inner).map(Box),
    ),
    max_leaves=20,
)


@given(RESULTS)
@example(["x" * LESS, large_json._PLACEHOLDER])
@example({"a": "x" * LESS, large_json._PLACEHOLDER: 1})
@example(["x" * LESS + large_json._QUOTED_PLACEHOLDER.decode()] * 2)
def test_any_result_is_written_as_by_json_dumps(result):
    before = repr(result)

    with mock.patch.object(large_json, "LARGE_BYTES", LESS):
        assert outcome(written, result) == outcome(dumped, result)
    assert repr(result) == before


def ring():
    result = {"a": LARGE, "b": [LARGE]}
    result["b"].append(result)
    result["b"].append(result["b"])
    return result


def nested(depth):
    result = LARGE
    for _ in range(depth):
        result = [result]
    return result


RESULTS_THAT_ARE_HARD = [
    pytest.param(LARGE, id="the text alone"),
    pytest.param([LARGE + "\x7f", LARGE + "é", LARGE + "\ud800", LARGE + '"\\\n\x00'], id="escapes"),
    pytest.param([{"image": LARGE, "size": [1, 2], "name": str(one)} for one in range(200)], id="many texts"),
    pytest.param([*range(10_000), LARGE], id="a text far behind"),
    pytest.param([LARGE, *map(str, range(10_000)), LARGE], id="two texts far apart"),
    pytest.param([{"image": LARGE}] * 20, id="one container many times"),
    pytest.param(ring(), id="a circle"),
    pytest.param([LARGE, object()], id="no JSON"),
    pytest.param({"a": LARGE, (1,): 2}, id="no key"),
    pytest.param(nested(50), id="deep"),
]


@pytest.mark.parametrize("result", RESULTS_THAT_ARE_HARD)
@pytest.mark.usefixtures("installation")
def test_hard_results_are_written_as_by_json_dumps(result):
    assert outcome(written, result) == outcome(dumped, result)


def test_nesting_that_json_cannot_write_stays_an_error():
    with pytest.raises(RecursionError):
        written([LARGE, nested(100_000)])


def test_a_large_text_is_a_piece_of_its_own():
    writer = Writer(ENCODER.encode)
    result = [{"image": LARGE, "n": 1.5}, (LARGE,)]

    pieces = [list(writer.write(result)) for _ in range(2)]

    quoted = f'"{LARGE}"'.encode()
    assert pieces[0] == [dumped(result)]
    assert pieces[1] == [b'[{"image": ', quoted, b', "n": 1.5}, [', quoted, b"]]"]


def test_large_texts_are_looked_for_for_a_while_after_a_large_answer():
    writer = Writer(ENCODER.encode)

    def pieces_after(small_answers):
        for _ in range(small_answers):
            assert writer.write({"a": 1}) == (b'{"a": 1}',)
        return len(writer.write([LARGE]))

    assert [pieces_after(small) for small in (3, 0, LOOKS - 1, LOOKS, 0)] == [1, 3, 3, 1, 3]


def test_small_bodies_and_answers_import_nothing():
    code = """
import sys
from headway.model_server.payload import decode, encode_json
for _ in range(2):
    encode_json(decode(b'{"a": ["b", 1.5]}', None))
print([name for name in ("jiter", "orjson") if name in sys.modules])
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert told.strip() == "[]"
