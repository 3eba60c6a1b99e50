import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.core.lifecycle import ReplicaState
from headway.core.reconcile import (
    Drain,
    Failed,
    Reconciler,
    ReplicaView,
    RestartHistory,
    Start,
    Stop,
    TakeBack,
    TakeOut,
    Thresholds,
    back_off,
)

STARTING, READY = ReplicaState.STARTING, ReplicaState.READY
UNHEALTHY, DRAINING, STOPPING = ReplicaState.UNHEALTHY, ReplicaState.DRAINING, ReplicaState.STOPPING


def replica(name, state, since=0.0, **known):
    return ReplicaView(name, state, since, **known)


def fail_start(reconciler, at, reason="no such file"):
    reconciler.replica_failed(reason, ordered_at=at, ready_at=None, now=at)


def test_what_is_missing_is_started_at_once():
    plan = Reconciler().decide(3, [replica("a", READY)], 0.0)
    assert plan.actions == (Start(), Start())
    assert plan.failed is None
    assert plan.next_at is None


def test_replicas_that_start_count_as_present():
    plan = Reconciler().decide(2, [replica("a", STARTING, 5.0), replica("b", STARTING, 6.0)], 10.0)
    assert plan.actions == ()
    assert plan.next_at == 1805.0


def test_replicas_that_leave_do_not_count():
    plan = Reconciler().decide(1, [replica("a", STOPPING), replica("b", ReplicaState.EXITED)], 0.0)
    assert plan.actions == (Start(),)


def test_a_draining_replica_is_taken_back_before_another_is_started_the_fullest_first():
    draining = [replica("a", DRAINING, in_flight=1), replica("b", DRAINING, in_flight=4)]
    assert Reconciler().decide(1, draining, 1.0).actions == (TakeBack("b"),)
    assert Reconciler().decide(3, draining, 1.0).actions == (TakeBack("b"), TakeBack("a"), Start())


def test_the_surplus_goes_unready_first_then_the_fewest_in_flight_then_the_newest():
    replicas = [
        replica("old", READY, 1.0),
        replica("new", READY, 2.0),
        replica("busy", READY, 3.0, in_flight=5),
        replica("ill", UNHEALTHY, 0.0, unhealthy_since=0.0, in_flight=9),
        replica("starting", STARTING, 4.0),
    ]
    reason = "no longer desired"
    plan = Reconciler().decide(1, replicas, 5.0)
    assert plan.actions == (
        Stop("starting", reason),
        Drain("ill", reason),
        Drain("new", reason),
        Drain("old", reason),
    )


def test_a_draining_replica_is_stopped_when_it_holds_nothing_or_after_its_timeout():
    reconciler = Reconciler(Thresholds(drain=100.0))
    assert reconciler.decide(0, [replica("a", DRAINING, 10.0)], 109.0).next_at == 110.0
    drained = reconciler.decide(0, [replica("a", DRAINING, 10.0, is_drained=True)], 11.0)
    assert drained.actions == (Stop("a", "drained"),)
    late = reconciler.decide(0, [replica("a", DRAINING, 10.0)], 110.0)
    assert late.actions == (Stop("a", "not drained within drain_timeout (100 s)"),)
    assert late.next_at is None


def test_restarts_wait_one_second_then_twice_as_long_each_time_up_to_five_minutes():
    reconciler, now, waits = Reconciler(), 0.0, []
    for _ in range(11):
        fail_start(reconciler, now)
        retry_at = reconciler.decide(1, [], now).next_at
        assert reconciler.decide(1, [], retry_at - 0.01).actions == ()
        assert reconciler.decide(1, [], retry_at).actions == (Start(),)
        waits.append(retry_at - now)
        now = retry_at
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_three_failed_starts_in_a_row_fail_the_deployment_until_the_next_attempt():
    reconciler = Reconciler()
    fail_start(reconciler, 0.0)
    fail_start(reconciler, 1.0)
    assert reconciler.decide(1, [], 1.5).failed is None
    fail_start(reconciler, 3.0, reason="out of memory")
    assert reconciler.decide(1, [], 3.5).failed == Failed("out of memory", 7.0)
    attempt = reconciler.decide(1, [], 7.0)
    assert attempt.failed is None
    assert attempt.actions == (Start(),)
    assert reconciler.last_failure == "out of memory"


