"""Where a body names its model: the very text that a whole parse finds, in whatever pieces the body comes."""

import itertools
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes.garbage import no_circles
from headway.gateway.body_pieces import PIECE_BYTES
from headway.gateway.model_name import Finding, ModelName

WHITE = st.text(" \t\n\r", max_size=3)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["model", "messages", ""]) | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)
KEYS = st.sampled_from(["model", "messages", "Model", "model ", "mod\\el", 'mo"del', ""]) | st.text(
    max_size=8
)


def found(*pieces):
    search = ModelName()
    for piece in pieces:
        search.feed(piece)
    return search.end(), search.name


def cut(body, places):
    edges = [0, *sorted({place % (len(body) + 1) for place in places}), len(body)]
    return [body[begin:end] for begin, end in itertools.pairwise(edges)]


def expected(body):
    """What Python's json says, the first of two equal keys counting."""
    pairs = json.loads(body, object_pairs_hook=lambda pairs: pairs)
    content = {}
    for key, value in pairs:
        content.setdefault(key, value)
    if "model" not in content:
        return Finding.MISSING, ""
    name = content["model"]
    if not isinstance(name, str):
        return Finding.NO_TEXT, ""
    return (Finding.NAME if name else Finding.MISSING), name


@given(
    st.lists(st.tuples(KEYS, VALUES), max_size=6),
    st.data(),
    st.booleans(),
    st.lists(st.integers(0, 10_000), max_size=8),
)
def test_it_finds_what_a_whole_parse_finds_in_whatever_pieces(members, data, ascii_only, places):
    parts = []
    for key, value in members:
        name = json.dumps(key, ensure_ascii=ascii_only)
        if data.draw(st.booleans()):
            name = '"' + "".join(f"\\u{ord(one):04x}" if ord(one) < 0x10000 else one for one in key) + '"'
        blanks = [data.draw(WHITE) for _ in range(4)]
        text = json.dumps(value, ensure_ascii=ascii_only, indent=data.draw(st.sampled_from([None, 1])))
        parts.append(f"{blanks[0]}{name}{blanks[1]}:{blanks[2]}{text}{blanks[3]}")
    mark = data.draw(st.sampled_from(["", "\ufeff"]))
    body = (mark + "{" + ",".join(parts) + data.draw(WHITE) + "}").encode()
    assert found(*cut(body, places)) == expected(body)
    assert found(*[body[place : place + 1] for place in range(len(body))]) == expected(body)


@given(st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=3))
def test_no_bytes_break_it(body, places):
    whole = found(body)
    assert found(*cut(body, places)) == whole


@given(st.text(alphabet='{}[]",:\\ model1', max_size=40), st.lists(st.integers(0, 40), max_size=3))
def test_what_looks_like_json_is_read_alike_in_whatever_pieces(text, places):
    body = text.encode()
    assert found(*cut(body, places)) == found(body)
    try:
        whole = json.loads(body)
    except ValueError:
        return
    assert found(body) == (expected(body) if isinstance(whole, dict) else (Finding.NO_OBJECT, ""))


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (b"", Finding.NO_OBJECT),
        (b"[]", Finding.NO_OBJECT),
        (b'"model"', Finding.NO_OBJECT),
        (b"model=story", Finding.NO_OBJECT),
        (b'{"model"', Finding.NO_OBJECT),
        (b'{"model":"sto', Finding.NO_OBJECT),
        (b'{"model":"\\x"}', Finding.NO_OBJECT),
        (b'{"model":"\xff"}', Finding.NO_OBJECT),
        ('{"model":"story"}'.encode("utf-16"), Finding.NO_OBJECT),
        (b"{}", Finding.MISSING),
        (b'{"model":""}', Finding.MISSING),
        (b'{"messages":[{"model":"a"}]}', Finding.MISSING),
        (b'{"messages":"\\",\\"model\\":\\"a\\""}', Finding.MISSING),
        (b'{"model":null}', Finding.NO_TEXT),
        (b'{"model":["story"]}', Finding.NO_TEXT),
        (b'{"model":"%s"}' % (b"a" * 5000), Finding.NO_TEXT),
        (b'{"' + b"a" * 5000 + b'":1,"model":"story"}', Finding.NAME),
        (b'{"model":"a","model":"b"}', Finding.NAME),
    ],
)
def test_what_names_no_model_is_told_apart(body, finding):
    assert found(body)[0] is finding


def test_the_name_is_known_before_the_body_ends_and_nothing_behind_it_is_looked_at():
    search = ModelName()
    assert search.feed(b'{"stream":true,"mod') is None
    assert search.feed(b'el":"story","messages":[') is Finding.NAME
    assert search.feed(b"no JSON at all") is Finding.NAME
    assert search.name == "story"


def test_a_search_leaves_no_circle_for_the_collector():
    with no_circles(ModelName):
        found(b'{"model":"a"}')
        found(b'{"messages":[')


@pytest.mark.parametrize(
    "filling",
    [
        b'"data:image/png;base64,' + b"iVBORw0KGgo" * 100_000 + b'"',
        b'"' + b'a line\\n\\"quoted\\"' * 50_000 + b'"',
        b"[" + b"[],{}," * 150_000 + b"0]",
        b"[" * 500_000 + b"]" * 500_000,
        b'[{"a":[{"b":[' * 50_000 + b"]}]}]" * 50_000,
        b"[" + b'"\\\\",' * 150_000 + b"0]",
        b" " * 1_000_000 + b"1",
        b"[" + b"0.123456," * 100_000 + b"0]",
    ],
    ids=["picture", "escapes", "empty", "deep", "alternating", "short strings", "blanks", "numbers"],
)
def test_the_work_for_a_byte_is_bounded_whatever_it_is(filling):
    body = b'{"messages":' + filling + b',"model":"story"}'
    search = ModelName()
    started = time.process_time()
    for begin in range(0, len(body), PIECE_BYTES):
        search.feed(body[begin : begin + PIECE_BYTES])
    assert search.name == "story"
    assert time.process_time() - started < 5, (
        "half a second for the worst megabyte, minutes if it were squared"
    )
