"""Scenarios out of documents: what each key means, and what is wrong is told with its place."""

import copy
import math
from dataclasses import replace

import pytest

from headway.core.settings import DeploymentSettings
from headway.observed.records import Outcome, RequestRecord
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.durations import Constant, Lognormal
from headway.planner.simulation.recorded import Instants
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.scenario_file import read_scenario
from headway.planner.simulation.traffic import (
    Bursts,
    DayCurve,
    Poisson,
    Recorded,
    SeenStages,
    Stages,
    Steady,
    Synthetic,
)

PLAIN = {
    "duration": "10m",
    "traffic": {"kind": "poisson", "rate": 12},
    "service": {"predict": "200ms"},
}


def record(at, seconds=0.5, **stages):
    return RequestRecord(
        "r", "d", "m", "x", at, 200, Outcome.FINISHED, seconds, {"predict": 0.2, "preprocess": 0.1} | stages
    )


RECORDS = {
    "seen.csv": [record(1004.0), record(1000.0), record(1001.5, seconds=8.5, predict=8.0)],
    "empty.csv": [],
}


HUGE = 10**320
"""A whole number that is no float."""


def read(**changes):
    return read_scenario(PLAIN | changes, RECORDS.__getitem__)


def refused(**changes):
    with pytest.raises(InvalidScenarioError) as caught:
        read(**changes)
    return caught.value


def test_a_plain_scenario_has_the_engine_s_defaults():
    assert read() == Scenario(
        Synthetic(Poisson(12.0), Stages(Constant(0.2))), [Variant("settings")], duration=600.0
    )


def test_everything_can_be_said():
    scenario = read(
        seed=7,
        slo=0.5,
        service={"predict": {"p50": "0.2s", "p95": 0.6}, "preprocess": "50ms", "postprocess": 0.02},
        replica={"start": "12s", "start_failures": 0.1, "crash_every": "2h", "parallel": 4},
        settings={"concurrency_target": 1, "max_replica": 5, "autoscaling_window": "2m"},
        **{
            "try": [
                {"name": "CT 4", "concurrency_target": 4},
                {"predict_concurrency": 2, "initial_replicas": 3},
            ]
        },
    )
    assert (scenario.seed, scenario.slo, scenario.parallel) == (7, 0.5, 4)
    assert scenario.traffic.service == Stages(Lognormal(0.2, 0.6), Constant(0.05), Constant(0.02))
    assert scenario.life == ReplicaLife(Constant(12.0), 0.1, 7200.0)
    shared = DeploymentSettings(max_replica=5, autoscaling_window=120.0)
    assert scenario.variants == [
        Variant("CT 4", shared.with_changes({"concurrency_target": 4})),
        Variant("predict_concurrency=2 initial_replicas=3", shared, 2, 3),
    ]


@pytest.mark.parametrize(
    ("said", "arrivals"),
    [
        ({"kind": "steady", "rate": 2.5}, Steady(2.5)),
        ({"kind": "poisson", "rate": 2}, Poisson(2.0)),
        ({"kind": "bursts", "rate": 1, "peak": 9}, Bursts(1.0, 9.0)),
        ({"kind": "bursts", "rate": 1, "peak": 9, "every": "5m", "lasts": 10}, Bursts(1.0, 9.0, 300.0, 10.0)),
        ({"kind": "day", "rate": 3}, DayCurve(3.0)),
        ({"kind": "day", "rate": 3, "trough": 0.5, "day": "1h"}, DayCurve(3.0, 0.5, 3600.0)),
    ],
)
def test_each_kind_of_traffic(said, arrivals):
    assert read(traffic=said).traffic.arrivals == arrivals


def without_service(**changes):
    content = copy.deepcopy(PLAIN) | {"traffic": {"kind": "recorded", "records": "seen.csv"}} | changes
    return {key: value for key, value in content.items() if key != "service"}


def test_recorded_traffic_is_replayed_and_lasts_as_long_as_the_record():
    content = without_service()
    del content["duration"]
    scenario = read_scenario(content, RECORDS.__getitem__)
    assert scenario.duration == 10.0, "from the first arrival to the last end"
    assert isinstance(scenario.traffic, Recorded)
    assert [request.arrived_at for request in scenario.traffic.requests(1, scenario.duration)] == [0, 1.5, 4]
    assert read_scenario(without_service(duration=3), RECORDS.__getitem__).duration == 3.0


