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
)
from headway.core.statistics import Counts, LoadIntegrals


def test_events_fold_into_counts_and_stage_times():
    counts = Counts()
    counts.fold([Queued("1", 0.0, 1), Dispatched("1", "a", 3.0, 3.0), Dispatched("2", "a", 4.0, 0.5)])
    counts.fold([Finished("1", "a", 8.0, 5.0, abandoned=False), Drained("a", 8.0)])
    counts.fold([Refused("3", 0.0, 9), Expired("4", 9.0, 9.0, 1, Expiry.DEADLINE)])
    counts.fold([Overran("2", "a", 9.0, 5.0), Abandoned("5", 9.0, None), Lost("2", "a", 9.0, abandoned=True)])
    assert counts == Counts(
        dispatched=2,
        finished=1,
        refused=1,
        expired=1,
        overran=1,
        abandoned=1,
        lost=1,
        queue_seconds=3.5,
        held_seconds=5.0,
    )


def test_integrals_grow_with_what_there_was_until_now():
    integrals = LoadIntegrals(10.0)
    integrals.advance(12.0, 3, 1)
    integrals.advance(12.0, 100, 100)
    load = integrals.load(15.0, 0, 2)
    assert (load.queued_seconds, load.in_flight_seconds, load.nonempty_seconds) == (6.0, 8.0, 2.0)


def test_a_clock_that_seems_to_go_back_takes_nothing_away():
    integrals = LoadIntegrals(10.0)
    integrals.advance(12.0, 1, 1)
    integrals.advance(11.0, 5, 5)
    assert integrals.load(13.0, 1, 1).queued_seconds == 3.0
