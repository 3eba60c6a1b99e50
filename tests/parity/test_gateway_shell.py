"""Small traces through the gateway's shell, answers worked out by hand: what is played around it is played right."""

import random

import pytest

from headway.core.events import (
    Dispatched,
    Drained,
    Expired,
    Expiry,
    Finished,
    Lost,
    Overran,
    Queued,
    Refused,
    Returned,
)
from headway.core.settings import DeploymentSettings
from parity.gateway_shell import Answered, run_through_gateway
from parity.trace import Arrival, Move, ReplicaMove, SettingsChange, Trace


def added(at=0.0, replica_id="r1"):
    return ReplicaMove(at, replica_id, Move.ADDED)


def trace(arrivals, *changes, predict_concurrency=1, **settings):
    return Trace(DeploymentSettings(**settings), predict_concurrency, tuple(arrivals), changes)


def test_five_at_once_with_target_two_overlap_around_predict_and_never_in_it():
    five = [Arrival(1.0, preprocess=0.25, predict=1.0, postprocess=0.5)] * 5
    passage = run_through_gateway(trace(five, added(), concurrency_target=2))
    assert passage.events == [
        Dispatched(0, "r1", 1.0, 0.0),
        Dispatched(1, "r1", 1.0, 0.0),
        Queued(2, 1.0, 1),
        Queued(3, 1.0, 2),
        Queued(4, 1.0, 3),
        # 0 predicts from 1.25 to 2.25, 1 from then on to 3.25; 2 comes to the gate at 3.0 and is in at 3.25, and so on.
        Finished(0, "r1", 2.75, 1.75, abandoned=False),
        Dispatched(2, "r1", 2.75, 1.75),
        Finished(1, "r1", 3.75, 2.75, abandoned=False),
        Dispatched(3, "r1", 3.75, 2.75),
        Finished(2, "r1", 4.75, 2.0, abandoned=False),
        Dispatched(4, "r1", 4.75, 3.75),
        Finished(3, "r1", 5.75, 2.0, abandoned=False),
        Finished(4, "r1", 6.75, 2.0, abandoned=False),
    ]
    assert passage.answers == [
        Answered(0, 2.75, 200),
        Answered(1, 3.75, 200),
        Answered(2, 4.75, 200),
        Answered(3, 5.75, 200),
        Answered(4, 6.75, 200),
    ]


def test_two_places_in_predict_are_used_at_once():
    passage = run_through_gateway(
        trace([Arrival(0.0, 1.0)] * 3, added(), predict_concurrency=2, concurrency_target=3)
    )
    assert [(one.request, one.at) for one in passage.answers] == [(0, 1.0), (1, 1.0), (2, 2.0)]


def test_the_replica_that_holds_least_is_given_the_next_request():
    arrivals = [Arrival(0.0, 3.0), Arrival(1.0, 1.0), Arrival(4.0, 1.0)]
    passage = run_through_gateway(trace(arrivals, added(), added(0.0, "r2"), concurrency_target=2))
    given = [(one.request, one.replica_id) for one in passage.events if isinstance(one, Dispatched)]
    assert given == [(0, "r1"), (1, "r2"), (2, "r2")]


def test_work_that_ends_at_the_instant_of_an_arrival_ends_before_it():
    passage = run_through_gateway(trace([Arrival(0.0, 1.0), Arrival(1.0, 1.0)], added()))
    assert passage.events == [
        Dispatched(0, "r1", 0.0, 0.0),
        Finished(0, "r1", 1.0, 1.0, abandoned=False),
        Dispatched(1, "r1", 1.0, 0.0),
        Finished(1, "r1", 2.0, 1.0, abandoned=False),
    ]


