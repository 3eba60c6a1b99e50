import pytest

from headway.control.keys import InvalidKeyError, Keyring, Verdict, digest, new_key


def keyring(*scopes):
    made = [new_key("", one, 1.0) for one in scopes]
    return [key for key, _ in made], Keyring(row for _, row in made)


def test_a_key_has_160_random_bits_and_its_row_does_not_hold_it():
    (first, row), (second, _) = (new_key("ci", ["manage", "inference", "manage"], 5.0) for _ in range(2))
    assert first != second
    assert len(first.rpartition("_")[2]) == 40
    assert first.startswith(row.prefix)
    assert (row.scopes, row.name, row.created_at) == (("inference", "manage"), "ci", 5.0)
    assert row.digest == digest(first)
    assert first not in repr(row)


def test_unknown_scopes_and_none_are_refused():
    with pytest.raises(InvalidKeyError) as error:
        new_key("", ["manag"], 1.0)
    assert error.value.hint == "did you mean manage?"
    with pytest.raises(InvalidKeyError):
        new_key("", [], 1.0)


def test_where_there_are_no_keys_all_may_pass():
    assert Keyring().judge("", "manage") is Verdict.ACCEPTED
    assert Keyring().judge("Bearer whatever", "manage") is Verdict.ACCEPTED


def test_a_key_is_good_for_its_scopes():
    [manage, inference], keys = keyring(["manage"], ["inference"])
    verdicts = {
        f"Bearer {manage}": Verdict.ACCEPTED,
        f"api-key  {manage} ": Verdict.ACCEPTED,
        f"Bearer {inference}": Verdict.WRONG_SCOPE,
        f"Bearer {manage}x": Verdict.UNKNOWN,
        f"Basic {manage}": Verdict.MISSING,
        "Bearer": Verdict.MISSING,
        "": Verdict.MISSING,
    }
    for header, verdict in verdicts.items():
        assert keys.judge(header, "manage") is verdict, header
    assert keys.judge(f"Bearer {inference}", "inference") is Verdict.ACCEPTED
    [first, _] = keys.rows
    assert keys.managing == {first.prefix}
    keys.remove(first.prefix)
    assert keys.judge(f"Bearer {manage}", "manage") is Verdict.UNKNOWN
