"""Tune's search on random shapes in virtual time, where nearly all reach 95% of their best; and what it says of them.

HEADWAY_SEEDS says how many in each of the groups.
"""

import os

import pytest

from headway.planner.tuning import report
from headway.planner.tuning.goal import Goal
from headway.planner.tuning.samples import StepRules
from headway.planner.tuning.search import Search
from planner.tuning.shapes import KINDS, Shape, shape
from planner.tuning.synthetic import Shaped, SyntheticBench, searched

SEEDS = int(os.environ.get("HEADWAY_SEEDS", "5"))
GRID = 16 * 9


def tuned(one, seed=1):
    """The search's end, and the virtual seconds that it took."""
    bench = SyntheticBench(Shaped(one), seed=seed, rules=StepRules())
    return searched(Search(Goal()), bench), bench.seconds


@pytest.mark.parametrize("kind", KINDS)
def test_random_models_reach_95_percent_of_their_best(kind):
    short, seconds = [], []
    for seed in range(SEEDS):
        one = shape(seed, kind)
        search, took = tuned(one, seed)
        seconds.append(took)
        again = sum(measured.step.why.startswith("again") for measured in search.measured)
        assert len(search.measured) - again <= 0.15 * GRID
        assert again <= 4
        if (share := one.share(search.choice.point)) < 0.95:
            short.append((seed, str(one), str(search.choice.point), f"{share:.1%}"))
    assert len(short) <= SEEDS / 10, short
    assert sum(seconds) / SEEDS < 200
    assert max(seconds) < 600


VALLEY = (50, 80, 60, 55, 120, 240, 240, 230, 220, 200, 190, 180, 170, 160, 150, 140)


def test_a_valley_does_not_hide_the_hill_behind_it():
    search, _ = tuned(Shape("valley", VALLEY))
    assert search.choice.point.predict_concurrency in {6, 7}
    told = " ".join(report.reasons(search))
    assert "Not measured, for nothing beside promised more: PC 3" in told
    assert "The curve goes down and up again at PC 4." in told
    assert list(report.doubts(search)) == []


def test_a_jagged_curve_of_which_not_all_was_measured_is_a_guess():
    search, _ = tuned(Shape("sawtooth", (20, 50, 20, 20, 40, 60, 40, 30, 30, 30, 30, 80, 60, 60, 90, 100)))
    assert any("more than once, at PC 4, 8" in one for one in report.doubts(search))


@pytest.mark.parametrize("is_sudden", [True, False])
def test_a_warm_up_is_found_told_and_never_compared_with(is_sudden):
    one = Shape(
        "plateau",
        tuple(min(place, 4) * 25 for place in range(1, 17)),
        cold_predicts=80,
        times_slower=5.0,
        is_sudden=is_sudden,
    )
    search, _ = tuned(one)
    assert one.share(search.choice.point) >= 0.95
    found = search.warmth.found
    assert 60 <= found.requests <= 110
    assert 2 <= found.times_slower <= 6
    assert f"The first {found.requests} requests of a replica" in " ".join(report.reasons(search))
    for measured in search.compared:
        predict = one.rates[measured.point.predict_concurrency - 1]
        if not measured.stopped:
            assert measured.throughput > 0.9 * predict, "no figure is half of a cold replica"


def test_what_was_measured_before_a_late_warm_up_was_known_is_measured_again():
    one = Shape(
        "plateau", tuple(min(place, 4) * 8.0 for place in range(1, 17)), cold_predicts=100, times_slower=4.0
    )
    search, _ = tuned(one)
    again = [measured.step for measured in search.measured if measured.step.why.startswith("again")]
    assert again, "PC 1 and 2 alone do not get so far"
    assert one.share(search.choice.point) >= 0.95


def test_steady_models_are_not_said_to_warm_up():
    for seed in range(5):
        search, _ = tuned(Shape("plateau", tuple(min(p, 5) * 20 for p in range(1, 17)), sigma=0.6), seed)
        assert search.warmth.found is None
        assert list(report.doubts(search)) == []


def test_figures_that_never_settle_are_a_guess():
    one = Shape("flat", (30.0,) * 16, cold_predicts=4000, times_slower=20.0, is_sudden=False)
    search, _ = tuned(one)
    assert list(report.doubts(search))
