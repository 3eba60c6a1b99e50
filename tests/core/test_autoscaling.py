"""Stories of load in virtual time: how many replicas are wanted, and why."""

import dataclasses
import itertools
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.core.autoscaling import AutoscalingPolicy, Replicas, there
from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load

TICK = 0.25


class World:
    """One gateway whose load is steady for a while, and replicas that come and go at once as is desired."""

    def __init__(self, *, tick=TICK, start=0.0, **changes):
        self.policy = AutoscalingPolicy(DeploymentSettings(**changes), 0.0)
        self.tick = tick
        self.now = 0.0
        self.load = Load(0.0, 0, 0, 0.0, 0.0, 0.0, 0, 0)
        self.policy.record("g0", self.load)
        self.ready = 0
        self.start_takes = start
        self.starting = []  # instants at which they are ready
        self.history = []
        self.arrived = self.done = 0.0

    @property
    def present(self):
        return self.ready + len(self.starting)

    def report(self, elapsed, queued, in_flight, arrivals, finished):
        before = self.load
        self.now = round(self.now + elapsed, 6)
        self.arrived += arrivals * elapsed
        self.done += finished * elapsed
        self.load = Load(
            self.now,
            queued,
            in_flight,
            before.queued_seconds + queued * elapsed,
            before.in_flight_seconds + in_flight * elapsed,
            before.nonempty_seconds + (elapsed if queued else 0.0),
            int(self.arrived),
            int(self.done),
        )
        self.policy.record("g0", self.load)

    def decide(self):
        self.ready += sum(at <= self.now for at in self.starting)
        self.starting = [at for at in self.starting if at > self.now]
        decision = self.policy.decide(Replicas(self.ready, len(self.starting)), self.now)
        missing = decision.desired - self.present
        if missing > 0:
            self.starting += [self.now + self.start_takes] * missing
        else:
            self.ready = max(0, self.ready + missing)
        self.ready += sum(at <= self.now for at in self.starting)
        self.starting = [at for at in self.starting if at > self.now]
        if not self.history or self.history[-1][1] != decision.desired:
            self.history.append((self.now, decision.desired, decision.reason))
        return decision

    def steady(self, seconds, *, queued=0, in_flight=0, rate=0.0):
        """So much for so long; returns the last decision."""
        decision = None
        for _ in range(round(seconds / self.tick)):
            self.report(self.tick, queued, in_flight, rate, rate)
            decision = self.decide()
        return decision

    def changes(self):
        return [(at, desired) for at, desired, _ in self.history]


def test_worked_example_3_ten_each_at_70_percent_with_25_in_flight_is_four_replicas():
    world = World(concurrency_target=10, max_replica=10)
    decision = world.steady(60, in_flight=25, rate=25)
    assert decision.desired == 4
    assert decision.inputs.demand_window == pytest.approx(25)


def test_worked_example_1_a_queue_that_lasts_a_second_orders_the_second_replica_within_two():
    world = World(concurrency_target=2, min_replica=1, max_replica=2, start=5.0)
    world.steady(60)
    world.steady(2, queued=3, in_flight=2)
    [(_, first, _), (at, second, reason)] = world.history
    assert (first, second) == (1, 2)
    assert at <= 62
    assert "saturated" in reason


def test_worked_example_1_with_max_replica_1_there_is_never_a_second_one():
    world = World(concurrency_target=2, min_replica=1, max_replica=1)
    decision = world.steady(120, queued=3, in_flight=2)
    assert decision.desired == 1
    assert decision.inputs.want > 1
    assert world.changes() == [(TICK, 1)]


def test_what_max_replica_holds_back_is_said():
    world = World(max_replica=2)
    decision = world.policy.decide(Replicas(0), 0.0)
    assert decision.desired == 0
    world.report(TICK, 5, 0, 20, 0)
    assert world.decide().reason.endswith(", held at 2: max_replica")


def test_one_request_cannot_use_two_replicas():
    world = World(max_replica=5)
    assert world.steady(120, in_flight=1, rate=1).desired == 1


def test_two_steady_requests_at_target_1_and_70_percent_ask_for_three():
    world = World(max_replica=5)
    assert world.steady(120, in_flight=2, rate=2).desired == 3


def test_a_sudden_rise_is_answered_before_the_window_has_filled():
    world = World(max_replica=50, min_replica=1)
    world.steady(60, in_flight=1, rate=1)
    world.steady(6, in_flight=14, rate=14)
    assert world.ready >= 10
    assert any("burst" in reason for _, _, reason in world.history)


def test_a_queue_where_nothing_runs_wakes_it_at_once():
    world = World(concurrency_target=2, max_replica=4)
    world.steady(10)
    world.report(0.02, 3, 0, 150, 0)
    decision = world.decide()
    assert (decision.desired, decision.inputs.wake) == (2, 2)


def test_replicas_that_start_already_count_against_the_queue():
    world = World(concurrency_target=4, min_replica=1, max_replica=9, start=30.0)
    world.steady(60)
    world.steady(1.5, queued=3, in_flight=4)
    assert world.present == 2
    world.steady(3, queued=4, in_flight=4)
    assert world.present == 2, "the queue fits into the one that starts"


