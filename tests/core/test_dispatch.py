"""Stories of the dispatcher, told in virtual time."""

import math

import pytest

from headway.core.dispatch import Dispatcher
from headway.core.errors import UsageError
from headway.core.events import (
    Abandoned,
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
    Stuck,
)
from headway.core.settings import DeploymentSettings


def dispatcher(*replicas: str, **changes) -> Dispatcher[str]:
    made = Dispatcher(DeploymentSettings(**changes), 0.0)
    for replica in replicas:
        assert made.add_replica(replica, 0.0) == []
    return made


def queued(dispatcher) -> list[str]:
    return [request for request, _ in dispatcher.waiting(99)]


def dispatched(events) -> list[tuple[str, str]]:
    return [(event.request, event.replica_id) for event in events if isinstance(event, Dispatched)]


# Slots and order.


def test_five_requests_at_target_two_on_one_replica_two_are_sent_and_three_queue_in_order():
    d = dispatcher("a", concurrency_target=2)
    assert d.submit("1", 0.0) == [Dispatched("1", "a", 0.0, 0.0)]
    assert d.submit("2", 1.0) == [Dispatched("2", "a", 1.0, 0.0)]
    assert d.submit("3", 2.0) == [Queued("3", 2.0, 1)]
    assert d.submit("4", 3.0) == [Queued("4", 3.0, 2)]
    assert d.submit("5", 4.0) == [Queued("5", 4.0, 3)]
    assert (d.queued, d.in_flight, d.held()) == (3, 2, {"a": 2})
    assert d.held_by("a") == ["1", "2"]
    assert queued(d) == ["3", "4", "5"]
    assert d.finish("2", 10.0) == [
        Finished("2", "a", 10.0, 9.0, abandoned=False),
        Dispatched("3", "a", 10.0, 8.0),
    ]
    assert dispatched(d.finish("1", 11.0)) == [("4", "a")]
    assert dispatched(d.finish("3", 12.0)) == [("5", "a")]
    assert dispatched(d.finish("4", 13.0)) == []
    assert dispatched(d.finish("5", 14.0)) == []
    assert (d.queued, d.in_flight, d.held()) == (0, 0, {"a": 0})


def test_a_request_goes_to_the_replica_that_holds_the_fewest():
    d = dispatcher("a", "b", concurrency_target=3)
    assert [dispatched(d.submit(request, 0.0))[0][1] for request in "1234"] == ["a", "b", "a", "b"]
    d.finish("1", 1.0)
    d.finish("3", 1.0)
    assert dispatched(d.submit("5", 2.0)) == [("5", "a")]


def test_without_a_replica_requests_queue_and_the_first_ready_replica_takes_from_the_head():
    d = dispatcher(concurrency_target=2)
    for at, request in enumerate("123"):
        assert d.submit(request, float(at)) == [Queued(request, float(at), at + 1)]
    assert d.add_replica("a", 30.0) == [Dispatched("1", "a", 30.0, 30.0), Dispatched("2", "a", 30.0, 29.0)]
    assert d.queued == 1


def test_a_request_is_submitted_once():
    d = dispatcher("a")
    d.submit("1", 0.0)
    with pytest.raises(UsageError, match="submitted already"):
        d.submit("1", 1.0)
    d.finish("1", 2.0)
    assert dispatched(d.submit("1", 3.0)) == [("1", "a")]


@pytest.mark.parametrize("call", ["finish", "give_back"])
def test_only_a_request_that_holds_a_slot_gives_it_up(call):
    d = dispatcher("a")
    d.submit("1", 0.0)
    d.submit("2", 0.0)
    for request in ("2", "unknown"):
        with pytest.raises(UsageError, match="holds no slot"):
            getattr(d, call)(request, 1.0)
    d.finish("1", 1.0)
    with pytest.raises(UsageError, match="holds no slot"):
        getattr(d, call)("1", 2.0)


