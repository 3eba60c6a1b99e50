from headway.core.statistics import LoadIntegrals


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
