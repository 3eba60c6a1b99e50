import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.observed.records import status_class
from headway.observed.sketch import Sketch
from headway.observed.timeline import SPARK_POINTS, TIERS, Point, State, Timeline

BUSY = State(queued=2, in_flight=4, capacity=8, desired=3, ready=2)
DAY = 86_400
ENDS = st.lists(
    st.tuples(st.floats(0, 400), st.sampled_from(["2xx", "4xx", "5xx", "none"]), st.integers(1, 9)),
    max_size=30,
)


@given(ENDS)
def test_what_ended_is_counted_once_in_each_resolution(told):
    timeline, now, total = Timeline(), 1e9, Counter()
    for pause, name, count in told:
        now += pause
        timeline.count({name: count}, now)
        total[name] += count
    for step, kept in TIERS:
        counted = Counter()
        length, points = timeline.points(step * kept, now)
        assert length == step
        assert len(points) <= kept + 1
        assert all(later.at - earlier.at >= step for earlier, later in itertools.pairwise(points))
        for point in points:
            counted.update(point.ends)
        if now - 1e9 < step * kept - step:
            assert counted == total
        assert counted <= total


@given(st.lists(st.floats(1e-6, 5000), min_size=1, max_size=200))
def test_a_sketch_is_right_within_three_percent(durations):
    sketch = Sketch()
    for one in durations:
        sketch.observe(one)
    assert_right(sketch, durations, rel=0.03)


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=200))
def test_a_finer_sketch_told_all_at_once_is_right_within_one_percent(durations):
    sketch = Sketch(steps_per_e=100)
    sketch.observe_all(durations)
    assert_right(sketch, durations, rel=0.01)


def assert_right(sketch, durations, rel):
    durations.sort()
    for share, found in zip((0.5, 0.95, 0.99), sketch.quantiles(), strict=True):
        exact = next(one for place, one in enumerate(durations, 1) if place >= share * len(durations))
        assert found == pytest.approx(exact, rel=rel, abs=1.1e-6), "what is shorter counts as nothing"


def test_nothing_has_no_quantiles():
    assert Sketch().quantiles() == []


def test_a_bucket_has_the_mean_of_the_load_and_the_last_of_the_rest():
    timeline = Timeline()
    timeline.note(BUSY, 1000.0)
    assert timeline.points(60, 1000.0)[1][0].queued == BUSY.queued
    timeline.note(BUSY, 1002.0)
    timeline.note(State(queued=0, in_flight=1, capacity=4, desired=1, ready=1), 1004.0)
    step, [point] = timeline.points(60, 1004.0)
    assert (step, point.at) == (5, 1000)
    assert (point.queued, point.in_flight) == (1.0, 2.5)
    assert (point.capacity, point.desired, point.ready) == (4, 1, 1)


def test_where_nothing_was_told_of_replicas_only_requests_are_known():
    timeline = Timeline()
    timeline.count({"2xx": 3}, 1000.0)
    _, [point] = timeline.points(60, 1000.0)
    assert (point.queued, point.ready, point.ends) == (None, None, {"2xx": 3})


def test_each_range_has_the_finest_buckets_that_reach_so_far():
    timeline = Timeline()
    assert [timeline.points(seconds, 0.0)[0] for seconds in (60, 1800, 1801, 10_800, DAY, 2 * DAY)] == [
        5, 5, 30, 30, 240, 240,
    ]  # fmt: skip


def test_latency_is_told_by_stage():
    timeline = Timeline()
    for number in range(1, 101):
        timeline.observe({"total": number / 100, "predict": 0.5}, 1000.0)
    _, [point] = timeline.points(60, 1000.0)
    assert point.stages["total"] == pytest.approx([0.5, 0.9, 0.95, 0.99], rel=0.03)
    assert point.stages["predict"] == pytest.approx([0.5] * 4, rel=0.03)
    assert point.sizes == {}


