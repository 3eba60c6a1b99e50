import pytest

from headway.control.credentials.keys import InvalidKeyError, Keyring, new_key
from headway.core.credentials import KEY_MISSING, KEY_UNKNOWN, TO_INFER, TO_MANAGE, digest, scope_missing


def keyring(*scopes):
    made = [new_key("", one, 1.0) for one in scopes]
    return [key for key, _ in made], Keyring(row for _, row in made)


def test_a_key_has_160_random_bits_and_its_row_does_not_hold_it():
    (first, row), (second, _) = (new_key("ci", ["manage", "inference", "manage"], 5.0) for _ in range(2))
    assert first != second
    assert len(first.rpartition("_")[2]) == 40
    assert first.startswith(row.prefix)
    assert (row.scopes, row.name, row.created_at) == (("inference", "manage"), "ci", 5.0)
    assert row.digest == digest(first.encode())
    assert first not in repr(row)


def test_unknown_scopes_and_none_are_refused():
    with pytest.raises(InvalidKeyError) as error:
        new_key("", ["manag"], 1.0)
    assert error.value.hint == "did you mean manage?"
    with pytest.raises(InvalidKeyError):
        new_key("", [], 1.0)


def judged(keys, header, wanted=TO_MANAGE):
    return keys.judge([(b"authorization", header.encode())], wanted)


def test_where_there_are_no_keys_none_is_needed():
    assert judged(Keyring(), "") is judged(Keyring(), "Bearer whatever") is None


def test_a_key_is_good_for_its_scopes():
    [manage, inference], keys = keyring(["manage"], ["inference"])
    [managing, inferring] = keys.rows
    for header, verdict in {
        f"Bearer {manage}": managing,
        f"api-key  {manage} ": managing,
        f"Bearer {inference}": scope_missing(TO_MANAGE),
        f"Bearer {manage}x": KEY_UNKNOWN,
        f"Basic {manage}": KEY_MISSING,
        "Bearer": KEY_MISSING,
        "": KEY_MISSING,
    }.items():
        assert judged(keys, header) == verdict, header
    assert judged(keys, f"Bearer {inference}", TO_INFER) is inferring
    assert keys.managing == {managing.prefix}
    keys.remove(managing.prefix)
    keys.remove(managing.prefix)
    assert judged(keys, f"Bearer {manage}") is KEY_UNKNOWN
    assert keys.scopes_by_digest == {inferring.digest: ("inference",)}