def test_another_seed_is_other_chance_for_what_was_never_served():
    served = [record(1000.0 + number, predict=number / 10) for number in range(20)]
    never = [replace(record(2000.0 + number), outcome=Outcome.REFUSED, stages={}) for number in range(5)]

    def replay(**changes):
        return read_scenario(
            without_service(**changes), {"seen.csv": served + never}.__getitem__
        ).traffic.rows

    assert replay(seed=1) == replay()
    assert replay(seed=2)[:20] == replay()[:20]
    assert replay(seed=2)[20:] != replay()[20:]


def test_recorded_traffic_with_service_times_keeps_its_instants():
    scenario = read(traffic={"kind": "recorded", "records": "seen.csv"})
    assert scenario.traffic == Synthetic(Instants([0.0, 1.5, 4.0]), Stages(Constant(0.2)))
    assert [one.predict for one in scenario.traffic.requests(1, 600.0)] == [0.2] * 3


@pytest.mark.parametrize("way", [{}, {"as": "drawn"}])
def test_service_times_may_be_drawn_from_records(way):
    service = read(service={"from": "seen.csv", **way}).traffic.service
    assert isinstance(service, SeenStages)
    assert (0.1, 8.0, pytest.approx(0.4)) in service.times


def test_service_times_may_be_fitted_to_records():
    service = read(service={"from": "seen.csv", "as": "fitted"}).traffic.service
    assert isinstance(service.predict, Lognormal)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trafic": {}}, "trafic is unknown (did you mean traffic?)"),
        ({"traffic": {"kind": "possion", "rate": 1}}, "traffic.kind is 'possion' (did you mean poisson?)"),
        ({"traffic": {"kind": ["poisson"]}}, "traffic.kind is ['poisson'] "),
        ({"traffic": {"rate": 1}}, "traffic.kind is missing (known are bursts, "),
        ({"traffic": {"kind": "poisson"}}, "traffic.rate is missing"),
        ({"traffic": {"kind": "steady", "rate": 1, "peak": 2}}, "traffic.peak is unknown"),
        ({"traffic": {"kind": "poisson", "rate": "12"}}, "traffic.rate is '12', which is not a number"),
        ({"traffic": {"kind": "poisson", "rate": True}}, "traffic.rate is True, which is not a number"),
        ({"traffic": {"kind": "poisson", "rate": 0}}, "traffic: 0 requests a second"),
        ({"traffic": {"kind": "steady", "rate": 1e-310}}, "traffic: 1e-310 requests a second"),
        ({"traffic": {"kind": "poisson", "rate": HUGE}}, "traffic.rate is a number that is too large"),
        ({"traffic": {"kind": "bursts", "rate": 3, "peak": 1}}, "traffic: a burst of 1 a second"),
        ({"traffic": {"kind": "bursts", "rate": 3}}, "traffic.peak is missing"),
        ({"traffic": {"kind": "day", "rate": 3, "trough": 2}}, "traffic: a trough of 2"),
        ({"traffic": {"kind": "day", "rate": 3, "day": 0}}, "traffic: a day of 0 s is none"),
        ({"traffic": {"kind": "recorded"}}, "traffic.records is missing"),
        ({"traffic": {"kind": "recorded", "records": "empty.csv"}}, "traffic.records: there are no records"),
        ({"traffic": 3}, "traffic is 3, which is no table"),
        ({"duration": "long"}, "duration is 'long', which is no duration (say it as in 250ms"),
        ({"duration": math.nan}, "duration is nan, which is no duration"),
        ({"duration": -1}, "duration is -1, which is no duration"),
        ({"duration": HUGE}, "duration is a number that is too large"),
        ({"duration": "9" * 320 + "d"}, "which is no duration (say it"),
        ({"duration": 0}, "a duration of 0 s"),
        ({"duration": [1]}, "duration is [1], which is not a duration"),
        ({"seed": 1.5}, "seed is 1.5, which is not a whole number"),
        ({"slo": "fast"}, "slo is 'fast', which is no duration"),
        ({"service": {}}, "service.predict is missing"),
        ({"service": {"predit": 1}}, "service.predit is unknown (did you mean predict"),
        ({"service": {"predict": {"p50": 1}}}, "service.predict.p95 is missing"),
        ({"service": {"predict": {"p50": 1, "p99": 2}}}, "service.predict.p99 is unknown"),
        ({"service": {"predict": {"p50": 2, "p95": 1}}}, "service.predict: p50 2.0 s and p95 1.0 s"),
        (
            {"service": {"predict": {"p50": 0.001, "p95": 1e300}}},
            "service.predict: p50 0.001 s and p95 1e+300",
        ),
        ({"service": {"predict": HUGE}}, "service.predict is a number that is too large"),
        ({"service": {"from": "seen.csv", "as": "drwan"}}, "service.as is 'drwan' (did you mean drawn?)"),
        ({"service": {"from": "seen.csv", "predict": 1}}, "service.predict is unknown"),
        ({"service": {"from": "empty.csv"}}, "service.from: no record tells"),
        ({"replica": {"begin": 1}}, "replica.begin is unknown"),
        ({"replica": {"start": "soon"}}, "replica.start is 'soon', which is no duration"),
        ({"replica": {"start_failures": 1}}, "replica: start_failures is 1"),
        ({"replica": {"parallel": "all"}}, "replica.parallel is 'all', which is not a whole number"),
        ({"settings": {"concurency_target": 1}}, "settings.concurency_target is unknown (did you mean"),
        ({"settings": {"concurrency_target": 0}}, "settings.concurrency_target: concurrency_target is 0"),
        ({"settings": {"queue_timeout": "long"}}, "settings.queue_timeout is 'long', which is no duration"),
        ({"settings": {"queue_timeout": HUGE}}, "settings.queue_timeout: queue_timeout is "),
        ({"settings": {"max_replica": HUGE}}, "settings.max_replica: max_replica is "),
        ({"settings": {"initial_replicas": HUGE}}, " initial replicas, and max_replica is 1"),
        ({"settings": {"min_replica": 3}}, "settings: min_replica is 3 and max_replica is 1"),
        ({"settings": {"predict_concurrency": 0}}, "settings: predict_concurrency is 0"),
        ({"try": 3}, "try is 3, which is no list of tables"),
        ({"try": [3]}, "try 1 is 3, which is no table"),
        ({"try": [{}, {"max_replicas": 3}]}, "try 2.max_replicas is unknown (did you mean max_replica"),
        ({"try": [{"max_replica": "3"}]}, "try 1.max_replica: max_replica is '3', which is not a whole"),
        ({"try": [{"name": 4}]}, "try 1.name is 4, which is not text"),
        ({"try": [{"min_replica": 3}]}, "try 1: min_replica is 3 and max_replica is 1"),
        ({"try": [{"initial_replicas": 2}]}, "try 1: 2 initial replicas"),
        ({"try": [{}, {}]}, "more than one variant is called 'settings'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(changes, words):
    assert words in str(refused(**changes))


@pytest.mark.parametrize("endless", [{"duration": math.inf}, {"slo": math.inf}, {"slo": math.nan}])
def test_what_has_no_end_is_refused(endless):
    with pytest.raises(InvalidScenarioError):
        replace(read(), **endless)


def test_what_rounding_left_is_not_fitted():
    seen = [record(1000.0 + number, seconds=0.3 + number % 2 * 1e-9) for number in range(10)]
    service = read_scenario(
        PLAIN | {"service": {"from": "seen.csv", "as": "fitted"}}, {"seen.csv": seen}.__getitem__
    ).traffic.service
    assert service.postprocess == Constant(0.0)


def test_duration_is_needed_unless_the_traffic_is_recorded():
    with pytest.raises(InvalidScenarioError, match="duration is missing"):
        read_scenario({key: PLAIN[key] for key in ("traffic", "service")}, RECORDS.__getitem__)


def test_shared_settings_need_not_make_sense_without_the_variants():
    scenario = read(settings={"min_replica": 3}, **{"try": [{"max_replica": 4}]})
    assert scenario.variants[0].settings.max_replica == 4


def test_a_variant_is_called_by_what_differs():
    scenario = read(**{"try": [{"retry_on_crash": True, "scale_down_delay": "5m"}, {}]})
    assert [one.name for one in scenario.variants] == ["retry_on_crash=true scale_down_delay=5m", "settings"]
    tried = [{"max_replica": 3, "concurrency_target": 1}, {"max_replica": 3, "concurrency_target": 2}]
    assert [one.name for one in read(**{"try": tried}).variants] == [
        "concurrency_target=1",
        "concurrency_target=2",
    ]
    assert [one.name for one in read(**{"try": tried[:1]}).variants] == ["max_replica=3 concurrency_target=1"]