def test_a_full_queue_refuses_and_forgets_the_request():
    d = dispatcher("a", queue_limit=1)
    d.submit("1", 0.0)
    d.submit("2", 0.0)
    assert d.submit("3", 1.0) == [Refused("3", 1.0, 1)]
    assert d.abandon("3", 2.0) == []
    assert dispatched(d.finish("1", 3.0)) == [("2", "a")]
    assert d.submit("3", 4.0) == [Queued("3", 4.0, 1)]


def test_with_no_queue_allowed_a_free_slot_is_still_given():
    d = dispatcher("a", queue_limit=0)
    assert dispatched(d.submit("1", 0.0)) == [("1", "a")]
    assert d.submit("2", 0.0) == [Refused("2", 0.0, 0)]


def test_its_text_shows_the_load():
    d = dispatcher("a", "b", concurrency_target=1)
    for request in "123":
        d.submit(request, 0.0)
    d.abandon("1", 0.0)
    d.drain_replica("b", 0.0)
    assert repr(d) == (
        "<Dispatcher: 1 queued, 2 in flight (1 abandoned), 1 of 2 replicas in rotation, target 1>"
    )


# Live changes of the settings.


def test_a_higher_target_takes_from_the_queue_at_once():
    d = dispatcher("a", "b", concurrency_target=1)
    for request in "123456":
        d.submit(request, 0.0)
    settings = DeploymentSettings(concurrency_target=3)
    assert dispatched(d.change_settings(settings, 5.0)) == [("3", "a"), ("4", "b"), ("5", "a"), ("6", "b")]
    assert d.settings is settings


def test_a_lower_target_evicts_nobody_and_the_surplus_drains():
    d = dispatcher("a", concurrency_target=3)
    for request in "12345":
        d.submit(request, 0.0)
    assert d.change_settings(DeploymentSettings(concurrency_target=1), 1.0) == []
    assert d.held() == {"a": 3}
    assert dispatched(d.finish("1", 2.0)) == []
    assert dispatched(d.finish("2", 3.0)) == []
    assert dispatched(d.finish("3", 4.0)) == [("4", "a")]


def test_a_lower_queue_limit_turns_away_newcomers_only():
    d = dispatcher("a")
    for request in "123":
        d.submit(request, 0.0)
    d.change_settings(DeploymentSettings(queue_limit=1), 1.0)
    assert d.queued == 2
    assert d.submit("4", 2.0) == [Refused("4", 2.0, 2)]


# Rotation.


def test_a_draining_replica_gets_nothing_more_and_is_drained_when_it_holds_nothing():
    d = dispatcher("a", concurrency_target=2)
    d.submit("1", 0.0)
    d.submit("2", 0.0)
    assert d.drain_replica("a", 1.0) == []
    assert d.submit("3", 2.0) == [Queued("3", 2.0, 1)]
    assert d.finish("1", 3.0) == [Finished("1", "a", 3.0, 3.0, abandoned=False)]
    assert d.drain_replica("a", 3.5) == []
    assert d.finish("2", 4.0) == [Finished("2", "a", 4.0, 4.0, abandoned=False), Drained("a", 4.0)]


def test_an_idle_replica_is_drained_at_once_and_says_so_again_when_asked_again():
    d = dispatcher("a")
    assert d.drain_replica("a", 1.0) == [Drained("a", 1.0)]
    assert d.drain_replica("a", 2.0) == [Drained("a", 2.0)]


def test_a_replica_that_comes_draining_gets_nothing_and_stays_known_as_drained():
    d = dispatcher()
    d.submit("1", 0.0)
    assert d.add_replica("a", 1.0, held=1, draining=True) == []
    assert d.release_foreign("a", 2.0) == [Drained("a", 2.0)]
    assert d.add_replica("b", 3.0, draining=True) == [Drained("b", 3.0)]


def test_an_undrained_replica_takes_from_the_queue_again():
    d = dispatcher("a")
    d.drain_replica("a", 0.0)
    d.submit("1", 1.0)
    assert d.undrain_replica("a", 2.0) == [Dispatched("1", "a", 2.0, 1.0)]