def test_while_one_replica_is_ready_the_deployment_has_not_failed():
    reconciler = Reconciler()
    for now in (0.0, 1.0, 3.0):
        fail_start(reconciler, now)
    assert reconciler.decide(2, [replica("a", READY)], 3.5).failed is None


def test_after_a_failed_start_one_replica_is_tried_and_the_rest_follow_when_it_is_ready():
    reconciler = Reconciler()
    fail_start(reconciler, 0.0)
    assert reconciler.decide(5, [], 1.0).actions == (Start(),)
    assert reconciler.decide(5, [replica("a", STARTING, 1.0)], 1.1).actions == ()
    reconciler.replica_became_ready()
    assert reconciler.decide(5, [replica("a", READY, 2.0)], 2.0).actions == (Start(),) * 4


def test_replicas_that_started_together_and_fail_together_are_one_failure():
    reconciler = Reconciler()
    for failed_at in (2.0, 2.1, 2.2):
        reconciler.replica_failed("broken", ordered_at=0.0, ready_at=None, now=failed_at)
    plan = reconciler.decide(3, [], 2.5)
    assert plan.failed is None
    assert plan.next_at == 3.0


def test_a_start_that_takes_too_long_is_a_failure():
    reconciler = Reconciler(Thresholds(startup=30.0))
    assert reconciler.decide(1, [replica("a", STARTING, 5.0)], 34.9).next_at == 35.0
    plan = reconciler.decide(1, [replica("a", STARTING, 5.0)], 35.0)
    assert plan.actions == (Stop("a", "not ready within startup_threshold_seconds (30 s)"),)
    assert plan.next_at == 36.0
    assert reconciler.last_failure == "not ready within startup_threshold_seconds (30 s)"


def test_a_crash_loop_after_readiness_backs_off_and_a_steady_minute_forgives_it():
    reconciler = Reconciler()
    for ordered_at in (0.0, 10.0, 20.0):
        reconciler.replica_became_ready()
        reconciler.replica_failed("crash", ordered_at=ordered_at, ready_at=ordered_at, now=ordered_at + 5)
    looping = reconciler.decide(1, [], 25.0)
    assert looping.next_at == 29.0
    assert looping.failed is None
    reconciler.replica_failed("crash", ordered_at=29.0, ready_at=30.0, now=90.0)
    assert reconciler.decide(1, [], 90.0).next_at == 91.0


def test_an_unhealthy_replica_leaves_the_rotation_comes_back_or_is_restarted():
    reconciler = Reconciler(Thresholds(stop_traffic=10.0, restart=20.0))

    def actions(state, now, unhealthy_since=0.0):
        plan = reconciler.decide(1, [replica("a", state, -50.0, unhealthy_since=unhealthy_since)], now)
        return plan.actions, plan.next_at

    assert actions(READY, 1.0) == ((), 10.0)
    out = TakeOut("a", "unhealthy for stop_traffic_threshold_seconds (10 s)")
    assert actions(READY, 10.0) == ((out,), 20.0)
    assert actions(UNHEALTHY, 11.0) == ((), 20.0)
    assert actions(UNHEALTHY, 12.0, unhealthy_since=None) == ((TakeBack("a"),), None)
    stop = Stop("a", "unhealthy for restart_threshold_seconds (20 s)")
    assert actions(UNHEALTHY, 20.0) == ((stop,), 21.0)
    assert actions(READY, 30.0, unhealthy_since=None) == ((), None)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 1.0), (1, 1.0), (2, 2.0), (9, 256.0), (10_000, 300.0)])
def test_back_off_doubles_and_is_bounded(failures, seconds):
    assert back_off(failures) == seconds


@given(
    desired=st.integers(0, 8),
    states=st.lists(st.sampled_from([STARTING, READY, DRAINING, STOPPING]), max_size=8),
    now=st.floats(0.0, 100.0),
)
def test_without_failures_one_plan_brings_exactly_what_is_desired(desired, states, now):
    replicas = [replica(str(number), state) for number, state in enumerate(states)]
    actions = Reconciler().decide(desired, replicas, now).actions
    serving = sum(one.state.is_serving for one in replicas)
    added = sum(isinstance(one, Start | TakeBack) for one in actions)
    removed = sum(isinstance(one, Drain | Stop) for one in actions)
    assert serving + added - removed == desired
    assert not (added and removed)


