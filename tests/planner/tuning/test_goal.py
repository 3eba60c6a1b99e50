import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.planner.errors import InvalidGoalError
from headway.planner.tuning.confidence import mean_interval, quantile, quantile_interval
from headway.planner.tuning.curve import frontier, knee
from headway.planner.tuning.goal import (
    Goal,
    LatencyLimit,
    in_bytes,
    parse_bytes,
    parse_limits,
)
from headway.planner.tuning.measurements import Measurement, Point, StageTimes, Step
from headway.planner.tuning.samples import Samples, StepRules


def measured(throughput, p95, *, pc=1, ct=1, **more):
    percentiles = {50: p95, 95: p95, 99: p95}
    return Measurement(
        Step(Point(pc, ct), ""),
        throughput,
        percentiles=percentiles,
        requests=more.pop("requests", 100),
        **more,
    )


def test_limits_are_said_as_percentile_and_time():
    assert parse_limits("p95=500ms, p99=1.5s") == (LatencyLimit(95, 0.5), LatencyLimit(99, 1.5))
    assert Goal(limits=parse_limits("p90=1s")).percentiles == (50, 90, 95, 99)


@pytest.mark.parametrize(
    "text", ["", ",", "95=500ms", "p95=500", "p95", "p0=1s", "p95=0ms", "p95=1s,p95=2s", "p100=1s", "p95=-1s"]
)
def test_what_is_no_limit_is_refused_with_a_hint(text):
    with pytest.raises(InvalidGoalError) as refused:
        parse_limits(text)
    assert refused.value.hint


def test_amounts_of_memory():
    assert parse_bytes("2G") == parse_bytes("2 GiB") == 2 << 30
    assert parse_bytes("1.5m") == 3 << 19
    assert in_bytes(3 << 30) == "3.0 GiB"
    for text in ("much", "0G"):
        with pytest.raises(InvalidGoalError):
            parse_bytes(text)


def test_what_makes_a_point_useless():
    goal = Goal(limits=(LatencyLimit(95, 0.1),), memory_bytes=1 << 30)
    assert goal.is_met(measured(10, 0.1))
    for useless in (
        measured(10, 0.11),
        measured(10, 0.1, memory_bytes=2 << 30),
        measured(10, 0.1, failed=2),
        measured(10, 0.1, died="SIGKILL"),
        measured(0, 0.0, requests=0),
    ):
        assert len(goal.objections(useless)) == 1
        assert goal.best([useless]) is None


def test_of_equal_throughputs_the_smallest_numbers_are_best():
    points = [measured(100, 0.1, pc=4, ct=8), measured(99, 0.2, pc=3, ct=9), measured(90, 0.1, pc=2, ct=2)]
    assert Goal().best(points).point == Point(3, 9)


def test_little_s_law_leaves_the_wait_at_the_gate_out():
    assert StageTimes(0.03, 0.5, 0.01, 0.0, 0.54).slot_per_predict == pytest.approx(4)
    assert StageTimes(0.03, 0.0, 0.0, 0.0, 0.03).slot_per_predict == 1


def test_the_knee_is_where_latency_begins_to_cost_more():
    curve = [
        measured(10, 0.01),
        measured(50, 0.012),
        measured(90, 0.015),
        measured(95, 0.1),
        measured(96, 0.2),
    ]
    beaten = measured(80, 0.3)
    assert frontier(Goal(), [beaten, *curve]) == tuple(curve)
    assert knee(curve).throughput == 90
    assert knee(curve[:2]) is None
    assert knee([measured(1, 0.01), measured(2, 0.02), measured(3, 0.03)]) is None, "a straight line has none"


@given(st.lists(st.floats(0, 100), min_size=2, max_size=60))
def test_intervals_hold_what_they_are_about(values):
    low, high = mean_interval(values)
    assert low - 1e-9 <= sum(values) / len(values) <= high + 1e-9
    ordered = sorted(values)
    below, above = quantile_interval(ordered, 0.95)
    assert below <= quantile(ordered, 0.95) <= above


def test_too_little_is_no_knowledge():
    assert mean_interval([5.0]) == (0.0, float("inf"))
    assert quantile([], 0.95) == float("inf")
    assert quantile_interval([1.0, 2.0], 0.95)[1] == float("inf")


def filled(step, *, rate, latency, until, goal=None):
    """Samples of steady requests, and the verdict at the end."""
    samples = Samples(step, goal or Goal(), StepRules(), 0.0)
    for number in range(int(rate * until)):
        samples.add(number / rate, latency, {"predict": latency})
    return samples, samples.verdict(until)


def test_a_step_ends_when_it_is_sure_and_not_before():
    step = Step(Point(1, 1), "")
    assert filled(step, rate=10, latency=0.1, until=2)[1] is None, "20 requests say little"
    samples, verdict = filled(step, rate=100, latency=0.01, until=2)
    assert verdict == ""
    result = samples.measurement(2)
    assert result.throughput == 100
    assert result.relative_error <= 0.03
    assert result.stages.predict == pytest.approx(0.01)


def test_a_step_that_is_hopeless_ends_at_once():
    slow = Step(Point(2, 2), "", best_so_far=200)
    assert filled(slow, rate=80, latency=0.02, until=0.6)[1] == "clearly slower than the best"
    late = Goal(limits=(LatencyLimit(50, 0.01),))
    assert (
        filled(Step(Point(2, 2), ""), rate=80, latency=0.03, until=0.6, goal=late)[1]
        == "clearly later than asked"
    )


def test_a_step_that_only_fails_ends():
    samples = Samples(Step(Point(1, 1), ""), Goal(), StepRules(), 0.0)
    for _ in range(25):
        samples.add_failure()
    assert samples.verdict(0.1) == "too many requests fail"
    assert not Goal().is_met(samples.measurement(0.1))


def test_the_longest_time_ends_every_step():
    samples = Samples(Step(Point(1, 1), ""), Goal(), StepRules(longest=5), 0.0)
    assert samples.verdict(4.9) is None
    assert samples.verdict(5.0) == "the longest time for a step is over"