def test_a_suspended_replica_gets_nothing_until_it_is_resumed():
    d = dispatcher("a", concurrency_target=2)
    d.submit("1", 0.0)
    d.suspend_replica("a")
    d.suspend_replica("a")
    assert d.submit("2", 1.0) == [Queued("2", 1.0, 1)]
    assert dispatched(d.finish("1", 2.0)) == []
    assert d.resume_replica("a", 3.0) == [Dispatched("2", "a", 3.0, 2.0)]


def test_a_replica_both_suspended_and_draining_needs_both_lifted():
    d = dispatcher("a")
    d.suspend_replica("a")
    d.drain_replica("a", 0.0)
    d.submit("1", 0.0)
    assert d.resume_replica("a", 1.0) == []
    d.suspend_replica("a")
    assert d.undrain_replica("a", 2.0) == []
    assert dispatched(d.resume_replica("a", 3.0)) == [("1", "a")]


def test_replicas_are_known_by_their_ids():
    d = dispatcher("a")
    with pytest.raises(UsageError, match="added already"):
        d.add_replica("a", 1.0)
    with pytest.raises(UsageError, match="no replica b"):
        d.drain_replica("b", 1.0)


# What a replica never took up, and what dies with it.


def test_what_a_replica_never_took_up_goes_back_to_its_old_place_and_the_replica_out_of_rotation():
    d = dispatcher("a", concurrency_target=2)
    for at, request in enumerate("1234"):
        d.submit(request, float(at))
    assert d.give_back("2", 5.0) == [Returned("2", "a", 5.0)]
    assert d.give_back("1", 6.0) == [Returned("1", "a", 6.0)]
    assert queued(d) == ["1", "2", "3", "4"]
    assert d.held() == {"a": 0}
    assert dispatched(d.add_replica("b", 7.0)) == [("1", "b"), ("2", "b")]
    assert dispatched(d.resume_replica("a", 8.0)) == [("3", "a"), ("4", "a")]


def test_the_head_of_the_queue_can_be_looked_at_in_order():
    d = dispatcher("a")
    for at, request in enumerate("1234"):
        d.submit(request, float(at))
    assert d.waiting(2) == [("2", 1.0), ("3", 2.0)]
    assert [request for request, _ in d.waiting(9)] == ["2", "3", "4"]
    assert d.queued == 3


def test_what_one_replica_never_took_up_goes_to_another_with_a_free_slot_at_once():
    d = dispatcher("a", "b")
    d.submit("1", 0.0)
    assert d.give_back("1", 1.0) == [Returned("1", "a", 1.0), Dispatched("1", "b", 1.0, 1.0)]


def test_what_is_given_back_is_in_flight_anew():
    d = dispatcher("a", "b", request_timeout=10)
    d.submit("1", 0.0)
    d.give_back("1", 4.0)
    assert d.deadlines.next() == 14.0
    assert d.finish("1", 6.0) == [Finished("1", "b", 6.0, 2.0, abandoned=False)]


def test_what_is_given_back_after_its_client_left_is_finished():
    d = dispatcher("a")
    d.submit("1", 0.0)
    d.abandon("1", 1.0)
    assert d.give_back("1", 2.0) == [Finished("1", "a", 2.0, 2.0, abandoned=True)]
    assert (d.queued, d.in_flight, d.abandoned) == (0, 0, 0)
    assert d.load(2.0).finished == 1


def test_giving_back_the_last_request_of_a_draining_replica_drains_it():
    d = dispatcher("a", "b")
    d.submit("1", 0.0)
    d.drain_replica("a", 1.0)
    assert d.give_back("1", 2.0) == [
        Returned("1", "a", 2.0),
        Drained("a", 2.0),
        Dispatched("1", "b", 2.0, 2.0),
    ]


def test_a_client_may_leave_the_queue_after_its_request_came_back():
    d = dispatcher("a")
    d.submit("1", 0.0)
    d.submit("2", 0.0)
    d.give_back("1", 1.0)
    assert d.abandon("1", 2.0) == [Abandoned("1", 2.0, None)]
    assert dispatched(d.resume_replica("a", 3.0)) == [("2", "a")]


