"""Replicas come and go in virtual time by the same rules as on the real system."""

import math

import pytest

from headway.core.settings import DeploymentSettings
from headway.observed.records import Outcome
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.durations import Constant, Lognormal, Seen
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.simulate import simulate
from headway.planner.simulation.traffic import Bursts, Poisson, Recorded, Stages, Steady, Synthetic


def run(rows, life=None, *, duration=60.0, places=1, parallel=None, slo=None, **numbers):
    """`rows` are arrivals with their three service times."""
    variant = Variant("one", DeploymentSettings(**numbers), places)
    scenario = Scenario(
        Recorded(rows), [variant], duration, life or ReplicaLife(Constant(3.0)), parallel=parallel, slo=slo
    )
    events = []
    return simulate(scenario, variant, observe=events.extend), events


def dispatched(events):
    return [(round(one.at, 3), one.replica_id) for one in events if type(one).__name__ == "Dispatched"]


def test_five_long_requests_at_target_2_bring_a_second_replica_which_takes_the_head_of_the_queue():
    five = [(0.1, 0.0, 8.0, 0.0)] * 5
    measures, events = run(five, concurrency_target=2, min_replica=1, max_replica=2, places=2)
    assert [type(one).__name__ for one in events[:5]] == ["Dispatched"] * 2 + ["Queued"] * 3
    (second,) = [one for one in measures.decisions if one.desired == 2]
    assert second.at <= 2.1
    assert second.inputs.queued == 3
    taken = [at for at, replica in dispatched(events) if replica == "replica-2"]
    assert taken == [pytest.approx(second.at + 3.0)] * 2
    assert measures.outcomes == {Outcome.FINISHED: 5}


def test_the_same_with_one_replica_at_most_never_starts_a_second():
    five = [(0.1, 0.0, 8.0, 0.0)] * 5
    measures, events = run(five, concurrency_target=2, min_replica=1, max_replica=1, places=2)
    assert measures.most_present == 1
    assert [at for at, _ in dispatched(events)] == [0.1, 0.1, 8.1, 8.1, 16.1]


def test_a_request_that_finds_nothing_waits_for_the_start_and_counts_as_a_cold_start():
    measures, events = run([(10.1, 0.0, 0.5, 0.0)], ReplicaLife(Constant(4.0)))
    assert dispatched(events) == [(14.1, "replica-1")]
    assert measures.cold_starts == 1
    assert measures.starts == 1


def test_what_is_not_needed_goes_to_zero():
    """It is there from its order on, until nothing was asked for scale_down_delay or the window."""
    measures, _ = run(
        [(10.0, 0.0, 0.5, 0.0)],
        ReplicaLife(Constant(4.0)),
        duration=240.0,
        scale_down_delay=30.0,
        autoscaling_window=20.0,
    )
    assert measures.moments[-1].present == 0
    assert measures.replica_seconds == pytest.approx(4.0 + 0.5 + 30.0, abs=1.5)


def test_the_bill_is_for_the_duration_though_answers_come_later():
    measures, _ = run([(59.0, 0.0, 100.0, 0.0)], min_replica=1, duration=60.0)
    assert measures.replica_seconds == pytest.approx(60.0)
    assert measures.outcomes == {Outcome.FINISHED: 1}


def test_failed_starts_are_spaced_out_and_after_three_in_a_row_who_waits_and_comes_is_refused():
    """Starts end at 1, 3 and 6 s, since 1 and 2 s lie between them; the next one begins 4 s after that."""
    rows = [(at, 0.0, 0.1, 0.0) for at in (0.0, 2.5, 8.0)]
    life = ReplicaLife(Constant(1.0), start_failures=0.999)
    measures, events = run(rows, life, duration=300.0)
    assert 3 <= measures.failures <= 9
    assert measures.outcomes == {Outcome.REFUSED: 3}
    assert [one.at for one in events] == [0.0, 2.5], "the third was refused at once"


def test_a_start_takes_as_long_as_it_is_said_to():
    measures, _ = run([(0.0, 0.0, 1.0, 0.0)], ReplicaLife(Constant(4000.0)), queue_timeout=5000.0)
    assert measures.outcomes == {Outcome.FINISHED: 1}
    assert measures.starts == 1


def test_it_ends_with_the_last_answer_though_abandoned_work_goes_on_for_a_year():
    measures, events = run(
        [(0.0, 0.0, 3e7, 0.0)], min_replica=1, concurrency_target=2, max_replica=2, request_timeout=100.0
    )
    assert measures.outcomes == {Outcome.OVERRAN: 1}
    assert events[-1].at == 100.0


@pytest.mark.parametrize(("retry", "outcome"), [(False, Outcome.LOST), (True, Outcome.FINISHED)])
def test_a_crash_loses_what_the_replica_held_unless_it_may_be_sent_again(retry, outcome):
    """A replica lives for 100 seconds on average, and works half the time."""
    life = ReplicaLife(Constant(1.0), crash_every=100.0)
    rows = [(float(at), 0.0, 10.0, 0.0) for at in range(0, 4000, 20)]
    measures, _ = run(rows, life, duration=4000.0, min_replica=1, retry_on_crash=retry)
    assert measures.failures > 10
    assert measures.outcomes[outcome] > 10
    if retry:
        assert measures.outcomes == {Outcome.FINISHED: len(rows)}


def test_more_predicts_than_run_at_full_speed_share_it():
    rows = [(0.0, 0.0, 1.0, 0.0)] * 4
    fast, _ = run(rows, min_replica=1, concurrency_target=4, places=4)
    slow, _ = run(rows, min_replica=1, concurrency_target=4, places=4, parallel=2)
    assert fast.stages["predict"].quantiles([1.0]) == [pytest.approx(1.0, rel=0.01)]
    assert slow.stages["predict"].quantiles([1.0]) == [pytest.approx(2.0, rel=0.01)]


def test_misses_are_what_took_longer_than_the_objective_and_what_failed():
    rows = [(0.0, 0.0, 0.4, 0.0), (0.0, 0.0, 0.4, 0.0), (0.0, 0.0, 0.4, 0.0)]
    measures, _ = run(rows, min_replica=1, queue_limit=1, slo=0.5)
    assert measures.outcomes == {Outcome.FINISHED: 2, Outcome.REFUSED: 1}
    assert measures.misses == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: Constant(-1.0),
        lambda: Constant(math.nan),
        lambda: Lognormal(0.5, 0.1),
        lambda: Seen([]),
        lambda: Poisson(0),
        lambda: Steady(math.inf),
        lambda: Bursts(5, 1),
        lambda: Bursts(1, 5, every=10, lasts=20),
        lambda: ReplicaLife(start_failures=1.0),
        lambda: ReplicaLife(crash_every=0.0),
        lambda: Variant("one", predict_concurrency=0),
        lambda: Variant("one", initial_replicas=2),
        lambda: Scenario(Recorded([]), [], 10.0),
        lambda: Scenario(Recorded([]), [Variant("a"), Variant("a")], 10.0),
        lambda: Scenario(Recorded([]), [Variant("a")], 0.0),
        lambda: Scenario(Synthetic(Poisson(1), Stages(Constant(1))), [Variant("a")], 1.0, parallel=0),
    ],
)
def test_what_makes_no_sense_is_refused(make):
    with pytest.raises(InvalidScenarioError):
        make()
