"""Axes: round values, and where they lie."""

import pytest

from headway.planner.drawing import Frame, ticks


@pytest.mark.parametrize(
    ("most", "expected"),
    [(1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (7, [0, 2, 4, 6]), (34, [0, 10, 20, 30]), (0.3, [0, 0.1, 0.2, 0.3])],
)
def test_ticks_are_round_and_few(most, expected):
    assert ticks(most) == pytest.approx(expected)


@pytest.mark.parametrize("most", [1e-6, 0.0123, 4.999, 99.9, 12345.6, 1e9])
def test_there_are_neither_too_many_nor_too_few(most):
    found = ticks(most)
    assert 3 <= len(found) <= 6
    assert found[-1] <= most < 2 * found[-1] + found[1]


def test_of_nothing_there_is_zero():
    assert ticks(0.0) == [0.0]


def test_a_frame_turns_shares_into_places():
    frame = Frame(width=100, height=50, left=20, top=5, right=10, bottom=15)
    assert (frame.x(0), frame.x(1)) == (20, 90)
    assert (frame.y(0), frame.y(1)) == (35, 5)