def test_ill_health_counts_towards_a_restart_only_after_the_restart_check_delay():
    reconciler = Reconciler(Thresholds(stop_traffic=10.0, restart=20.0, restart_delay=100.0))
    ill = replica("a", READY, 5.0, unhealthy_since=6.0, ordered_at=1.0)
    assert reconciler.decide(1, [ill], 10.0).next_at == 16.0
    out = replica("a", UNHEALTHY, 16.0, unhealthy_since=6.0, ordered_at=1.0)
    assert reconciler.decide(1, [out], 30.0).actions == ()
    assert reconciler.decide(1, [out], 30.0).next_at == 121.0
    assert reconciler.decide(1, [out], 121.0).actions == (
        Stop("a", "unhealthy for restart_threshold_seconds (20 s)"),
    )


def test_ill_health_after_the_restart_check_delay_counts_from_its_beginning():
    reconciler = Reconciler(Thresholds(restart=20.0, restart_delay=100.0))
    ill = replica("a", READY, 5.0, unhealthy_since=200.0, ordered_at=1.0)
    assert reconciler.decide(1, [ill], 219.9).actions == ()
    assert isinstance(reconciler.decide(1, [ill], 220.0).actions[0], Stop)


def test_a_replica_that_was_ready_for_long_before_it_fell_ill_had_not_been_in_a_crash_loop():
    reconciler = Reconciler(Thresholds(stop_traffic=10.0, restart=20.0))
    for attempt in range(5):
        reconciler.replica_failed("exit", ordered_at=attempt, ready_at=None, now=attempt)
    ill = replica("a", READY, 100.0, unhealthy_since=161.0, ordered_at=90.0, ready_at=100.0)
    assert isinstance(reconciler.decide(1, [ill], 181.0).actions[0], Stop)
    assert reconciler.retry_at == 182.0


def test_the_time_in_which_a_replica_was_ill_makes_it_no_steadier():
    reconciler = Reconciler(Thresholds(stop_traffic=10.0, restart=1800.0))
    for attempt in range(3):
        reconciler.replica_failed("exit", ordered_at=attempt, ready_at=None, now=attempt)
    ill = replica("a", READY, 100.0, unhealthy_since=101.0, ordered_at=90.0, ready_at=100.0)
    assert isinstance(reconciler.decide(1, [ill], 1901.0).actions[0], Stop)
    assert reconciler.retry_at == 1909.0


def test_what_one_reconciler_knew_another_goes_on_with():
    first = Reconciler()
    for at in (0.0, 5.0, 10.0):
        fail_start(first, at)
    assert first.failed_starts == 3
    second = Reconciler()
    second.restore(first.history, 11.0)
    assert second.history == first.history
    assert second.decide(1, [], 11.0) == first.decide(1, [], 11.0)
    second.replica_became_ready()
    assert second.failed_starts == 0


def test_clocks_that_differ_let_nobody_wait_longer_than_the_back_off():
    reconciler = Reconciler()
    reconciler.restore(RestartHistory(1, 2, "no such file", failed_at=9e9, retry_at=9e9), 100.0)
    assert reconciler.retry_at == 102.0
    fail_start(reconciler, 103.0)
    assert reconciler.failed_starts == 2


def test_stops_say_whether_the_replica_is_unfit():
    reconciler = Reconciler(Thresholds(startup=10.0, restart=20.0, stop_traffic=5.0))
    late, *_ = reconciler.decide(1, [replica("a", STARTING, 0.0)], 10.0).actions
    ill, *_ = reconciler.decide(1, [replica("a", UNHEALTHY, 0.0, unhealthy_since=0.0)], 20.0).actions
    surplus, *_ = reconciler.decide(0, [replica("a", STARTING, 19.0)], 20.0).actions
    assert (late.is_failure, ill.is_failure, surplus.is_failure) == (True, True, False)
