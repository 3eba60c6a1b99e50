from headway.control.store.waiting_records import WaitingRecords
from headway.observed.records import Outcome, RequestRecord


def records(*numbers, deployment_id="d1"):
    return [
        RequestRecord(str(one), deployment_id, "m", "r1", float(one), 200, Outcome.FINISHED, 0.5)
        for one in numbers
    ]


def test_what_is_taken_waits_no_more_unless_it_is_given_back_before_what_came_since():
    waiting = WaitingRecords()
    waiting.add(records(1, 2))
    taken = waiting.take()
    assert (taken, waiting.take()) == (records(1, 2), [])
    waiting.add(records(3))
    waiting.give_back(taken)
    assert waiting.take() == records(1, 2, 3)


def test_the_oldest_go_when_too_many_wait_which_is_told_once_and_counted(caplog):
    waiting = WaitingRecords(most=3)
    waiting.add(records(1, 2))
    taken = waiting.take()
    waiting.add(records(3, 4))
    waiting.give_back(taken)
    waiting.add(records(5, 6, 7, 8, 9))
    assert waiting.take() == records(7, 8, 9)
    assert len(caplog.messages) == 1
    waiting.stored()
    waiting.stored()
    assert caplog.messages[1:] == ["requests are recorded again; of 6 there is no stored record"]
    waiting.add(records(1))
    assert waiting.lost == 0


def test_what_waits_of_a_deployment_that_is_gone_goes():
    waiting = WaitingRecords()
    waiting.add(records(1) + records(2, deployment_id="d2") + records(3))
    waiting.forget("d1")
    assert waiting.take() == records(2, deployment_id="d2")