def test_it_shrinks_after_the_delay_by_half_of_the_surplus_and_waits_again():
    world = World(min_replica=1, max_replica=10, scale_down_delay=100, autoscaling_window=10)
    world.ready = 9
    world.policy.require(9, 0.0)
    world.decide()
    world.steady(400)
    assert [desired for _, desired in world.changes()] == [9, 5, 3, 2]
    instants = [at for at, _ in world.changes()]
    assert instants[1] == pytest.approx(100, abs=1)
    assert all(later - earlier >= 100 for earlier, later in itertools.pairwise(instants))


def test_nothing_shrinks_while_something_is_queued():
    world = World(min_replica=0, max_replica=10, scale_down_delay=0, autoscaling_window=10)
    world.ready = 5
    assert world.steady(60, queued=1, in_flight=1, rate=5).desired >= 5


def test_without_load_the_last_replica_goes_after_the_longer_of_delay_and_window():
    world = World(max_replica=3, scale_down_delay=20, autoscaling_window=30)
    world.steady(30, in_flight=1, rate=1)
    assert world.ready == 1
    world.steady(29.5)
    assert world.ready == 1
    decision = world.steady(1)
    assert decision.desired == 0
    assert "min_replica is 0" in [reason for _, desired, reason in world.history if not desired][-1]


def test_a_rare_request_keeps_the_last_replica():
    world = World(max_replica=3, scale_down_delay=20, autoscaling_window=30)
    for _ in range(20):
        world.steady(0.5, in_flight=1, rate=2)
        world.steady(25)
    assert world.ready == 1


def test_min_replica_stays():
    world = World(min_replica=2, max_replica=3, scale_down_delay=0, autoscaling_window=10)
    decision = world.steady(100)
    assert (decision.desired, decision.reason, decision.next_at) == (
        2,
        "0 needed within 0 s, 2 present",
        None,
    )


def test_bounds_act_at_once():
    world = World(min_replica=4, max_replica=8)
    assert world.steady(1).desired == 4
    lowered = DeploymentSettings(min_replica=1, max_replica=2)
    world.policy.change_settings(lowered)
    decision = world.decide()
    assert (decision.desired, decision.reason) == (2, "max_replica is 2")
    world.policy.change_settings(dataclasses.replace(lowered, min_replica=7, max_replica=7))
    decision = world.decide()
    assert (decision.desired, decision.reason) == (7, "min_replica is 7")


def test_what_control_finds_running_stays_for_the_delay():
    world = World(max_replica=5, scale_down_delay=60, autoscaling_window=10)
    world.ready = 3
    world.policy.require(3, 0.0)
    world.steady(59)
    assert world.ready == 3
    world.steady(10)
    assert world.ready < 3


def test_what_a_rollout_requires_is_ordered_at_once():
    world = World(max_replica=5)
    world.policy.require(2, 0.0)
    decision = world.decide()
    assert (decision.desired, decision.reason) == (2, "2 required by a start or a rollout")


def test_a_backlog_counts_as_the_capacity_that_works_it_off_in_time():
    patient = World(concurrency_target=1, max_replica=100, backlog_drain=30)
    hasty = World(concurrency_target=1, max_replica=100, backlog_drain=1)
    for world in (patient, hasty):
        world.steady(60, in_flight=2, rate=2)  # a second each
        world.steady(30, queued=30, in_flight=2, rate=2)
    assert patient.policy.decide(Replicas(2), patient.now).inputs.demand_second == pytest.approx(3, abs=0.2)
    assert hasty.policy.decide(Replicas(2), hasty.now).inputs.demand_second == pytest.approx(32, abs=0.5)


def test_replicas_that_wait_for_their_restart_are_present():
    world = World(min_replica=2, max_replica=5)
    assert world.policy.decide(Replicas(ready=1, away=1), 0.0).inputs.present == 2


def test_when_no_gateway_reports_nothing_shrinks():
    world = World(max_replica=5, scale_down_delay=0, autoscaling_window=10)
    world.steady(10, in_flight=2, rate=2)
    world.now += 1000
    decision = world.decide()
    assert (decision.desired, decision.reason) == (world.ready, "no gateway reports, so nothing shrinks")


def test_gateways_add_up_and_one_that_died_queues_nothing_any_more():
    world = World(max_replica=9)
    other = Load(0.0, 0, 0, 0.0, 0.0, 0.0, 0, 0)
    world.policy.record("g1", other)
    world.policy.record("g1", dataclasses.replace(other, at=1.0, queued=2, queued_seconds=2.0))
    world.report(1.0, 1, 0, 1, 0)
    decision = world.policy.decide(Replicas(1), 1.0)
    assert decision.inputs.queued == 3
    assert decision.inputs.demand_window == pytest.approx(3)
    world.policy.forget("g1")
    assert world.policy.decide(Replicas(1), 1.0).inputs.queued == 1


