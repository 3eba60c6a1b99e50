import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.control.store.recent_requests import RequestHistory
from headway.observed.records import Outcome, RequestRecord
from headway.observed.selection import Order, Page, Wanted, counts, select


def row(number, deployment="d1", seconds=1.0, status=200, outcome=Outcome.FINISHED):
    return RequestRecord(str(number), deployment, "m", "r1", float(number), status, outcome, seconds).as_row()


def refused(number):
    return row(number, status=429, outcome=Outcome.REFUSED)


def ids(records):
    return [one.request_id for one in records]


def test_the_newest_come_first_up_to_a_limit_and_since_an_instant():
    history = RequestHistory()
    history.record([row(number) for number in (1, 3, 2, 4)], {})
    assert ids(history.latest("d1", limit=2)) == ["4", "3"]
    assert ids(history.latest("d1", since=2.0)) == ["4", "3"]
    assert history.latest("d2") == []


def test_of_those_that_are_kept_a_part_can_be_asked_for_and_all_are_counted():
    history = RequestHistory()
    history.record([row(1, seconds=3.0), row(2), row(3, seconds=2.0)], {})
    found = select(history.kept("d1"), Wanted(slower_than=1.0), Page(Order.SECONDS, limit=1))
    assert (ids(found.records), found.matched, len(history.kept("d1"))) == (["1"], 2, 3)
    assert counts(history.kept("d1"))["outcome"] == {"finished": 3}
    assert select(history.kept("d2"), Wanted(), Page()).matched == len(history.kept("d2")) == 0
    assert counts(history.kept("d2"))["status"] == {}


def test_thousands_that_were_refused_leave_those_that_were_answered():
    history = RequestHistory(per_deployment=100)
    for number in range(1000):
        history.record([refused(number) if number % 25 else row(number)], {})
    kept = counts(history.kept("d1"))["outcome"]
    assert kept == {"refused": 60, "finished": 40}
    assert ids(
        select(history.kept("d1"), Wanted(outcomes=frozenset({"refused"})), Page(limit=2)).records
    ) == [
        "999",
        "998",
    ]


def test_as_many_that_were_answered_leave_the_few_that_failed():
    history = RequestHistory(per_deployment=100)
    failures = [row(number, status=500) for number in range(3)]
    history.record([*failures, *(row(number) for number in range(3, 1000))], {})
    assert counts(history.kept("d1"))["status"] == {"200": 97, "500": 3}


KINDS = st.sampled_from([(200, Outcome.FINISHED), (500, Outcome.FINISHED), (429, Outcome.REFUSED)])


@given(st.lists(st.tuples(st.sampled_from("ab"), KINDS), max_size=60))
def test_of_each_kind_the_newest_are_kept_and_no_kind_is_crowded_out(told):
    history = RequestHistory(per_deployment=9, in_all=12)
    by = {}
    for number, (name, (status, outcome)) in enumerate(told):
        history.record([row(number, name, status=status, outcome=outcome)], {})
        by.setdefault((name, status), []).append(str(number))
    assert len(history) == len(history.kept("a")) + len(history.kept("b")) <= 12
    for (name, status), expected in by.items():
        found = ids(select(history.kept(name), Wanted(statuses=frozenset({str(status)})), Page()).records)
        assert found == expected[::-1][: len(found)]
        assert len(found) >= min(2, len(expected))


def test_what_was_sampled_out_adds_up_until_the_deployment_is_forgotten():
    history = RequestHistory()
    history.record([row(1)], {"d1": 2})
    history.record([row(2)], {"d1": 3})
    assert (len(history), history.sampled_out("d1")) == (2, 5)
    history.forget("d1")
    history.forget("d1")
    assert (len(history), history.sampled_out("d1"), history.latest("d1")) == (0, 0, [])


def test_a_row_that_is_no_record_is_an_error():
    with pytest.raises(KeyError):
        RequestHistory().record([{"request_id": "1"}], {})


@given(st.lists(st.lists(st.sampled_from("abc"), max_size=20), max_size=20))
def test_the_bounds_hold_and_a_quiet_deployments_records_outlive_a_busy_ones(reports):
    history = RequestHistory(per_deployment=8, in_all=12)
    told = {name: [] for name in "abc"}
    number = 0
    for report in reports:
        rows = []
        for name in report:
            number += 1
            rows.append(row(number, name))
            told[name].append(str(number))
        history.record(rows, {})
        kept = {name: ids(history.latest(name)) for name in "abc"}
        assert len(history) == sum(map(len, kept.values())) <= 12
        for name in "abc":
            assert len(kept[name]) <= 8
            assert kept[name] == told[name][::-1][: len(kept[name])]
            assert len(kept[name]) >= min(4, len(told[name]))


def test_what_is_told_is_passed_on_as_records():
    history, told = RequestHistory(), []
    history.recorded = told.extend
    history.record([row(1), row(2)], {})
    assert ids(told) == ["1", "2"]


def test_records_of_a_former_life_are_older_than_what_came_since():
    history = RequestHistory(per_deployment=4, in_all=5)
    history.record([row(8), row(9)], {})
    assert history.restore("d1", [RequestRecord.from_row(row(number)) for number in (7, 6)])
    assert not history.restore("d1", [RequestRecord.from_row(row(5))])
    assert not history.restore("d2", [RequestRecord.from_row(row(number, "d2")) for number in (4, 3)])
    assert (ids(history.latest("d1")), ids(history.latest("d2"))) == (["9", "8", "7", "6"], ["4"])
    history.record([row(10), row(11, "d2")], {})
    assert (ids(history.latest("d1")), ids(history.latest("d2"))) == (["10", "9", "8"], ["11", "4"])
