"""Whatever comes: nothing is lost or counted twice, no limit is passed, and the same seed gives the same."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.core.events import Dispatched, Finished, Lost, Queued, Returned
from headway.core.settings import DeploymentSettings
from headway.observed.records import Outcome
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.durations import Constant, Lognormal
from headway.planner.simulation.report import Trial, document
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.simulate import simulate
from headway.planner.simulation.traffic import Bursts, Poisson, Stages, Synthetic

durations = st.one_of(
    st.builds(Constant, st.floats(0, 3)),
    st.floats(0.01, 2).flatmap(lambda p50: st.builds(Lognormal, st.just(p50), st.floats(p50, p50 * 5))),
)
rates = st.floats(0.2, 20)


@st.composite
def scenarios(draw):
    low = draw(st.integers(0, 3))
    numbers = DeploymentSettings(
        concurrency_target=draw(st.integers(1, 6)),
        min_replica=low,
        max_replica=draw(st.integers(max(low, 1), 8)),
        autoscaling_window=draw(st.sampled_from([10, 60])),
        scale_down_delay=draw(st.sampled_from([0, 5, 60])),
        queue_limit=draw(st.sampled_from([0, 3, 10_000])),
        queue_timeout=draw(st.sampled_from([0.5, 5, 1200])),
        request_timeout=draw(st.sampled_from([1.0, 1200])),
        abandon_grace=draw(st.sampled_from([2.0, 60])),
        retry_on_crash=draw(st.booleans()),
    )
    arrivals = draw(
        st.one_of(
            st.builds(Poisson, rates),
            rates.flatmap(
                lambda rate: st.builds(Bursts, st.just(rate), st.just(rate * 4), st.just(20), st.just(5))
            ),
        )
    )
    return Scenario(
        Synthetic(arrivals, Stages(draw(durations), draw(durations), draw(durations))),
        [Variant("one", numbers, draw(st.integers(1, 6)), draw(st.none() | st.just(1)))],
        duration=30.0,
        life=ReplicaLife(
            start=draw(durations),
            start_failures=draw(st.sampled_from([0.0, 0.3])),
            crash_every=draw(st.sampled_from([5.0, 1e9])),
        ),
        parallel=draw(st.none() | st.integers(1, 4)),
        slo=1.0,
        seed=draw(st.integers(0, 1000)),
    )


class Ledger:
    """Follows the dispatcher's events, and holds them to the invariants."""

    def __init__(self, target):
        self.target = target
        self.queue = []
        self.holding = {}
        self.ended = Counter()

    def __call__(self, events):
        for event in events:
            match event:
                case Queued():
                    self.queue.append(event.request)
                case Dispatched():
                    if self.queue:
                        assert self.queue.pop(0) is event.request, "first in, first out"
                    self.holding[event.request] = event.replica_id
                    held = sum(one == event.replica_id for one in self.holding.values())
                    assert held <= self.target
                case Finished() | Lost():
                    del self.holding[event.request]
                    self.ended[event.request] += 1
                case Returned():
                    del self.holding[event.request]
                    self.queue.append(event.request)
                    self.queue.sort(key=lambda one: one.arrived_at)
                case _:
                    if getattr(event, "request", None) in self.queue:
                        self.queue.remove(event.request)


@given(scenarios())
@settings(max_examples=60)
def test_every_request_ends_once_and_no_limit_is_passed(scenario):
    (variant,) = scenario.variants
    ledger = Ledger(variant.settings.concurrency_target)
    measures = simulate(scenario, variant, observe=ledger)
    came = list(scenario.traffic.requests(scenario.seed, scenario.duration))
    assert sum(measures.outcomes.values()) == len(came)
    assert set(ledger.ended.values()) <= {1}
    assert not ledger.queue
    assert measures.stages["latency"].count == measures.outcomes[Outcome.FINISHED]
    assert measures.most_present <= variant.settings.max_replica + len(measures.decisions)
    assert sum(one.arrivals for one in measures.moments) == len(came)


@given(scenarios())
@settings(max_examples=15)
def test_the_same_seed_gives_the_same_report(scenario):
    (variant,) = scenario.variants
    first, second = (document(scenario, [Trial(variant, simulate(scenario, variant))]) for _ in range(2))
    assert first == second