def test_who_waits_for_queue_timeout_is_told_so_at_that_instant():
    arrivals = [Arrival(1.0, 3.0), Arrival(1.25, 3.0), Arrival(1.5, 3.0)]
    passage = run_through_gateway(trace(arrivals, added(), queue_timeout=2.0))
    assert passage.events == [
        Dispatched(0, "r1", 1.0, 0.0),
        Queued(1, 1.25, 1),
        Queued(2, 1.5, 2),
        Expired(1, 3.25, 2.0, 1, Expiry.QUEUE_TIMEOUT),
        Expired(2, 3.5, 2.0, 1, Expiry.QUEUE_TIMEOUT),
        Finished(0, "r1", 4.0, 3.0, abandoned=False),
    ]
    assert passage.answers == [
        Answered(1, 3.25, 504, "queue_timeout"),
        Answered(2, 3.5, 504, "queue_timeout"),
        Answered(0, 4.0, 200),
    ]


def test_what_the_queue_cannot_take_is_refused():
    passage = run_through_gateway(trace([Arrival(0.5, 1.0)] * 3, added(), queue_limit=1))
    assert passage.events[:3] == [Dispatched(0, "r1", 0.5, 0.0), Queued(1, 0.5, 1), Refused(2, 0.5, 1)]
    assert passage.answers[0] == Answered(2, 0.5, 429, "queue_full")


def test_what_holds_its_slot_too_long_is_answered_and_keeps_it_until_its_stage_ends():
    arrivals = [Arrival(0.0, 4.0), Arrival(0.0, 4.0), Arrival(0.0, 1.0)]
    passage = run_through_gateway(trace(arrivals, added(), concurrency_target=2, request_timeout=3.0))
    assert passage.events == [
        Dispatched(0, "r1", 0.0, 0.0),
        Dispatched(1, "r1", 0.0, 0.0),
        Queued(2, 0.0, 1),
        Overran(0, "r1", 3.0, 3.0),
        Overran(1, "r1", 3.0, 3.0),
        Finished(1, "r1", 3.0, 3.0, abandoned=True),  # it stood at the gate, so there is nothing to stop
        Dispatched(2, "r1", 3.0, 3.0),
        Finished(0, "r1", 4.0, 4.0, abandoned=True),
        Finished(2, "r1", 5.0, 2.0, abandoned=False),
    ]
    assert passage.answers == [
        Answered(0, 3.0, 504, "request_timeout"),
        Answered(1, 3.0, 504, "request_timeout"),
        Answered(2, 5.0, 200),
    ]


def test_a_higher_target_takes_from_the_queue_at_once_and_a_lower_one_evicts_nobody():
    three, one = DeploymentSettings(concurrency_target=3), DeploymentSettings(concurrency_target=1)
    passage = run_through_gateway(
        trace([Arrival(1.0, 1.0)] * 4, added(), SettingsChange(1.5, three), SettingsChange(1.75, one))
    )
    assert passage.events == [
        Dispatched(0, "r1", 1.0, 0.0),
        Queued(1, 1.0, 1),
        Queued(2, 1.0, 2),
        Queued(3, 1.0, 3),
        Dispatched(1, "r1", 1.5, 0.5),
        Dispatched(2, "r1", 1.5, 0.5),
        Finished(0, "r1", 2.0, 1.0, abandoned=False),
        Finished(1, "r1", 3.0, 1.5, abandoned=False),
        Finished(2, "r1", 4.0, 2.5, abandoned=False),
        Dispatched(3, "r1", 4.0, 3.0),
        Finished(3, "r1", 5.0, 1.0, abandoned=False),
    ]


def test_a_draining_replica_finishes_what_it_holds_and_takes_again_when_taken_back():
    moves = ReplicaMove(1.5, "r1", Move.DRAINING), ReplicaMove(5.0, "r1", Move.TAKEN_BACK)
    passage = run_through_gateway(trace([Arrival(1.0, 1.0)] * 2, added(), *moves))
    assert passage.events == [
        Dispatched(0, "r1", 1.0, 0.0),
        Queued(1, 1.0, 1),
        Finished(0, "r1", 2.0, 1.0, abandoned=False),
        Drained("r1", 2.0),
        Dispatched(1, "r1", 5.0, 4.0),
        Finished(1, "r1", 6.0, 1.0, abandoned=False),
    ]


