import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.observed.histogram import BOUNDS, Histogram

DURATIONS = st.lists(st.floats(0, 5000) | st.sampled_from(BOUNDS))


def test_a_duration_belongs_to_the_first_bound_it_does_not_exceed():
    histogram = Histogram()
    for seconds in (0.0, 0.001, 0.0011, 1200.0, 1201.0):
        histogram.observe(seconds)
    assert (histogram.counts[0], histogram.counts[1], *histogram.counts[-2:]) == (2, 1, 1, 1)
    assert histogram.cumulative()[-1] == 5
    assert histogram.total_seconds == pytest.approx(2401.0021)


def test_a_copy_stays_as_it_is():
    histogram = Histogram()
    histogram.observe(1.0)
    copied = histogram.copy()
    histogram.observe(2.0)
    assert (sum(copied.counts), copied.total_seconds) == (1, 1.0)
    assert (sum(histogram.counts), histogram.total_seconds) == (2, 3.0)


@given(DURATIONS)
def test_many_at_once_count_as_one_by_one(durations):
    one_by_one, at_once = Histogram(), Histogram()
    for seconds in durations:
        one_by_one.observe(seconds)
    at_once.observe_all(list(durations))
    assert at_once.counts == one_by_one.counts
    assert abs(at_once.total_seconds - one_by_one.total_seconds) <= 1e-6 * (1 + one_by_one.total_seconds)
    for bound, count in zip(BOUNDS, at_once.cumulative(), strict=False):
        assert count == sum(seconds <= bound for seconds in durations)
