"""One trace through the gateway's shell and through the simulator: the same events, within a tick of the clock."""

from hypothesis import given, settings
from hypothesis import strategies as st

from headway.core.events import Drained
from headway.core.settings import DeploymentSettings
from headway.planner.simulation.agenda import Agenda
from headway.planner.simulation.data_plane import DataPlane
from headway.planner.simulation.measures import Measures
from headway.planner.simulation.traffic import Request
from parity.facts import told_anew
from parity.gateway_shell import run_through_gateway
from parity.trace import Arrival, Move, ReplicaMove, SettingsChange, Trace
from parity.virtual_loop import TICK


def run_through_simulator(trace):
    """The dispatcher's events; requests are named by their numbers."""
    agenda, events, numbers = Agenda(), [], {}

    def observe(told):
        for event in told:
            is_about_a_request = hasattr(event, "request")
            events.append(told_anew(event, request=numbers[event.request]) if is_about_a_request else event)

    plane = DataPlane(agenda, trace.settings, trace.predict_concurrency, Measures(), observe=observe)
    for step in trace.steps:
        agenda.run_while(lambda: True, until=step.at)
        match step:
            case Arrival(at, predict, preprocess, postprocess):
                request = Request(at, preprocess, predict, postprocess)
                numbers[request] = len(numbers)
                plane.arrive(request, at)
            case SettingsChange(at, changed):
                plane.change_settings(changed, at)
            case ReplicaMove(at, replica_id, move):
                _MOVES[move](plane, replica_id, at)
    agenda.run_while(lambda: not plane.is_idle, until=step.at + 10_000)
    return events


_MOVES = {
    Move.ADDED: DataPlane.add_replica,
    Move.DRAINING: DataPlane.drain_replica,
    Move.TAKEN_BACK: DataPlane.undrain_replica,
    Move.REMOVED: DataPlane.remove_replica,
}


def told(events):
    """As control understands them: who is drained already is not drained again."""
    kept = []
    drained = set()
    for event in events:
        if isinstance(event, Drained):
            if event.replica_id in drained:
                continue
            drained.add(event.replica_id)
        elif getattr(event, "replica_id", None) in drained:
            drained.discard(event.replica_id)
        kept.append(event)
    return kept


def rounded(event):
    """Without the last digits of its times."""
    times = {
        name: round(value / TICK)
        for name in event.__match_args__
        if isinstance(value := getattr(event, name), float)
    }
    return told_anew(event, **times)


def assert_equal(trace):
    gateway, simulator = (
        told(run(trace)) for run in (lambda one: run_through_gateway(one).events, run_through_simulator)
    )
    assert [rounded(one) for one in simulator] == [rounded(one) for one in gateway]


ticks = st.integers(0, 6000).map(lambda number: number * 0.0137)
"""Instants and durations that seldom meet."""
services = st.builds(Arrival, ticks, *[st.integers(1, 400).map(lambda number: number * 0.00731)] * 3)


@st.composite
def traces(draw):
    numbers = st.fixed_dictionaries(
        {
            "concurrency_target": st.integers(1, 5),
            "queue_limit": st.sampled_from([2, 10_000]),
            "queue_timeout": st.sampled_from([3.0, 1200.0]),
            "request_timeout": st.sampled_from([2.5, 1200.0]),
            "retry_on_crash": st.booleans(),
        }
    ).map(lambda chosen: DeploymentSettings(**chosen))
    changes = [SettingsChange(draw(ticks), draw(numbers)) for _ in range(draw(st.integers(0, 3)))]
    for number in range(draw(st.integers(1, 4))):
        moves = (Move.ADDED, *draw(st.sampled_from(_LIVES)))
        instants = sorted(draw(st.lists(ticks, min_size=len(moves), max_size=len(moves), unique=True)))
        changes += [ReplicaMove(at, f"r{number}", move) for at, move in zip(instants, moves, strict=True)]
    arrivals = sorted(draw(st.lists(services, min_size=1, max_size=40)), key=lambda one: one.at)
    return Trace(draw(numbers), draw(st.integers(1, 4)), tuple(arrivals), tuple(changes))


_LIVES = (
    (),
    (Move.REMOVED,),
    (Move.DRAINING,),
    (Move.DRAINING, Move.REMOVED),
    (Move.DRAINING, Move.TAKEN_BACK),
    (Move.DRAINING, Move.TAKEN_BACK, Move.DRAINING, Move.REMOVED),
)


@given(traces())
@settings(max_examples=100)
def test_gateway_and_simulator_tell_the_same(trace):
    assert_equal(trace)
