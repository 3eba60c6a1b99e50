"""Several gateways' reports are one load, however it lies on them and whenever each of them reports."""

import copy
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.core.demand import Demand
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load

WINDOW = 20.0

# A rate times seconds is no whole number, and to compiled code what has arrived is one.
pytestmark = pytest.mark.plain


class Reporter:
    """A gateway whose load is steady between its reports; rates are per second."""

    def __init__(self, demands, name="g0", now=0.0):
        self.demands, self.name = demands, name
        self.load = Load(now, 0, 0, 0.0, 0.0, 0.0, 0, 0)
        self.tell()

    def tell(self):
        for demand in self.demands:
            demand.record(self.name, self.load)

    def report(self, at, queued=0, in_flight=0, arrivals=0, finished=0):
        before, elapsed = self.load, at - self.load.at
        self.load = Load(
            at,
            queued,
            in_flight,
            before.queued_seconds + queued * elapsed,
            before.in_flight_seconds + in_flight * elapsed,
            before.nonempty_seconds + (elapsed if queued else 0.0),
            before.arrivals + arrivals * elapsed,
            before.finished + finished * elapsed,
        )
        self.tell()


def a_demand(**changes):
    return Demand(DeploymentSettings(autoscaling_window=WINDOW, **changes))


def means(demand, now):
    return [demand.mean(now, WINDOW), demand.mean(now, WINDOW / 10), demand.mean_of_second(now)]


few = st.integers(0, 40)
shares = st.lists(st.tuples(few, few, few, few), min_size=1, max_size=4)
"""Of one interval: queued, in flight, arrivals and finished a second, of each gateway."""


@given(st.lists(shares, min_size=1, max_size=30))
def test_gateways_that_report_shares_demand_what_one_that_reports_their_sum_does(intervals):
    apart, together = a_demand(), a_demand()
    gateways = [Reporter([apart], f"g{number}") for number in range(4)]
    one = Reporter([together])
    for count, interval in enumerate(intervals, start=1):
        for gateway, share in itertools.zip_longest(gateways, interval, fillvalue=(0, 0, 0, 0)):
            gateway.report(count / 4, *share)
        one.report(count / 4, *(sum(column) for column in zip(*interval, strict=True)))
        assert means(apart, count / 4) == pytest.approx(means(together, count / 4))
    assert (apart.queued, apart.in_flight) == (together.queued, together.in_flight)
    assert (apart.loaded_at, apart.reported_at) == (together.loaded_at, together.reported_at)


@pytest.mark.parametrize("number", [1, 2, 4])
def test_a_steady_load_demands_the_same_of_gateways_that_report_one_after_the_other(number):
    demand = a_demand()
    gateways = [Reporter([demand], f"g{one}") for one in range(number)]
    for quarter in range(1, 160):
        for place, gateway in enumerate(gateways):
            at = quarter / 4 + place / (4 * number)
            gateway.report(at, 24 / number, 8 / number, 20 / number, 20 / number)
    # Little: 8 in flight at 20 a second are 0.4 s in a slot. So 20 x 0.4 flow, and 24 x 0.4 / 30 work the queue off.
    assert means(demand, 40.0) == pytest.approx([8.32] * 3)


def test_what_a_gateway_reports_late_counts_whole_and_holds_nobody_up_meanwhile():
    demand = a_demand()
    silent, other = Reporter([demand], "g0"), Reporter([demand], "g1")
    for quarter in range(1, 17):
        other.report(quarter / 4, in_flight=2)
    assert demand.mean(4.0, WINDOW) == pytest.approx(2.0)
    silent.report(4.0, in_flight=3)
    assert demand.mean(4.0, WINDOW) == pytest.approx(5.0)
    assert demand.mean(5.0, WINDOW) == pytest.approx(5.0), "nothing is known of what came since"


def test_a_gateway_that_comes_later_counts_from_then_on():
    demand = a_demand()
    first = Reporter([demand], "g0")
    first.report(1.0, in_flight=2)
    second = Reporter([demand], "g1", now=1.0)
    for at in (1.5, 2.0):
        first.report(at, in_flight=2)
        second.report(at, in_flight=4)
    assert demand.mean(2.0, WINDOW) == pytest.approx(4.0)


def test_what_a_gateway_that_is_gone_had_reported_still_counts():
    demand = a_demand()
    stays, goes = Reporter([demand], "g0"), Reporter([demand], "g1")
    goes.report(0.75, in_flight=6)
    demand.forget("g1")
    stays.report(0.5, in_flight=1)
    assert demand.mean(0.5, WINDOW) == pytest.approx(7.0)
    stays.report(1.5, in_flight=1)
    assert demand.mean(1.5, WINDOW) == pytest.approx(4.0)
    demand.forget("g0")
    demand.forget("g0")  # nobody by then
    assert demand.mean(1.5, WINDOW) == pytest.approx(4.0)
    assert (demand.queued, demand.in_flight) == (0, 0)


def test_the_last_gateway_that_goes_takes_nothing_along():
    demand = a_demand()
    early, late = Reporter([demand], "g0"), Reporter([demand], "g1")
    late.report(0.5, in_flight=6)
    demand.forget("g0")
    assert demand.mean(0.5, WINDOW) == pytest.approx(6.0), "nobody is waited for"
    late.report(1.0, in_flight=6)
    demand.forget("g1")
    assert demand.mean(1.0, WINDOW) == pytest.approx(6.0)
    assert early.load.at == 0.0


def test_a_copy_knows_the_same_and_changes_nothing():
    demand = a_demand()
    gateways = [Reporter([demand], "g0"), Reporter([demand], "g1")]
    gateways[0].report(1.0, in_flight=4)
    other = copy.deepcopy(demand)
    gateways[1].demands = [other]
    gateways[1].report(1.0, in_flight=4)
    assert (demand.mean(1.0, WINDOW), other.mean(1.0, WINDOW)) == pytest.approx((0.0, 8.0))


def test_a_queue_lasts_from_the_report_that_found_it_until_one_finds_none():
    demand = a_demand()
    one, other = Reporter([demand]), Reporter([demand], "g1")
    assert demand.queues_since is None
    one.report(1.0, queued=1)
    other.report(2.0, queued=3)
    one.report(3.0, queued=1)
    assert demand.queues_since == 1.0
    one.report(4.0)
    assert demand.queues_since == 2.0
    other.report(5.0)
    assert demand.queues_since is None
