import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headway.core.errors import UsageError
from headway.core.gate import Gate, GateStatistics


def test_at_predict_concurrency_one_the_second_enters_when_the_first_leaves():
    gate: Gate[str] = Gate(1)
    assert gate.arrive("1", 0.0) == ("1",)
    assert gate.arrive("2", 1.0) == ()
    assert gate.leave("1", 5.0) == ("2",)
    assert gate.leave("2", 6.0) == ()
    assert gate.statistics() == GateStatistics(limit=1, inside=0, waiting=0, entered=2, wait_seconds=4.0)


def test_a_waiter_that_gives_up_never_enters():
    gate: Gate[str] = Gate(1)
    for request in "123":
        gate.arrive(request, 0.0)
    assert gate.give_up("2")
    assert not gate.give_up("2")
    assert not gate.give_up("1"), "it is inside"
    assert gate.leave("1", 1.0) == ("3",)


def test_leaving_without_being_inside_is_an_error():
    gate: Gate[str] = Gate(1)
    gate.arrive("1", 0.0)
    gate.arrive("2", 0.0)
    with pytest.raises(UsageError, match="'2' is not inside"):
        gate.leave("2", 1.0)
    gate.leave("1", 1.0)
    with pytest.raises(UsageError, match="'1' is not inside"):
        gate.leave("1", 1.0)


def test_arriving_twice_is_an_error():
    gate: Gate[str] = Gate(1)
    gate.arrive("1", 0.0)
    gate.arrive("2", 0.0)
    for request in "12":
        with pytest.raises(UsageError, match="at the gate already"):
            gate.arrive(request, 1.0)


def test_a_gate_has_a_place():
    with pytest.raises(UsageError, match="0 places"):
        Gate(0)


def test_its_text_shows_the_load():
    gate: Gate[int] = Gate(2)
    for request in range(3):
        gate.arrive(request, 0.0)
    assert repr(gate) == "<Gate 2/2 inside, 1 waiting>"


class GateMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.limit = 2
        self.gate: Gate[int] = Gate(self.limit)
        self.now = 0.0
        self.arrived = self.entered = 0
        self.inside: list[int] = []
        self.waiting: list[int] = []
        self.wait_seconds = 0.0

    @rule()
    def time_passes(self):
        self.now += 0.5
        self.wait_seconds += 0.5 * len(self.waiting)

    @rule()
    def arrive(self):
        self.arrived += 1
        self.waiting.append(self.arrived)
        self.enter(self.gate.arrive(self.arrived, self.now))

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def leave(self, data):
        request = data.draw(st.sampled_from(self.inside))
        self.inside.remove(request)
        self.enter(self.gate.leave(request, self.now))

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up(self, data):
        request = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(request)
        assert self.gate.give_up(request)

    def enter(self, entering):
        for request in entering:
            assert request == self.waiting.pop(0), "first in, first out"
            self.inside.append(request)
            self.entered += 1

    @invariant()
    def at_most_the_limit_is_inside_and_no_place_is_free_while_one_waits(self):
        statistics = self.gate.statistics()
        assert (statistics.inside, statistics.waiting) == (len(self.inside), len(self.waiting))
        assert statistics.entered == self.entered
        assert statistics.inside <= self.limit
        assert not self.waiting or statistics.inside == self.limit
        assert statistics.wait_seconds <= self.wait_seconds


TestGate = GateMachine.TestCase
