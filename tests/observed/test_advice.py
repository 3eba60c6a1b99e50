"""Stories of traffic and what is advised; each number can be followed by hand."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.core.settings import DeploymentSettings
from headway.observed.advice import Observed, advise, busy_target, observed
from headway.observed.records import Outcome, RequestRecord
from headway.observed.timeline import Point

DOWNLOADS = {"preprocess": 0.3, "predict": 0.2, "postprocess": 0.0}


def seen(stages=DOWNLOADS, requests=100, **more):
    return Observed(requests=requests, stages=stages, **more)


def codes(advice):
    return [one.code for one in advice]


def test_a_gate_that_stands_idle_while_requests_wait_wants_a_higher_target():
    settings = DeploymentSettings(concurrency_target=1)
    [advice] = advise(seen(queued=3, in_flight=1, ready=1), settings, 1)
    assert advice.code == "gate_idle"
    assert advice.change == {"concurrency_target": 3}
    assert "60% of their time" in advice.text
    assert "most of it in preprocess" in advice.text
    assert "at CT 1 the gate stands idle 60% of the time" in advice.text
    assert any("= 2.5, so 3" in line for line in advice.arithmetic)


def test_without_a_queue_the_idle_gate_is_just_idle():
    assert advise(seen(in_flight=1, ready=1), DeploymentSettings(), 1) == []


def test_a_gate_that_is_waited_for_wants_more_places_or_fewer_requests():
    stages = {**DOWNLOADS, "gate_wait": 0.4}
    [advice] = advise(seen(stages), DeploymentSettings(concurrency_target=8), 1)
    assert advice.code == "gate_crowded"
    assert advice.change == {"concurrency_target": 3}
    assert "wait 400 ms before the gate for a predict of 200 ms" in advice.text
    assert advise(seen(stages), DeploymentSettings(concurrency_target=3), 1) == []


def test_when_gates_and_slots_are_full_more_replicas_are_wanted():
    settings = DeploymentSettings(concurrency_target=3, max_replica=2, target_utilization_percentage=100)
    [advice] = advise(seen(queued=5, in_flight=6, ready=2), settings, 1)
    assert (advice.code, advice.change) == ("all_full", {"max_replica": 4})
    assert advise(seen(queued=5, in_flight=3, ready=1), settings, 1) == []


def test_one_is_said_as_one():
    settings = DeploymentSettings(concurrency_target=3, max_replica=1, target_utilization_percentage=100)
    [advice] = advise(seen(queued=5, in_flight=3, ready=1), settings, 1)
    assert advice.text.startswith("The only replica is full, its gate is kept busy")
    [advice] = advise(seen(requests=0), DeploymentSettings(concurrency_target=1), 2)
    assert advice.text == (
        "A replica never holds more than 1 request, so 1 of its 2 places in predict stays empty."
    )


def test_a_delay_shorter_than_the_cold_start_is_told():
    [advice] = advise(seen(longest_cold_start=42.0), DeploymentSettings(scale_down_delay=30), 1)
    assert (advice.code, advice.change) == ("delay_below_cold_start", {"scale_down_delay": 50.0})


@pytest.mark.parametrize(
    ("stages", "changes", "more", "places"),
    [
        (DOWNLOADS, {"scale_down_delay": 3600}, {"longest_cold_start": 4000.0}, 1),
        (
            {"predict": 0.2},
            {"concurrency_target": 1, "max_replica": 10_000, "target_utilization_percentage": 100},
            {"queued": 9, "in_flight": 10_000, "ready": 10_000},
            1,
        ),
        (
            {"preprocess": 99.0, "predict": 1e-4},
            {"concurrency_target": 100_000},
            {"queued": 9, "in_flight": 9},
            1,
        ),
    ],
    ids=["the longest delay", "the most replicas", "the highest target"],
)
def test_a_value_that_is_set_already_or_cannot_be_set_is_never_advised(stages, changes, more, places):
    assert advise(seen(stages, **more), DeploymentSettings(**changes), places) == []


def test_a_utilization_that_doubles_the_bill_is_told():
    settings = DeploymentSettings(concurrency_target=10, max_replica=9, target_utilization_percentage=50)
    [advice] = advise(seen(in_flight=9.5, ready=2), settings, 1)
    assert (advice.code, advice.change) == ("utilization_dear", {"target_utilization_percentage": 95})
    assert "2 replicas where 1 would hold the load" in advice.text
    assert advise(seen(in_flight=0.9, ready=2), settings, 1) == []


def test_a_target_below_the_places_in_predict_needs_no_traffic():
    settings = DeploymentSettings(concurrency_target=2)
    [advice] = advise(seen(requests=0), settings, 4)
    assert (advice.code, advice.change) == ("target_below_predict", {"concurrency_target": 4})
    assert codes(advise(seen(queued=1), settings, 4)) == ["gate_idle"]


@pytest.mark.parametrize("little", [{"requests": 19}, {"stages": {}}])
def test_of_too_little_nothing_is_concluded(little):
    assert advise(seen(queued=9, **little), DeploymentSettings(), 1) == []


TIMES = st.floats(0.001, 5)


@given(TIMES, TIMES, TIMES, st.integers(1, 16), st.integers(1, 64))
def test_what_is_advised_is_allowed_and_leaves_the_gate_busy(before, during, after, places, target):
    stages = {"preprocess": before, "predict": during, "postprocess": after, "gate_wait": during}
    traffic = seen(stages, queued=2, in_flight=target, ready=1, longest_cold_start=1000)
    settings = DeploymentSettings(concurrency_target=target, max_replica=4, target_utilization_percentage=10)
    changed = settings
    for advice in advise(traffic, settings, places):
        changed = changed.with_changes(advice.change)
        assert advice.arithmetic
    if changed.concurrency_target != target:
        assert changed.concurrency_target == busy_target(traffic, places)
        assert changed.concurrency_target * during / traffic.inside >= places * 0.999
    assert "gate_idle" not in codes(advise(traffic, changed, places))


def test_records_and_buckets_make_what_is_seen():
    record = RequestRecord(
        "1", "d1", "m", "r1", 0.0, 200, Outcome.FINISHED, 1.0, {"predict": 0.2, "queue": 0.1}
    )
    records = [
        record,
        dataclasses.replace(record, stages={"predict": 0.4, "cold_start": 9.0}),
        dataclasses.replace(record, outcome=Outcome.REFUSED, stages={}),
    ]
    points = [Point(0.0, 1.0, 2.0, 4, 2, 2), Point(5.0, 3.0, 4.0, 4, 2, 1), Point(10.0)]
    found = observed(records, points)
    assert found.requests == 2
    assert found.stages == pytest.approx({"predict": 0.3, "queue": 0.05, "cold_start": 4.5})
    assert (found.longest_cold_start, found.queued, found.in_flight, found.ready) == (9.0, 2.0, 3.0, 1.5)
    assert observed([], []) == Observed(0, {})
