import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.control.store.recent_requests import RequestHistory
from headway.core.errors import UsageError
from headway.observed.records import Outcome, RequestRecord


def row(number, deployment="d1", seconds=1.0, **stages):
    return RequestRecord(
        str(number), deployment, "m", "r1", float(number), 200, Outcome.FINISHED, seconds, stages
    ).as_row()


def ids(records):
    return [one.request_id for one in records]


def test_the_newest_come_first_up_to_a_limit_and_since_an_instant():
    history = RequestHistory()
    history.record([row(number) for number in (1, 3, 2, 4)], {})
    assert ids(history.latest("d1", limit=2)) == ["4", "3"]
    assert ids(history.latest("d1", since=2.0)) == ["4", "3"]
    assert history.latest("d2") == []


def test_the_longest_can_be_asked_for_in_all_or_in_a_stage():
    history = RequestHistory()
    history.record([row(1, seconds=3.0, predict=1.0), row(2, predict=2.0), row(3, seconds=2.0)], {})
    assert ids(history.latest("d1", sort_by="seconds")) == ["1", "3", "2"]
    assert ids(history.latest("d1", sort_by="predict")) == ["2", "1"]
    with pytest.raises(UsageError, match="size"):
        history.latest("d1", sort_by="size")


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
