"""Records of requests in the store: in their order, page by page, and no more of them than there may be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.store.stored import deployment
from headway.control.store.requests import _surpluses
from headway.control.store.rows import Asked
from headway.observed.records import STAGES, Outcome, RequestRecord

NO_AGE = float("-inf")


def record(at, deployment_id="d1", request_id=None, **stages):
    request_id = request_id or f"{deployment_id}-{at}"
    return RequestRecord(
        *(request_id, deployment_id, "echo", "echo-1", float(at), 200, Outcome.FINISHED, 0.5), stages
    )


def kept(store, deployment_id="d1", **asked):
    asked = Asked(deployment_id, **{"up_to": store.last_request(), **asked})
    return [one.arrived_at for one in store.requests(asked, 1000).records]


@pytest.fixture
def filled(filled):
    filled.save_deployment(deployment("d2"))
    return filled


def test_a_record_comes_back_as_it_was(filled):
    whole = RequestRecord(
        *("abc-1", "d1", "echo", "echo-1", 1.7e9 + 1e-6, 0, Outcome.ABANDONED, 1.25),
        stages={stage: 0.1 * place for place, stage in enumerate(STAGES)},
        request_bytes=2**40,
        response_bytes=3,
        trace_id="0af7651916cd43dd8448eb211c80319c",
    )
    bare = record(1.8e9)
    filled.add_requests([whole, bare])
    page = filled.requests(Asked("d1", filled.last_request()), 10)
    assert page.records == (whole, bare)
    assert page.end is None


@pytest.mark.parametrize("newest_first", [False, True])
def test_pages_keep_to_the_time_that_is_asked_for(filled, newest_first):
    filled.add_requests([record(at) for at in range(20)])
    asked = Asked("d1", filled.last_request(), since=3.0, until=17.0)
    found, after = [], None
    while True:
        page = filled.requests(asked, 4, after, newest_first=newest_first)
        found += [one.arrived_at for one in page.records]
        after = page.end
        if after is None:
            break
    assert found == sorted(range(3, 17), reverse=newest_first)


def test_pages_follow_each_other_in_both_directions_though_instants_are_equal(filled):
    filled.add_requests([record(at, request_id=str(place)) for place, at in enumerate((2, 1, 2, 2, 3))])
    filled.add_requests([record(9, "d2")])
    for newest_first, expected in ((False, "10234"), (True, "43201")):
        asked, seen, end = Asked("d1", filled.last_request()), [], None
        while True:
            page = filled.requests(asked, 2, end, newest_first=newest_first)
            seen += [one.request_id for one in page.records]
            end = page.end
            if end is None:
                break
        assert "".join(seen) == expected


def test_a_time_can_be_asked_for_and_what_came_later_left_out(filled):
    filled.add_requests([record(at) for at in (1, 2, 3)])
    before = filled.last_request()
    filled.add_requests([record(2.5)])
    assert kept(filled) == [1.0, 2.0, 2.5, 3.0]
    assert kept(filled, up_to=before) == [1.0, 2.0, 3.0]
    assert kept(filled, since=2.0) == [2.0, 2.5, 3.0]
    assert kept(filled, since=2.0, until=3.0) == [2.0, 2.5]
    assert kept(filled, "d9") == []


def test_records_of_a_deployment_that_is_gone_are_left_out_and_go_with_it(filled):
    filled.add_requests([record(1), record(1, "d9"), record(1, "d2")])
    filled.add_requests([record(2, "d9")])
    filled.add_requests([])
    filled.delete_deployment("d1")
    assert (kept(filled), kept(filled, "d9"), kept(filled, "d2")) == ([], [], [1.0])


def test_an_empty_store_has_no_last_record_and_nothing_to_drop(filled):
    assert filled.last_request() == 0
    assert filled.drop_requests(most=0, before=5.0, limit=10) == 0


def test_the_old_go(filled):
    filled.add_requests([record(at, name) for at in (1, 2, 3) for name in ("d1", "d2")])
    assert filled.drop_requests(most=100, before=2.5, limit=100) == 4
    assert (kept(filled), kept(filled, "d2")) == ([3.0], [3.0])
    assert filled.drop_requests(most=100, before=2.5, limit=100) == 0


def test_a_busy_deployments_oldest_go_first_and_a_quiet_one_keeps_its_few(filled):
    filled.add_requests([record(1, "d2"), *(record(at) for at in range(10)), record(2, "d2")])
    assert filled.drop_requests(most=12, before=NO_AGE, limit=100) == 0
    assert filled.drop_requests(most=7, before=NO_AGE, limit=100) == 5
    assert (kept(filled), kept(filled, "d2")) == ([5.0, 6.0, 7.0, 8.0, 9.0], [1.0, 2.0])
    assert filled.drop_requests(most=2, before=NO_AGE, limit=100) == 5
    assert (kept(filled), kept(filled, "d2")) == ([9.0], [2.0])
    assert filled.drop_requests(most=0, before=NO_AGE, limit=100) == 2


def test_no_more_go_at_once_than_the_limit(filled):
    filled.add_requests([record(at) for at in range(10)])
    assert filled.drop_requests(most=2, before=3.0, limit=4) == 4
    assert filled.drop_requests(most=2, before=3.0, limit=2) == 2
    assert filled.drop_requests(most=2, before=3.0, limit=50) == 2
    assert kept(filled) == [8.0, 9.0]


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 30)), st.integers(0, 60))
def test_what_is_left_is_all_that_may_be_and_nobody_loses_while_another_keeps_more(counts, most):
    surpluses = _surpluses(counts, most)
    left = {name: count - surpluses[name] for name, count in counts.items()}
    assert sum(left.values()) == min(most, sum(counts.values()))
    assert all(left[name] + 1 >= max(left.values()) for name in counts if surpluses[name] > 0)
