import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headway.planner.tuning import report
from headway.planner.tuning.chart import as_svg, in_letters
from headway.planner.tuning.findings import Bounds
from headway.planner.tuning.goal import Goal, LatencyLimit, Objective
from headway.planner.tuning.measurements import Measurement, Point, Step
from headway.planner.tuning.search import Search
from planner.tuning.synthetic import Model, SyntheticBench, best_throughput, searched

KNEE = Model(predict=0.02, slowdown=lambda inside: max(1.0, inside / 6))
SLOWS_BEYOND_4 = Model(predict=0.02, slowdown=lambda inside: max(1.0, inside / 4) ** 2)
DOWNLOAD = Model(preprocess=0.08, predict=0.008, slowdown=float)
CPU = Model(predict=0.01, slowdown=float)
DIES_BEYOND_8 = Model(predict=0.03, dies_beyond=8)
GRID = 16 * 9
"""Points: PC 1 to 16, and nine multiples of each as CT."""
MODELS = {
    "a hard knee": KNEE,
    "slower beyond 4": SLOWS_BEYOND_4,
    "a slow download": DOWNLOAD,
    "bound by one core": CPU,
    "out of memory beyond 8": DIES_BEYOND_8,
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_choice_reaches_95_percent_of_a_grid_with_15_percent_of_its_measurements(name, seed):
    bench = SyntheticBench(MODELS[name], seed=seed)
    search = searched(Search(Goal()), bench)
    steps = bench.count
    assert bench.throughput(search.choice.point) >= 0.95 * best_throughput(MODELS[name])
    assert steps <= 0.15 * GRID
    assert steps == len(search.measured)


@settings(max_examples=30, deadline=None)
@given(
    knee=st.integers(1, 16),
    power=st.floats(1.0, 3.0),
    predict=st.floats(0.01, 0.05),
    ratio=st.floats(0.0, 6.0),
    noise=st.floats(0.0, 0.1),
    seed=st.integers(0, 1000),
)
def test_whatever_the_model_the_search_ends_near_the_best(knee, power, predict, ratio, noise, seed):
    model = Model(
        preprocess=ratio * predict,
        predict=predict,
        slowdown=lambda inside: max(1.0, inside / knee) ** power,
        noise=noise,
    )
    bench = SyntheticBench(model, seed=seed)
    search = searched(Search(Goal()), bench)
    assert bench.throughput(search.choice.point) >= 0.92 * best_throughput(model)
    assert len(search.measured) <= 24


def test_with_one_client_first_then_little_s_law():
    search = Search(Goal())
    assert search.step.point == Point(1, 1)
    search.tell(SyntheticBench(Model(preprocess=0.09, predict=0.03, noise=0)).measure(search.step))
    assert search.step.point == Point(1, 5), "CT about 1 x 0.12 / 0.03, and a little to spare"
    assert search.little(4) == 18


def test_a_limit_for_latency_is_kept_and_costs_throughput():
    goal = Goal(limits=(LatencyLimit(95, 0.045),))
    free = searched(Search(Goal()), SyntheticBench(DOWNLOAD)).choice
    bound = searched(Search(goal), SyntheticBench(KNEE, goal)).choice
    assert free is not None
    assert bound.percentiles[95] <= 0.045
    assert bound.throughput > 200


def test_a_limit_that_nothing_keeps_leaves_no_choice_and_says_why():
    goal = Goal(limits=(LatencyLimit(95, 0.001),))
    search = searched(Search(goal), SyntheticBench(KNEE, goal))
    assert search.choice is None
    assert len(search.measured) <= 6, (
        "behind a valley one may be in time, but what is hopeless is not searched finely"
    )
    assert any("more than 1 ms" in line for line in report.reasons(search))


def test_memory_that_would_not_suffice_is_not_tried():
    goal = Goal(memory_bytes=600 << 20)
    model = Model(bytes_inside=50 << 20)
    search = searched(Search(goal), SyntheticBench(model, goal))
    assert search.choice.point.predict_concurrency == 10
    assert 16 in search.skipped
    assert all(one.memory_bytes <= goal.memory_bytes for one in search.measured)


def test_latency_gives_up_a_fifth_of_the_throughput_at_most():
    goal = Goal(Objective.LATENCY)
    fast = searched(Search(Goal()), SyntheticBench(SLOWS_BEYOND_4)).choice
    calm = searched(Search(goal), SyntheticBench(SLOWS_BEYOND_4, goal)).choice
    assert calm.percentiles[95] <= fast.percentiles[95]
    assert calm.throughput >= 0.78 * fast.throughput


def test_cost_is_judged_with_random_arrivals_and_their_queue():
    goal = Goal(Objective.COST, (LatencyLimit(95, 0.08),))
    search = searched(Search(goal), SyntheticBench(KNEE, goal))
    kept = search.sustained
    assert kept.percentiles[95] <= 0.08
    assert search.choice.point == kept.point
    assert "replica-seconds" in " ".join(report.reasons(search))


def test_a_replica_that_dies_at_once_ends_the_search():
    search = Search(Goal())
    search.tell(Measurement(search.step, died="exit code 1"))
    assert search.step is None
    assert search.choice is None


def test_the_largest_numbers_are_bounds():
    search = searched(Search(Goal(), Bounds(3, 7)), SyntheticBench(DIES_BEYOND_8))
    assert max(one.point.predict_concurrency for one in search.measured) == 3
    assert max(one.point.concurrency_target for one in search.measured) <= 7


def test_report_and_pictures_name_the_choice_and_its_neighbours():
    search = searched(Search(Goal()), SyntheticBench(KNEE))
    point = search.choice.point
    beside = list(report.neighbours(search))
    assert any(line.startswith(f"PC {point.predict_concurrency},") for line in beside), "another CT"
    assert any(not line.startswith(f"PC {point.predict_concurrency},") for line in beside), "another PC"
    assert f"{point}, chosen" in as_svg(search, "a <knee>")
    assert "a &lt;knee&gt;" in as_svg(search, "a <knee>")
    *drawn, meanings = in_letters(search).splitlines()
    assert "* chosen" in meanings
    assert sum(line.count("*") for line in drawn) == 1
    assert sum(line.count(letter) for line in drawn for letter in "*kox") <= len(search.measured)
    content = report.document(search, is_complete=True, seconds=1)
    assert content["recommendation"]["predict_concurrency"] == point.predict_concurrency
    assert len(content["steps"]) == len(list(report.rows(search))) == len(search.measured)


def test_without_a_measurement_there_is_nothing_to_draw():
    search = Search(Goal())
    assert in_letters(search) == ""
    assert as_svg(search, "none").startswith("<svg")
    assert report.document(search, is_complete=False, seconds=0)["recommendation"] is None


def test_a_step_is_worded_for_progress():
    from headway.planner.tuning.search import shown

    assert shown(Step(Point(2, 5), "why", 9.0)) == "PC 2, CT 5, 9.0 requests/s: why"


def told(points, *, moves=(), goal=Goal()):  # noqa: B008  # frozen
    """A search that was told these throughputs, with their relative errors, by PC."""
    search = Search(goal, Bounds(max(points)))
    for pc, (throughput, error) in points.items():
        search.note(
            Measurement(
                Step(Point(pc, pc), ""),
                throughput,
                (throughput * (1 - error), throughput * (1 + error)),
                percentiles={50: 0.1, 95: 0.1, 99: 0.1},
                requests=100,
                moves=pc in moves,
            )
        )
    return search


def test_equal_figures_are_not_called_better():
    search = told({1: (100, 0.02), 2: (101, 0.02)})
    assert search.choice.point == Point(1, 1)
    assert list(report.neighbours(search)) == ["PC 2, CT 2: throughput as here, p95 as here"]
    better = told({1: (100, 0.02), 2: (150, 0.02)})
    assert "That is 1.5 times the throughput of PC 1 and CT 1." in list(report.reasons(better))
    assert "do as much, the smallest numbers" in " ".join(report.reasons(search))
    assert "most throughput" not in " ".join(report.reasons(search))
    assert "most throughput." in " ".join(report.reasons(better))
    slightly = told({1: (100, 0.02), 2: (104, 0.02)})
    assert "That is 1.04 times the throughput of PC 1 and CT 1." in list(report.reasons(slightly))


def test_equal_latencies_are_not_called_lower():
    equal = told({1: (100, 0.02), 2: (101, 0.02)}, goal=Goal(Objective.LATENCY))
    assert "no higher p95 than any of those" in " ".join(report.reasons(equal))
    alone = told({1: (100, 0.02), 2: (150, 0.02)}, goal=Goal(Objective.LATENCY))
    assert "the lowest p95 of those" in " ".join(report.reasons(alone))


def test_a_choice_that_is_not_known_well_is_doubted():
    assert list(report.doubts(told({1: (100, 0.02), 2: (150, 0.02)}))) == []
    assert list(report.doubts(told({1: (100, 0.27)}))) == [
        "the throughput of PC 1, CT 1 is known to ±27% only"
    ]
    assert "still moved" in next(report.doubts(told({1: (100, 0.02)}, moves={1})))
    (doubt,) = report.doubts(told({1: (100, 0.02), 2: (90, 0.3)}))
    assert doubt.startswith("PC 2, CT 2 may do up to 117.0 requests/s")