def test_what_a_removed_replica_held_is_lost_and_the_queued_wait_for_the_next():
    removed = ReplicaMove(1.5, "r1", Move.REMOVED)
    passage = run_through_gateway(trace([Arrival(1.0, 1.0)] * 2, added(), removed, added(5.0, "r2")))
    assert passage.events == [
        Dispatched(0, "r1", 1.0, 0.0),
        Queued(1, 1.0, 1),
        Lost(0, "r1", 1.5, abandoned=False),
        Dispatched(1, "r2", 5.0, 4.0),
        Finished(1, "r2", 6.0, 1.0, abandoned=False),
    ]
    assert passage.answers == [Answered(0, 1.5, 502, "replica_lost"), Answered(1, 6.0, 200)]


def test_a_replica_that_breaks_unnoticed_by_control_ends_its_requests_and_is_given_nothing_more():
    broken, removed = ReplicaMove(1.5, "r1", Move.BROKEN), ReplicaMove(3.0, "r1", Move.REMOVED)
    passage = run_through_gateway(trace([Arrival(1.0, 1.0)] * 2, added(), broken, removed, added(5.0)))
    assert passage.events == [
        Dispatched(0, "r1", 1.0, 0.0),
        Queued(1, 1.0, 1),
        Finished(0, "r1", 1.5, 0.5, abandoned=False),
        Dispatched(1, "r1", 5.0, 4.0),
        Finished(1, "r1", 6.0, 1.0, abandoned=False),
    ]
    assert passage.answers == [Answered(0, 1.5, 502, "replica_lost"), Answered(1, 6.0, 200)]


def test_what_a_broken_replica_never_took_up_goes_to_another_one_at_once():
    changes = added(), added(0.0, "r2"), ReplicaMove(0.5, "r1", Move.BROKEN)
    passage = run_through_gateway(trace([Arrival(1.0, 1.0)], *changes))
    assert passage.events == [
        Dispatched(0, "r1", 1.0, 0.0),
        Returned(0, "r1", 1.0),
        Dispatched(0, "r2", 1.0, 0.0),
        Finished(0, "r2", 2.0, 1.0, abandoned=False),
    ]


@pytest.mark.parametrize("move", [Move.REMOVED, Move.BROKEN])
def test_what_may_be_sent_again_goes_from_a_dead_replica_to_another_one(move):
    changes = added(), added(0.0, "r2"), ReplicaMove(0.5, "r1", move)
    passage = run_through_gateway(trace([Arrival(0.0, 1.0)], *changes, retry_on_crash=True))
    assert passage.events == [
        Dispatched(0, "r1", 0.0, 0.0),
        Returned(0, "r1", 0.5),
        Dispatched(0, "r2", 0.5, 0.5),
        Finished(0, "r2", 1.5, 1.0, abandoned=False),
    ]
    assert passage.answers == [Answered(0, 1.5, 200)]


def test_each_change_asks_anew_whether_a_draining_replica_is_drained():
    draining, higher = ReplicaMove(1.0, "r1", Move.DRAINING), DeploymentSettings(concurrency_target=2)
    passage = run_through_gateway(trace([], added(), draining, SettingsChange(2.0, higher)))
    assert passage.events == [Drained("r1", 1.0), Drained("r1", 2.0)]


def test_without_a_replica_a_request_waits_for_the_first():
    passage = run_through_gateway(trace([Arrival(1.0, 1.0)], added(8.0)))
    assert passage.answers == [Answered(0, 9.0, 200)]


def test_a_long_trace_is_the_same_each_time_and_everyone_is_answered():
    dice = random.Random(1)  # noqa: S311 - a trace, no secret
    instants = sorted(dice.uniform(0, 30) for _ in range(200))
    arrivals = [Arrival(at, dice.expovariate(10), dice.uniform(0, 0.2), 0.05) for at in instants]
    long = trace(arrivals, added(), added(10.0, "r2"), concurrency_target=3, predict_concurrency=2)
    first, second = run_through_gateway(long), run_through_gateway(long)
    assert first == second
    assert sorted(one.request for one in first.answers) == list(range(200))
    assert {one.status for one in first.answers} == {200}


def test_arrivals_out_of_order_have_no_numbers():
    with pytest.raises(ValueError, match="sort them"):
        trace([Arrival(1.0, 1.0), Arrival(0.0, 1.0)])
