"""Lengths of time as people write them."""

import pytest

from headway.planner.errors import InvalidDurationError
from headway.planner.spoken import parse_duration


def test_durations_have_a_unit():
    assert [parse_duration(text) for text in ("250ms", "90s", "1.5m", " 1h ", "2d")] == [
        0.25,
        90,
        90,
        3600,
        172_800,
    ]


def test_zero_is_a_duration_only_where_that_makes_sense():
    assert parse_duration("0s", may_be_zero=True) == 0
    with pytest.raises(InvalidDurationError):
        parse_duration("soon", may_be_zero=True)


@pytest.mark.parametrize("text", ["10", "0s", "soon", "-1s", "1e3s", "", "9" * 320 + "d"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(InvalidDurationError) as refused:
        parse_duration(text)
    assert "10m" in (refused.value.hint or "")
