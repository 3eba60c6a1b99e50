import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.core.window import IntegralWindow, MaximumWindow

steps = st.lists(st.tuples(st.integers(1, 20), st.integers(0, 50)), min_size=1, max_size=40)


@given(steps, st.integers(1, 40))
def test_the_mean_is_that_of_the_quantity_integrated_step_by_step(steps, over):
    """The quantity is constant between readings, so summing it second by second is exact."""
    window = IntegralWindow(40.0)
    window.record(0.0, 0.0)
    every_second: list[int] = []
    for seconds, quantity in steps:
        every_second += [quantity] * seconds
        window.record(float(len(every_second)), float(sum(every_second)))
        recent = every_second[-over:]
        assert window.mean(float(len(every_second)), float(over)) == pytest.approx(sum(recent) / len(recent))


@given(steps)
def test_a_window_keeps_no_more_readings_than_its_span_needs(steps):
    window = IntegralWindow(10.0)
    now = 0.0
    for seconds, quantity in steps:
        now += seconds
        window.record(now, float(quantity))
        assert len(window._readings) <= 12
        assert all(at > now - 10.0 for at, _ in list(window._readings)[1:])


def test_without_an_interval_the_mean_is_zero():
    window = IntegralWindow(60.0)
    assert window.mean(5.0, 60.0) == 0.0
    window.record(5.0, 3.0)
    assert window.mean(5.0, 60.0) == 0.0


def test_the_window_ends_at_the_last_reading():
    window = IntegralWindow(60.0)
    window.record(0.0, 0.0)
    window.record(10.0, 20.0)
    window.record(20.0, 60.0)
    assert window.mean(25.0, 10.0) == pytest.approx(4.0)
    assert window.mean(40.0, 10.0) == 0.0


def test_a_later_reading_of_the_same_instant_replaces_the_earlier_one():
    window = IntegralWindow(60.0)
    window.record(0.0, 0.0)
    window.record(10.0, 20.0)
    window.record(10.0, 50.0)
    assert window.mean(10.0, 60.0) == pytest.approx(5.0)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9)), min_size=1, max_size=60))
def test_the_maximum_is_that_of_the_values_in_the_span(told):
    window = MaximumWindow(7.0)
    values: list[tuple[float, float]] = []
    now = 0.0
    for elapsed, value in told:
        now += elapsed
        window.record(now, float(value))
        values.append((now, float(value)))
        assert window.maximum(now) == max(value for at, value in values if at >= now - 7.0)
    assert window.maximum(now + 100.0) == values[-1][1]


def test_without_a_value_the_maximum_is_zero():
    assert MaximumWindow(7.0).maximum(0.0) == 0.0
