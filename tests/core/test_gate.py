import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headway.core.errors import UsageError
from headway.core.gate import Gate, GateStatistics


def test_at_predict_concurrency_one_the_second_enters_when_the_first_leaves():
    gate: Gate[str] = Gate(1)
    assert gate.arrive("1") == ("1",)
    assert gate.arrive("2") == ()
    assert gate.leave("1") == ("2",)
    assert gate.leave("2") == ()
    assert gate.statistics() == GateStatistics(limit=1, inside=0, waiting=0)


def test_a_waiter_that_gives_up_never_enters():
    gate: Gate[str] = Gate(1)
    for request in "123":
        gate.arrive(request)
    assert gate.give_up("2")
    assert not gate.give_up("2")
    assert not gate.give_up("1"), "it is inside"
    assert gate.leave("1") == ("3",)


def test_leaving_without_being_inside_is_an_error():
    gate: Gate[str] = Gate(1)
    gate.arrive("1")
    gate.arrive("2")
    with pytest.raises(UsageError, match="'2' is not inside"):
        gate.leave("2")
    gate.leave("1")
    with pytest.raises(UsageError, match="'1' is not inside"):
        gate.leave("1")


def test_arriving_twice_is_an_error():
    gate: Gate[str] = Gate(1)
    gate.arrive("1")
    gate.arrive("2")
    for request in "12":
        with pytest.raises(UsageError, match="at the gate already"):
            gate.arrive(request)


def test_a_gate_has_a_place():
    with pytest.raises(UsageError, match="0 places"):
        Gate(0)


def test_its_text_shows_the_load():
    gate: Gate[int] = Gate(2)
    for request in range(3):
        gate.arrive(request)
    assert repr(gate) == "<Gate 2/2 inside, 1 waiting>"


class GateMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.limit = 2
        self.gate: Gate[int] = Gate(self.limit)
        self.arrived = 0
        self.inside: list[int] = []
        self.waiting: list[int] = []

    @rule()
    def arrive(self):
        self.arrived += 1
        self.waiting.append(self.arrived)
        self.enter(self.gate.arrive(self.arrived))

    @precondition(lambda self: self.inside)
    @rule(data=st.data())
    def leave(self, data):
        request = data.draw(st.sampled_from(self.inside))
        self.inside.remove(request)
        self.enter(self.gate.leave(request))

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

    @invariant()
    def at_most_the_limit_is_inside_and_no_place_is_free_while_one_waits(self):
        statistics = self.gate.statistics()
        assert (statistics.inside, statistics.waiting) == (len(self.inside), len(self.waiting))
        assert statistics.inside <= self.limit
        assert not self.waiting or statistics.inside == self.limit


TestGate = GateMachine.TestCase
