import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.observed.records import STAGES, Outcome, RequestRecord, status_class
from headway.observed.selection import SHARES, Order, Page, Wanted, counts, select

REPLICAS = ("", "r1", "r2")
RECORDS = st.lists(
    st.builds(
        RequestRecord,
        request_id=st.text("ab", min_size=1, max_size=4),
        deployment_id=st.just("d1"),
        model=st.just("m"),
        replica_id=st.sampled_from(REPLICAS),
        arrived_at=st.integers(0, 20).map(float),
        status=st.sampled_from([0, 200, 404, 429, 500, 502]),
        outcome=st.sampled_from(Outcome),
        seconds=st.integers(0, 9).map(float),
        stages=st.dictionaries(st.sampled_from(STAGES), st.integers(0, 9).map(float)),
        ended_in=st.sampled_from(["", *STAGES]),
    ),
    max_size=30,
)
WANTED = st.builds(
    Wanted,
    statuses=st.frozensets(st.sampled_from(["none", "5xx", "429", "2xx"])),
    outcomes=st.frozensets(st.sampled_from([one.value for one in Outcome])),
    replicas=st.frozensets(st.sampled_from(REPLICAS[1:])),
    stages=st.frozensets(st.sampled_from(STAGES), max_size=2),
    slower_than=st.none() | st.integers(0, 5).map(float),
    id_part=st.text("ab", max_size=2),
    since=st.none() | st.integers(0, 20).map(float),
    until=st.none() | st.integers(0, 20).map(float),
)


def record(number, seconds=1.0, status=200, outcome=Outcome.FINISHED, ended_in="", **stages):
    made = RequestRecord(f"id-{number}", "d1", "m", "r1", float(number), status, outcome, seconds, stages)
    return RequestRecord.from_row({**made.as_row(), "ended_in": ended_in})


def ids(selection):
    return [one.request_id for one in selection.records]


def fits(one, wanted):
    """Each filter in its own words."""
    return (
        (not wanted.statuses or bool({str(one.status or "none"), status_class(one.status)} & wanted.statuses))
        and (not wanted.outcomes or one.outcome.value in wanted.outcomes)
        and (not wanted.replicas or one.replica_id in wanted.replicas)
        and (not wanted.stages or one.stage in wanted.stages)
        and (wanted.slower_than is None or one.seconds > wanted.slower_than)
        and wanted.id_part in one.request_id
        and (wanted.since is None or one.arrived_at + one.seconds >= wanted.since)
        and (wanted.until is None or one.arrived_at + one.seconds < wanted.until)
    )


@given(RECORDS, WANTED)
def test_what_is_listed_fits_every_filter_and_nothing_that_fits_is_missing(records, wanted):
    found = select(records, wanted, Page(limit=100))
    expected = [one for one in records if fits(one, wanted)]
    assert Counter(map(id, found.records)) == Counter(map(id, expected))
    assert found.matched == len(expected)


@given(RECORDS, st.sampled_from(Order), st.integers(1, 9))
def test_pages_are_parts_of_one_list_in_order(records, order, limit):
    whole = select(records, Wanted(), Page(order, limit=100))
    pages = [select(records, Wanted(), Page(order, limit, offset)) for offset in range(0, 31, limit)]
    assert [one for page in pages for one in page.records] == list(whole.records)
    assert {page.matched for page in pages} == {whole.matched}
    values = [
        one.stages[order.value] if order.value in STAGES else getattr(one, order.value)
        for one in whole.records
    ]
    assert values == sorted(values, reverse=True)


@given(RECORDS, st.integers(1, 5))
def test_times_are_of_all_that_fit_not_of_the_page(records, limit):
    found = select(records, Wanted(), Page(limit=limit))
    rising = sorted(one.seconds for one in records)
    for name, share in SHARES.items():
        if rising:
            place = math.ceil(round(share * len(rising), 9))
            assert found.times["seconds"][name] == rising[max(0, place - 1)]
        else:
            assert found.times == {}


def test_the_newest_ended_last_also_when_it_came_first():
    slow, quick = record(1, seconds=9.0), record(2)
    assert ids(select([slow, quick], Wanted(), Page())) == ["id-1", "id-2"]
    assert ids(select([slow, quick], Wanted(), Page(Order.ARRIVED_AT))) == ["id-2", "id-1"]


def test_by_a_stage_only_those_come_that_were_in_it():
    records = [record(1, predict=1.0), record(2, predict=2.0), record(3)]
    assert ids(select(records, Wanted(), Page(Order.PREDICT))) == ["id-2", "id-1"]


def test_the_first_byte_came_before_the_answer_was_sent():
    records = [record(1, seconds=1.0, send=0.25), record(2)]
    found = select(records, Wanted(), Page(Order.FIRST_BYTE))
    assert [one.first_byte for one in found.records] == [0.75]
    assert found.times["first_byte"] == dict.fromkeys(SHARES, 0.75)
    assert record(3, seconds=0.1, send=0.2).first_byte == 0.0, "clocks are rounded"


@pytest.mark.parametrize(
    ("one", "stage"),
    [
        (record(1, queue=0.5, predict=0.4), "queue"),
        (record(1), ""),
        (record(1, status=504, outcome=Outcome.OVERRAN, ended_in="predict", queue=9.0), "predict"),
        (record(1, status=429, outcome=Outcome.REFUSED), ""),
    ],
)
def test_a_requests_stage_is_where_it_ended_or_took_longest(one, stage):
    assert one.stage == stage


def test_a_kind_is_the_outcome_and_of_an_answer_that_tells_of_an_error_its_class():
    kinds = [
        (Outcome.FINISHED, 200, "finished"),
        (Outcome.FINISHED, 399, "finished"),
        (Outcome.FINISHED, 404, "finished_4xx"),
        (Outcome.FINISHED, 500, "finished_5xx"),
        (Outcome.REFUSED, 429, "refused"),
        (Outcome.LOST, 502, "lost"),
        (Outcome.ABANDONED, 0, "abandoned"),
    ]
    assert [record(1, status=status, outcome=outcome).kind for outcome, status, _ in kinds] == [
        kind for *_, kind in kinds
    ]


def test_what_can_be_asked_for_is_counted():
    records = [record(1), record(2), record(3, status=0, outcome=Outcome.ABANDONED)]
    assert counts(records) == {
        "status": {"200": 2, "none": 1},
        "outcome": {"finished": 2, "abandoned": 1},
        "replica": {"r1": 3},
    }
    assert counts([]) == {"status": {}, "outcome": {}, "replica": {}}
