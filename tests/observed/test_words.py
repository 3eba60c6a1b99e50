"""How numbers and lengths of time are said."""

import pytest

from headway.observed.words import about, counted, lasting, plural, verb


def test_one_is_no_plural_and_none_is():
    assert [counted(number, "slot") for number in (0, 1, 2, 1000)] == [
        "0 slots",
        "1 slot",
        "2 slots",
        "1,000 slots",
    ]
    assert plural(1, "request") == "request"


def test_the_verb_agrees():
    assert [verb(number, "wait") for number in (0, 1, 2)] == ["wait", "waits", "wait"]
    assert [verb(number, "are", "is") for number in (1, 2)] == ["is", "are"]


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0.2, "less than 1 s"),
        (59.6, "60 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "120 min"),
        (9000, "2.5 h"),
    ],
)
def test_a_length_of_time_is_said_in_the_unit_that_says_enough(seconds, told):
    assert lasting(seconds) == told
    assert about(seconds) == (told if seconds < 1 else f"about {told}")