def test_sizes_and_kinds_of_errors_stand_beside_stages():
    timeline = Timeline()
    timeline.observe({"total": 1.0, "request_bytes": 0, "response_bytes": 2**40}, 1000.0)
    timeline.count({"4xx": 3}, 1000.0, {"refused": 3})
    timeline.count({"2xx": 1}, 1001.0)
    _, [point] = timeline.points(60, 1002.0)
    assert point.stages.keys() == {"total"}
    assert point.sizes["request_bytes"] == [0.0] * 4
    assert point.sizes["response_bytes"] == pytest.approx([2**40] * 4, rel=0.03)
    assert (point.ends, point.errors) == ({"4xx": 3, "2xx": 1}, {"refused": 3})


def test_a_bucket_that_a_former_version_stored_has_no_p90():
    stored = {"at": 960.0, "ends": {"2xx": 1}, "stages": {"total": [0.1, 0.3, 0.4]}}
    point = Point.from_json(stored)
    assert point.stages == {"total": [0.1, None, 0.3, 0.4]}
    assert (point.sizes, point.errors) == ({}, {})


def test_the_present_rate_is_that_of_the_last_half_minute():
    timeline = Timeline()
    assert timeline.recent.p95_seconds is None
    for second in range(40):
        timeline.count({"2xx": 4, "5xx": 1}, 1000.0 + second)
        timeline.observe({"total": 0.2}, 1000.0 + second)
    timeline.note(BUSY, 1040.0)
    recent = timeline.recent
    assert recent.requests_per_second == 5.0
    assert recent.p95_seconds == pytest.approx(0.2, rel=0.03)
    assert recent.sparkline == (0.0,) * (SPARK_POINTS - 4) + (5.0,) * 4
    timeline.note(BUSY, 1400.0)
    assert timeline.recent.requests_per_second == 0.0
    assert timeline.recent.p95_seconds is None
    assert timeline.recent.sparkline == (0.0,) * SPARK_POINTS


def test_what_is_stored_comes_back():
    timeline, later = Timeline(), Timeline()
    for second in range(300):
        timeline.note(BUSY, 960.0 + second)
        timeline.count({"2xx": 1, "5xx": 1}, 960.0 + second, {"lost": 1})
        timeline.observe({"total": 0.1, "queue": 0.05, "request_bytes": 7}, 960.0 + second)
    closed = timeline.take_closed()
    assert [step for step, _ in closed].count(30) == 9
    assert [point.at for step, point in closed if step == 240] == [960]
    assert timeline.take_closed() == []
    for step, kept in TIERS[1:]:
        later.restore(step, [Point.from_json(point.to_json()) for its, point in closed if its == step])
        assert later.points(step * kept, 1260.0)[1] == [point for its, point in closed if its == step]


def test_after_a_restart_coarser_buckets_tell_of_what_finer_ones_do_not_reach():
    timeline = Timeline()
    timeline.restore(30, [Point(960.0 + 30 * place, ends={"2xx": place}) for place in range(10)])
    timeline.count({"2xx": 1}, 1265.0)
    step, points = timeline.points(600, 1265.0)
    assert (step, points[0].at, points[-1].at) == (30, 960.0, 1260.0)
    assert timeline.points(60, 1320.0)[0] == 5, "it reaches far enough by then"
    assert timeline.points(7200, 1265.0)[0] == 30


def test_a_clock_that_goes_back_changes_nothing():
    timeline = Timeline()
    timeline.note(BUSY, 1000.0)
    timeline.note(BUSY, 900.0)
    timeline.count({"2xx": 1}, 900.0)
    _, [point] = timeline.points(60, 1000.0)
    assert (point.at, point.ends) == (1000, {"2xx": 1})


def test_statuses_have_classes():
    assert [status_class(one) for one in (200, 404, 503, 0)] == ["2xx", "4xx", "5xx", "none"]