def test_with_its_replica_a_request_is_lost_and_the_queue_waits_for_another():
    d = dispatcher("a", concurrency_target=2)
    for request in "123":
        d.submit(request, 0.0)
    d.abandon("2", 1.0)
    assert d.remove_replica("a", 5.0) == [
        Lost("1", "a", 5.0, abandoned=False),
        Lost("2", "a", 5.0, abandoned=True),
    ]
    assert (d.queued, d.in_flight, d.abandoned, d.held()) == (1, 0, 0, {})
    assert d.abandon("1", 6.0) == []
    assert dispatched(d.add_replica("a", 7.0)) == [("3", "a")]


# Clients that leave.


def test_a_queued_client_that_leaves_is_out_at_once():
    d = dispatcher("a")
    for request in "123":
        d.submit(request, 0.0)
    assert d.abandon("2", 1.0) == [Abandoned("2", 1.0, None)]
    assert d.abandon("2", 1.0) == []
    assert queued(d) == ["3"]
    assert dispatched(d.finish("1", 2.0)) == [("3", "a")]


def test_a_client_that_leaves_while_its_work_runs_keeps_the_slot_until_the_work_has_stopped():
    d = dispatcher("a")
    d.submit("1", 0.0)
    d.submit("2", 0.0)
    assert d.abandon("1", 1.0) == [Abandoned("1", 1.0, "a")]
    assert d.abandon("1", 1.5) == []
    assert (d.in_flight, d.abandoned, d.queued) == (1, 1, 1)
    assert d.finish("1", 9.0) == [
        Finished("1", "a", 9.0, 9.0, abandoned=True),
        Dispatched("2", "a", 9.0, 9.0),
    ]
    assert d.abandoned == 0


# Time that runs out.


def test_a_wait_ends_at_the_queue_timeout():
    d = dispatcher("a", queue_timeout=20, request_timeout=1000)
    d.submit("1", 0.0)
    d.submit("2", 1.0)
    d.submit("3", 2.0)
    assert d.deadlines.next() == 21.0
    assert d.expire(20.9) == []
    assert d.expire(21.0) == [Expired("2", 21.0, 20.0, 1, Expiry.QUEUE_TIMEOUT)]
    assert d.deadlines.next() == 22.0
    assert dispatched(d.finish("1", 21.5)) == [("3", "a")]


def test_a_wait_ends_at_the_requests_own_deadline_and_tells_its_place():
    d = dispatcher("a", queue_timeout=20, request_timeout=1000)
    d.submit("1", 0.0, deadline=1.0)
    d.submit("2", 0.0)
    d.submit("3", 0.0, deadline=7.0)
    assert d.deadlines.next() == 7.0
    assert d.expire(7.0) == [Expired("3", 7.0, 7.0, 2, Expiry.DEADLINE)]
    assert d.deadlines.next() == 20.0
    assert d.abandon("3", 8.0) == []


def test_when_to_look_is_not_moved_for_each_request():
    d = dispatcher("a", queue_timeout=20, request_timeout=50, abandon_grace=10)
    assert d.deadlines.look_at == math.inf
    d.submit("1", 0.0)
    assert d.deadlines.look_at == 10.0, "nothing that begins later can end sooner"
    d.submit("2", 1.0)
    d.finish("1", 2.0)
    assert d.deadlines.look_at == 10.0
    assert d.expire(10.0) == []
    assert d.deadlines.look_at == 20.0
    d.finish("2", 11.0)
    assert d.expire(20.0) == []
    assert d.deadlines.look_at == math.inf, "nothing is there"


def test_what_may_end_sooner_is_looked_at_sooner():
    d = dispatcher("a", queue_timeout=20, request_timeout=100, abandon_grace=100)
    d.submit("1", 0.0)
    d.submit("2", 1.0, deadline=4.0)
    assert d.deadlines.look_at == 4.0
    d.expire(4.0)
    d.submit("3", 15.0)
    assert d.expire(20.0) == []
    d.give_back("1", 22.0)  # which came long ago
    assert d.deadlines.look_at == 20.0
    d.expire(22.0)
    d.change_settings(DeploymentSettings(queue_timeout=9, request_timeout=100), 23.0)
    assert d.deadlines.look_at == 24.0
    other = dispatcher(queue_timeout=20)
    other.adopt(d.withdraw(lambda _: True, 23.5), 23.5)
    assert other.deadlines.look_at == 35.0
    gone = dispatcher("a", abandon_grace=60)
    gone.add_replica("b", 1.0, held=1)
    assert gone.deadlines.look_at == 61.0, "an earlier gateway left work there"


