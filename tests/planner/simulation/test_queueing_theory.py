"""Where queueing theory has a formula, the simulator agrees with it."""

import math
from random import Random

import pytest

from headway.core.settings import DeploymentSettings
from headway.planner.simulation.durations import Constant, Lognormal, Seen, fitted
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.simulate import simulate
from headway.planner.simulation.traffic import Bursts, DayCurve, Poisson, Stages, Steady, Synthetic

REQUESTS = 20_000


def exponential(mean):
    """Its quantiles in the middle of a thousand equal shares."""
    return Seen([-mean * math.log(1 - (number + 0.5) / 1000) for number in range(1000)])


def measured(rate, predict, *, replicas=1, target=1, places=1):
    settings = DeploymentSettings(
        concurrency_target=target, min_replica=replicas, max_replica=replicas, queue_limit=1_000_000
    )
    variant = Variant("the only one", settings, places)
    traffic = Synthetic(Poisson(rate), Stages(predict))
    return simulate(Scenario(traffic, [variant], REQUESTS / rate), variant)


def erlang_c(servers, load):
    """The share that has to wait."""
    terms = [load**number / math.factorial(number) for number in range(servers)]
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(terms) + last)


@pytest.mark.parametrize(("servers", "utilization"), [(1, 0.5), (1, 0.7), (4, 0.8), (16, 0.8)])
def test_waits_are_those_of_erlang(servers, utilization):
    """M/M/c: P(wait > t) = C exp(-(c mu - lambda) t)."""
    mean, load = 0.1, servers * utilization
    waits = measured(load / mean, exponential(mean), replicas=servers).stages["wait"]
    c, drain = erlang_c(servers, load), (servers - load) / mean
    for share in (0.95, 0.99):
        expected = max(0.0, math.log(c / (1 - share)) / drain)
        assert waits.quantiles([share]) == [pytest.approx(expected, rel=0.15, abs=0.005)]


def test_a_gate_of_one_place_in_one_replica_is_one_server():
    """What waits at the gate and what waits at the gateway wait together as long as before one server."""
    rate, mean = 8.0, 0.1
    alone = measured(rate, exponential(mean), target=1).stages["latency"].quantiles()
    gated = measured(rate, exponential(mean), target=1000, places=1).stages["latency"].quantiles()
    assert gated == pytest.approx(alone, rel=1e-9)


def test_as_many_places_as_requests_are_as_many_servers():
    rate, mean = 60.0, 0.1
    replicas = measured(rate, exponential(mean), replicas=8).stages["latency"].quantiles()
    places = measured(rate, exponential(mean), target=8, places=8).stages["latency"].quantiles()
    assert places == pytest.approx(replicas, rel=1e-9)


def test_equal_service_times_halve_the_wait():
    """M/D/1 against M/M/1 (Pollaczek and Khinchine): the mean wait is half as long."""
    rate, mean = 8.0, 0.1

    def queued(predict):
        moments = measured(rate, predict).moments
        return sum(one.queued for one in moments) / len(moments)

    assert queued(Constant(mean)) / queued(exponential(mean)) == pytest.approx(0.5, rel=0.15)


def test_a_lognormal_has_the_percentiles_it_was_given():
    predict = measured(1.0, Lognormal(p50=0.2, p95=0.6)).stages["predict"]
    assert predict.quantiles([0.5, 0.95]) == pytest.approx([0.2, 0.6], rel=0.03)
    assert Lognormal(0.2, 0.6).mean == pytest.approx(
        0.2 * math.exp((math.log(3) / 1.6449) ** 2 / 2), rel=1e-4
    )


def test_a_fit_finds_what_was_drawn():
    draw = Lognormal(0.2, 0.6).draws(Random(1))
    found = fitted([draw() for _ in range(20_000)])
    assert (found.p50, found.p95) == pytest.approx((0.2, 0.6), rel=0.03)
    assert fitted([0.3, 0.3]).mean == pytest.approx(0.3)
    assert fitted([]) == Constant(0.0)


@pytest.mark.parametrize(
    ("arrivals", "expected"),
    [
        (Steady(5.0), 5 * 36_000),
        (Poisson(5.0), 5 * 36_000),
        (Bursts(2.0, 20.0, every=600, lasts=60), 2 * 36_000 + 18 * 60 * 59),
        (DayCurve(5.0, trough=0.2, day=36_000), 5 * 36_000),
    ],
)
def test_as_many_come_as_the_rate_says(arrivals, expected):
    traffic = Synthetic(arrivals, Stages(Constant(0.1)))
    instants = [one.arrived_at for one in traffic.requests(1, 36_000)]
    assert instants == sorted(instants)
    assert len(instants) == pytest.approx(expected, rel=0.02)


def test_a_day_is_quietest_at_its_begin_and_busiest_at_noon():
    traffic = Synthetic(DayCurve(5.0, trough=0.2, day=24_000), Stages(Constant(0.1)))
    instants = [one.arrived_at for one in traffic.requests(1, 24_000)]
    hours = [sum(1000 * hour <= at < 1000 * (hour + 1) for at in instants) for hour in range(24)]
    assert hours[0] == pytest.approx(0.2 * 5000, rel=0.1)
    assert hours[12] == pytest.approx(1.8 * 5000, rel=0.1)
