import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.observed.records import STAGES, Outcome, RequestRecord, TokenBucket, fair_shares

RECORD = RequestRecord(
    request_id="abc1",
    deployment_id="d1",
    model="m",
    replica_id="r1",
    arrived_at=1.7e9,
    status=200,
    outcome=Outcome.FINISHED,
    seconds=1.5,
    stages=dict.fromkeys(STAGES, 0.1),
    request_bytes=2,
    response_bytes=3,
    trace_id="0af7651916cd43dd8448eb211c80319c",
    ended_in="predict",
)


def test_a_record_passes_through_json():
    assert RequestRecord.from_row(json.loads(json.dumps(RECORD.as_row()))) == RECORD


def test_a_row_without_a_field_is_no_record():
    for name in RECORD.as_row().keys() - {"ended_in"}:
        row = RECORD.as_row()
        del row[name]
        with pytest.raises(KeyError):
            RequestRecord.from_row(row)


def test_stages_that_are_not_known_are_left_out_of_a_record():
    row = RECORD.as_row() | {"stages": {"predict": 1, "lunch": 2}}
    assert RequestRecord.from_row(row).stages == {"predict": 1.0}


def test_what_stays_within_the_rate_passes_whole_after_a_burst_it_is_the_rate():
    bucket = TokenBucket(10, 20, now=0.0)
    assert bucket.take(30, 0.0) == 20
    assert bucket.take(30, 0.05) == 0
    assert bucket.take(30, 1.0) == 10
    assert bucket.take(30, 100.0) == 20


def test_a_clock_that_goes_back_gives_nothing():
    bucket = TokenBucket(10, 20, now=50.0)
    assert bucket.take(20, 50.0) == 20
    assert bucket.take(5, 10.0) == 0
    assert bucket.take(5, 50.0) == 0


STEPS = st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 3)), min_size=1, max_size=50)


@given(STEPS, st.integers(1, 1000), st.integers(1, 1000))
def test_never_more_passes_than_rate_and_capacity_allow_and_never_less_than_asked_for_while_there_is_room(
    steps, rate, capacity
):
    bucket = TokenBucket(rate, capacity, now=0.0)
    now, passed = 0.0, 0
    for wanted, pause in steps:
        now += pause
        available = bucket.available(now)
        granted = bucket.take(wanted, now)
        passed += granted
        assert granted == min(wanted, available)
        assert passed <= capacity + rate * now + 1e-6


@given(st.lists(st.integers(0, 125), min_size=1, max_size=60))
def test_up_to_the_rate_in_every_quarter_of_a_second_nothing_is_left_out(arrivals):
    bucket = TokenBucket(500, 1000, now=0.0)
    for step, wanted in enumerate(arrivals, start=1):
        assert bucket.take(wanted, step / 4) == wanted


def test_a_record_of_a_former_version_does_not_say_where_it_ended():
    row = RECORD.as_row()
    del row["ended_in"]
    assert RequestRecord.from_row(row).ended_in == ""


@given(st.lists(st.integers(0, 1000), max_size=9), st.integers(0, 2000))
def test_room_is_shared_so_that_nobody_gets_more_while_another_wants(counts, room):
    shares = fair_shares(counts, room)
    assert sum(shares) == min(room, sum(counts))
    assert all(share <= count for share, count in zip(shares, counts, strict=True))
    wanting = [share for share, count in zip(shares, counts, strict=True) if share < count]
    assert not wanting or max(shares) <= min(wanting) + 1