def test_a_deadline_bounds_the_wait_not_the_work():
    d = dispatcher("a", request_timeout=100)
    d.submit("1", 0.0, deadline=1.0)
    assert d.deadlines.next() == 100.0
    assert d.expire(50.0) == []


def test_a_changed_queue_timeout_holds_for_those_who_wait():
    d = dispatcher()
    d.submit("1", 0.0)
    d.change_settings(DeploymentSettings(queue_timeout=5), 1.0)
    assert d.deadlines.next() == 5.0


def test_a_request_that_holds_its_slot_too_long_overruns_and_keeps_the_slot_as_abandoned():
    d = dispatcher("a", request_timeout=10, concurrency_target=3)
    d.submit("1", 0.0)
    d.submit("2", 3.0)
    assert d.deadlines.next() == 10.0
    assert d.expire(9.9) == []
    assert d.expire(10.0) == [Overran("1", "a", 10.0, 10.0)]
    assert (d.in_flight, d.abandoned) == (2, 1)
    assert d.abandon("1", 11.0) == []
    assert d.deadlines.next() == 13.0
    assert d.finish("1", 12.0) == [Finished("1", "a", 12.0, 12.0, abandoned=True)]
    assert d.expire(13.5) == [Overran("2", "a", 13.5, 10.5)]


def test_a_websocket_never_overruns():
    d = dispatcher("a", request_timeout=10, concurrency_target=2)
    d.submit("socket", 0.0, is_timed=False)
    assert d.deadlines.next() is None
    d.submit("1", 5.0)
    assert d.deadlines.next() == 15.0
    d.finish("1", 6.0)
    assert d.expire(1e9) == []


def test_a_websocket_that_queued_or_moved_never_overruns_either():
    old, new = dispatcher(), dispatcher(request_timeout=10)
    old.submit("socket", 0.0, is_timed=False)
    new.adopt(old.withdraw(lambda _: True, 1.0), 1.0)
    new.add_replica("a", 2.0)
    assert new.deadlines.next() is None


def test_an_abandoned_request_does_not_overrun():
    d = dispatcher("a", request_timeout=10, concurrency_target=2)
    d.submit("1", 0.0)
    d.abandon("1", 1.0)
    assert d.deadlines.next() is None
    assert d.expire(20.0) == []


def test_with_nothing_to_end_there_is_no_deadline():
    d = dispatcher("a")
    assert d.deadlines.next() is None
    assert d.expire(1e6) == []


# Stuck replicas.


def test_a_replica_whose_slots_are_all_abandoned_is_stuck_after_the_grace():
    d = dispatcher("a", concurrency_target=2, abandon_grace=60)
    d.submit("1", 0.0, is_timed=False)
    d.submit("2", 0.0, is_timed=False)
    d.abandon("1", 5.0)
    assert d.deadlines.next() is None
    d.abandon("2", 10.0)
    assert d.deadlines.next() == 70.0
    assert d.expire(69.9) == []
    assert d.expire(70.0) == [Stuck("a", 70.0, 10.0)]


def test_a_replica_that_stays_stuck_is_told_again_since_nobody_may_have_heard_it():
    d = dispatcher("a", abandon_grace=60)
    d.submit("1", 0.0)
    d.abandon("1", 10.0)
    assert d.expire(70.0) == [Stuck("a", 70.0, 10.0)]
    assert d.deadlines.next() == 130.0
    assert d.expire(130.0) == [Stuck("a", 130.0, 70.0)]
    d.finish("1", 140.0)
    assert d.deadlines.next() is None


def test_overrun_requests_make_a_replica_stuck_too():
    d = dispatcher("a", request_timeout=10, abandon_grace=60)
    d.submit("1", 0.0)
    d.expire(10.0)
    assert d.expire(d.deadlines.next()) == [Stuck("a", 70.0, 10.0)]


