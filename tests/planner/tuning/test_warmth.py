import random

from headway.planner.tuning.measurements import Age, Measurement, Point, Step, WarmUp
from headway.planner.tuning.range import beside, doublings, halfway, in_words
from headway.planner.tuning.warmth import BATCHES, Warmth, change


def counts(chance, seconds, rate_at, sigma):
    """Requests in each of BATCHES parts, one after another with lognormal times."""
    found, at = [0] * BATCHES, 0.0
    while (at := at + chance.lognormvariate(-sigma * sigma / 2, sigma) / rate_at(at)) < seconds:
        found[int(at / seconds * BATCHES)] += 1
    return found


def test_a_steady_step_is_said_to_change_once_in_a_hundred_times():
    chance = random.Random(1)
    changed = sum(change(counts(chance, 10, lambda _: 20, 1.0), 0.03) is not None for _ in range(1000))
    assert changed <= 20


def test_a_change_is_found_where_it_was():
    chance = random.Random(2)
    for _ in range(50):
        found = change(counts(chance, 10, lambda at: 10 if at < 6 else 50, 0.3), 0.03)
        assert 11 <= found.at <= 13
        assert 4 < found.factor < 6


def test_a_hiccup_and_what_is_negligible_are_no_change():
    assert change([20] * 19 + [2], 0.03) is None
    assert change([100] * 10 + [102] * 10, 0.03) is None
    assert change([0] * 20, 0.03) is None


def measured(replica, requests=100, *, began=0, seconds=5.0, saw=None, asked=None, pc=2):
    return Measurement(
        Step(Point(pc, pc), "", warm_up=asked),
        requests=requests,
        seconds=seconds,
        age=Age(replica, began, began / 10),
        warm_up=saw,
    )


SEEN = WarmUp(80, 8.0, 5.0)


def test_what_a_replica_did_before_it_became_faster_is_cold():
    warmth, early, late = Warmth(), measured(1, 60), measured(1, 60, began=80, saw=SEEN)
    warmth.note(early)
    warmth.note(late)
    assert warmth.is_cold(early)
    assert not warmth.is_cold(late)
    assert warmth.expected == SEEN


def test_others_are_cold_only_when_a_second_replica_became_faster_too():
    warmth, other = Warmth(), measured(1, 60)
    warmth.note(other)
    warmth.note(measured(2, saw=SEEN, began=80))
    assert not warmth.is_cold(other)
    warmth.note(measured(3, saw=WarmUp(85, 4.0, 4.8), began=85, asked=SEEN))
    assert warmth.is_cold(other)
    assert warmth.expected == WarmUp(80, 4.0, 5.0), "what each of them needed at least"


def test_a_warm_up_that_two_others_do_not_show_is_forgotten():
    warmth = Warmth()
    warmth.note(measured(1, saw=SEEN, began=80))
    for replica in (2, 3):
        assert warmth.expected
        warmth.note(measured(replica, began=100, asked=SEEN))
    assert warmth.expected is None
    assert warmth.found is None


def test_places_that_fill_up_are_no_warm_up_after_a_replica_had_far_more_load_without_one():
    warmth = Warmth()
    warmth.note(measured(1, 300, seconds=30.0, pc=1))
    warmth.note(measured(2, saw=WarmUp(30, 2.0, 2.0), began=30))
    assert warmth.expected is None


def test_the_scan_is_all_over_the_range():
    assert (doublings(16), halfway(16)) == ((1, 2, 4, 8, 16), (6, 12))
    assert (doublings(7), halfway(7)) == ((1, 2, 4, 7), (5,))
    assert (doublings(1), halfway(1)) == ((1,), ())


def test_what_lies_beside_a_hill_behind_a_valley_is_looked_at():
    assert beside({1: 50, 2: 80, 4: 60, 6: 240, 8: 100, 16: 90}, 6, 0.02) == 7
    assert beside({1: 50, 2: 80, 4: 60, 6: 240, 7: 200, 8: 100, 16: 90}, 6, 0.02) == 5
    assert beside({1: 100, 2: 100, 4: 100, 8: 100, 16: 100}, 1, 0.02) is None, (
        "a plateau has nothing beside it"
    )


def test_numbers_are_told_in_runs():
    assert in_words([10, 3, 5, 9, 11, 13, 14]) == "3, 5, 9 to 11, 13, 14"
