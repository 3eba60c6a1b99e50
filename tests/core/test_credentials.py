import pytest

from headway.core.credentials import (
    KEY_CODES,
    KEY_MISSING,
    KEY_UNKNOWN,
    LONGEST_KEY_BYTES,
    TO_INFER,
    TO_READ_METRICS,
    digest,
    first_good,
    keys_in,
    models_subprotocols,
    scope_missing,
)


@pytest.mark.parametrize(
    ("name", "value", "keys"),
    [
        (b"authorization", b"Bearer k", [b"k"]),
        (b"authorization", b"bEARER   k ", [b"k"]),
        (b"authorization", b"Api-Key k", [b"k"]),
        (b"authorization", b"Basic k", []),
        (b"authorization", b"k", []),
        (b"authorization", b"Bearer ", []),
        (b"authorization", b"", []),
        (b"x-api-key", b" k ", [b"k"]),
        (b"api-key", b"k", [b"k"]),
        (b"api-key", b"", []),
        (b"x-key", b"k", []),
        (b"cookie", b"api-key=k", []),
        (b"sec-websocket-protocol", b"chat, headway.key.k", [b"k"]),
        (b"sec-websocket-protocol", b"headway.key.k,headway.key.l", [b"k", b"l"]),
        (b"sec-websocket-protocol", b"headway, headway.key., headway.keys.k", []),
    ],
)
def test_a_key_stands_in_a_header_and_in_browsers_subprotocols(name, value, keys):
    assert keys_in([(b"host", b"h"), (name, value)]) == keys


def test_the_first_key_that_is_good_for_it_counts():
    assert first_good([("inference",)], TO_INFER) == 0
    assert first_good([None, ("manage",), ("manage", "inference"), ("inference",)], TO_INFER) == 2
    assert first_good([("metrics",)], TO_READ_METRICS) == first_good([("manage",)], TO_READ_METRICS) == 0


def test_why_none_will_do():
    assert first_good([], TO_INFER) is KEY_MISSING
    assert first_good([None, None], TO_INFER) is KEY_UNKNOWN
    for found in ([("metrics",)], [None, ("metrics",)], [("metrics",), None]):
        assert first_good(found, TO_INFER) == scope_missing(TO_INFER)
    assert {KEY_MISSING.code, KEY_UNKNOWN.code, scope_missing(TO_INFER).code} == KEY_CODES


def test_no_more_is_digested_than_a_key_has():
    key = b"k" * LONGEST_KEY_BYTES
    assert digest(key) != digest(key[1:])
    assert digest(key + b"k") == digest(key + b"kk")


def test_headways_own_subprotocols_are_not_the_models():
    assert models_subprotocols(b"chat,, headway.key.k , headway,v2") == [b"chat", b"v2"]