def test_a_replica_that_finishes_its_last_abandoned_request_is_not_stuck():
    d = dispatcher("a", abandon_grace=60)
    d.submit("1", 0.0)
    d.abandon("1", 5.0)
    d.finish("1", 6.0)
    assert d.deadlines.next() is None
    d.submit("2", 7.0, is_timed=False)
    assert d.expire(1000.0) == []


def test_a_higher_target_gives_a_full_replica_room_so_that_it_is_not_stuck():
    d = dispatcher("a", abandon_grace=60)
    d.submit("1", 0.0)
    d.abandon("1", 5.0)
    d.change_settings(DeploymentSettings(concurrency_target=2), 6.0)
    assert d.deadlines.next() is None


def test_a_lower_target_may_leave_a_replica_with_no_room():
    d = dispatcher("a", concurrency_target=3)
    d.submit("1", 0.0, is_timed=False)
    d.submit("2", 0.0, is_timed=False)
    d.abandon("1", 1.0)
    d.change_settings(DeploymentSettings(concurrency_target=1, abandon_grace=60), 5.0)
    assert d.deadlines.next() is None
    d.finish("2", 6.0)
    assert d.deadlines.next() == 66.0


def test_stuck_replicas_are_told_in_the_order_in_which_they_got_stuck():
    d = dispatcher("a", "b", "c", abandon_grace=60)
    for request in "123":
        d.submit(request, 0.0)
    for at, request in enumerate("213"):
        d.abandon(request, float(at))
    assert d.expire(61.5) == [Stuck("b", 61.5, 0.0), Stuck("a", 61.5, 1.0)]
    assert d.deadlines.next() == 62.0


def test_a_replica_that_is_gone_is_not_stuck():
    d = dispatcher("a")
    d.submit("1", 0.0)
    d.abandon("1", 1.0)
    d.remove_replica("a", 2.0)
    assert d.deadlines.next() is None


# A gateway that follows another.


def test_what_an_earlier_gateway_left_takes_slots_until_the_replica_is_done_with_it():
    d = dispatcher(concurrency_target=2)
    d.submit("1", 0.0)
    d.submit("2", 0.0)
    assert dispatched(d.add_replica("a", 1.0, held=3)) == []
    assert (d.in_flight, d.abandoned, d.held()) == (3, 3, {"a": 3})
    assert d.release_foreign("a", 2.0) == []
    assert dispatched(d.release_foreign("a", 3.0, 2)) == [("1", "a"), ("2", "a")]
    assert (d.in_flight, d.abandoned) == (2, 0)


def test_no_more_foreign_requests_are_released_than_there_are():
    d = dispatcher()
    d.add_replica("a", 0.0, held=1)
    for count in (-1, 2):
        with pytest.raises(UsageError, match=f"holds 1 of an earlier gateway's requests, not {count}"):
            d.release_foreign("a", 1.0, count)
    d.release_foreign("a", 1.0)
    with pytest.raises(UsageError, match="holds 0"):
        d.release_foreign("a", 2.0)


def test_a_replica_full_of_an_earlier_gateways_requests_is_stuck_after_the_grace():
    d = dispatcher(abandon_grace=60)
    d.add_replica("a", 10.0, held=1)
    assert d.deadlines.next() == 70.0
    d.release_foreign("a", 20.0)
    assert d.deadlines.next() is None


def test_a_replica_drains_when_it_is_done_with_an_earlier_gateways_requests():
    d = dispatcher()
    d.add_replica("a", 0.0, held=1)
    assert d.drain_replica("a", 1.0) == []
    assert d.release_foreign("a", 2.0) == [Drained("a", 2.0)]


def test_a_lost_replica_takes_an_earlier_gateways_requests_with_it():
    d = dispatcher(concurrency_target=2)
    d.add_replica("a", 0.0, held=1)
    d.submit("1", 0.0)
    assert d.remove_replica("a", 2.0) == [Lost("1", "a", 2.0, abandoned=False)]
    assert (d.in_flight, d.abandoned, d.deadlines.next()) == (0, 0, None)
    load = d.load(5.0)
    assert load.in_flight_seconds == 4.0