def test_a_report_that_was_lost_loses_nothing():
    one, other = World(max_replica=9), World(max_replica=9)
    for _ in range(10):
        one.report(1.0, 0, 3, 3, 3)
    other.report(10.0, 0, 3, 3, 3)
    means = [world.policy.decide(Replicas(1), 10.0).inputs.demand_window for world in (one, other)]
    assert means[0] == pytest.approx(means[1]) == pytest.approx(3)


def test_a_report_that_comes_twice_counts_once():
    world = World(max_replica=9)
    world.report(1.0, 0, 3, 3, 3)
    world.policy.record("g0", world.load)
    assert world.policy.decide(Replicas(1), 1.0).inputs.demand_window == pytest.approx(3)


def test_a_longer_window_begins_with_what_is_remembered():
    world = World(max_replica=9, autoscaling_window=10)
    world.steady(30, in_flight=4, rate=4)
    world.policy.change_settings(DeploymentSettings(max_replica=9, autoscaling_window=100))
    assert world.decide().inputs.demand_window == pytest.approx(4)


LOADS = st.lists(st.tuples(st.integers(5, 60), st.integers(0, 6), st.integers(0, 20)), min_size=1, max_size=6)


@given(LOADS, st.integers(0, 3), st.integers(0, 6), st.sampled_from([0.0, 5.0, 60.0]))
def test_it_stays_within_its_bounds_and_never_shrinks_while_something_is_queued(loads, low, more, delay):
    high = max(1, low + more)
    world = World(min_replica=low, max_replica=high, scale_down_delay=delay, autoscaling_window=10, tick=1.0)
    for seconds, queued, in_flight in loads:
        for _ in range(seconds):
            before = world.present
            decision = world.steady(1.0, queued=queued, in_flight=in_flight, rate=in_flight)
            assert low <= decision.desired <= high
            assert not queued or decision.desired >= min(before, high)


@given(st.integers(0, 30), st.integers(1, 8), st.sampled_from([0.0, 30.0]))
def test_under_steady_load_it_settles(in_flight, target, delay):
    world = World(
        concurrency_target=target, max_replica=100, scale_down_delay=delay, autoscaling_window=10, tick=1.0
    )
    world.steady(60, in_flight=in_flight, rate=in_flight)
    settled = len(world.history)
    world.steady(300, in_flight=in_flight, rate=in_flight)
    later = [desired for _, desired in world.changes()[settled - 1 :]]
    assert later == sorted(later, reverse=True), "down at most, never up and down again"
    expected = 0 if not in_flight else 1 if in_flight == 1 else math.ceil(in_flight / (target * 0.7) - 1e-6)
    assert world.present == expected


@settings(max_examples=20)  # each is thousands of decisions
@given(LOADS, st.sampled_from([5.0, 30.0]))
def test_however_often_it_is_asked_it_comes_to_the_same(loads, delay):
    ends = []
    for tick in (0.1, 1.0):
        world = World(max_replica=30, scale_down_delay=delay, autoscaling_window=10, tick=tick)
        for seconds, queued, in_flight in loads:
            world.steady(seconds, queued=queued, in_flight=in_flight, rate=in_flight)
        world.steady(300, in_flight=3, rate=3)
        ends.append(world.present)
    assert ends[0] == ends[1]


@given(LOADS, st.integers(1, 8), st.sampled_from([10.0, 300.0]))
def test_to_ask_what_other_settings_would_do_changes_no_decision(loads, target, window):
    asked, unasked = (World(max_replica=30, scale_down_delay=5.0, tick=1.0) for _ in range(2))
    other = DeploymentSettings(concurrency_target=target, max_replica=9, autoscaling_window=window)
    for seconds, queued, in_flight in loads:
        for world in (asked, unasked):
            world.steady(seconds, queued=queued, in_flight=in_flight, rate=in_flight)
        assert asked.policy.preview(other, Replicas(asked.ready), asked.now).desired <= 9
    assert asked.history == unasked.history


def test_a_preview_tells_what_the_present_load_needs_under_other_settings():
    world = World(concurrency_target=2, max_replica=50, autoscaling_window=10)
    world.steady(60, in_flight=28, rate=28)
    assert world.present == 20
    preview = world.policy.preview(DeploymentSettings(concurrency_target=10), Replicas(20), world.now)
    assert preview.inputs.need == 4


def test_what_waits_for_its_next_start_or_may_recover_is_still_meant_to_be_there():
    states = [ReplicaState.READY, ReplicaState.STARTING, ReplicaState.UNHEALTHY, ReplicaState.DRAINING]
    assert there(states, 5, is_backing_off=False) == Replicas(ready=1, starting=1, away=1)
    assert there(states, 5, is_backing_off=True) == Replicas(ready=1, starting=1, away=3)
    assert there(states, 2, is_backing_off=True) == Replicas(ready=1, starting=1, away=1)


def test_since_when_something_queues_is_told_to_whoever_asks():
    world = World()
    assert world.policy.queues_since is None
    world.report(1.0, 2, 1, 1.0, 1.0)
    world.report(1.0, 3, 1, 1.0, 1.0)
    assert world.policy.queues_since == 1.0