# Moving to another deployment.


def test_queued_requests_move_each_to_the_place_of_its_arrival():
    old, new = dispatcher(), dispatcher()
    old.submit("1", 1.0)
    old.submit("stays", 2.0)
    old.submit("3", 3.0)
    new.submit("2", 2.5)
    new.submit("4", 4.0)
    moved = old.withdraw(lambda request: request != "stays", 5.0)
    assert [entry.request for entry in moved] == ["1", "3"]
    assert queued(old) == ["stays"]
    assert new.adopt(moved, 5.0) == []
    assert queued(new) == ["1", "2", "3", "4"]
    assert new.add_replica("a", 6.0) == [Dispatched("1", "a", 6.0, 5.0)]
    assert old.submit("1", 7.0) == [Queued("1", 7.0, 2)]


def test_adopted_requests_take_free_slots_at_once_and_none_is_refused():
    old, new = dispatcher(), dispatcher("a", queue_limit=1)
    for request in "123":
        old.submit(request, 0.0)
    assert dispatched(new.adopt(old.withdraw(lambda _: True, 1.0), 1.0)) == [("1", "a")]
    assert new.queued == 2


def test_adopted_requests_keep_their_deadlines():
    old, new = dispatcher(), dispatcher(queue_timeout=20)
    old.submit("1", 0.0, deadline=7.0)
    old.submit("2", 1.0)
    new.adopt(old.withdraw(lambda _: True, 2.0), 2.0)
    assert old.deadlines.next() is None
    assert new.deadlines.next() == 7.0
    assert new.expire(30.0) == [
        Expired("1", 30.0, 30.0, 1, Expiry.DEADLINE),
        Expired("2", 30.0, 29.0, 2, Expiry.QUEUE_TIMEOUT),
    ]


def test_what_is_given_back_after_others_moved_in_goes_to_the_place_of_its_arrival():
    old, new = dispatcher(), dispatcher("a")
    old.submit("1", 1.0)
    old.submit("3", 3.0)
    new.submit("2", 2.0)
    new.submit("4", 4.0)
    new.adopt(old.withdraw(lambda _: True, 5.0), 5.0)
    new.give_back("2", 6.0)
    assert queued(new) == ["1", "2", "3", "4"]
    assert [event.request for event in new.withdraw(lambda _: True, 7.0)] == ["1", "2", "3", "4"]
    assert new.queued == 0


def test_a_request_cannot_be_adopted_where_it_is_known():
    old, new = dispatcher(), dispatcher()
    for request in "12":
        old.submit(request, 0.0)
    new.submit("2", 0.0)
    with pytest.raises(UsageError, match="'2' was submitted already"):
        new.adopt(old.withdraw(lambda _: True, 1.0), 1.0)
    assert (new.queued, new.abandon("1", 2.0)) == (1, [])


# Load.


def test_load_integrates_what_queued_and_what_was_in_flight():
    d = dispatcher("a")
    d.submit("1", 10.0)
    d.submit("2", 12.0)
    d.submit("3", 13.0)
    d.abandon("3", 15.0)
    d.finish("1", 20.0)
    load = d.load(25.0)
    assert (load.at, load.queued, load.in_flight) == (25.0, 0, 1)
    assert load.queued_seconds == 8.0 + 2.0
    assert load.nonempty_seconds == 8.0
    assert load.in_flight_seconds == 15.0
    assert (load.arrivals, load.finished) == (3, 1)


def test_load_counts_a_refused_request_as_an_arrival():
    d = dispatcher(queue_limit=0)
    d.submit("1", 0.0)
    assert d.load(1.0).arrivals == 1


def test_load_counts_the_wait_that_a_resumed_replica_ends():
    d = dispatcher("a")
    d.suspend_replica("a")
    d.submit("1", 0.0)
    d.resume_replica("a", 4.0)
    load = d.load(10.0)
    assert (load.queued_seconds, load.in_flight_seconds) == (4.0, 6.0)
