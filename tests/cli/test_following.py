"""What a deployment's states mean for who waits for it, told by a control that follows a script."""

import itertools

import pytest

from headway.cli import following
from headway.cli.exit_codes import UnavailableError
from headway.cli.following import Following, NotServedError, line_of


def state(status, **changes):
    start = {"id": "d2", "model_name": "echo", "reason": "", "preparation": None, "ready_replicas": 0}
    return {**start, "status": status, **changes}


class Script:
    """Control that tells one state after another, the last for ever; `moves` are the environment's."""

    def __init__(self, *states, moves=()):
        self._states = itertools.chain(states, itertools.repeat(states[-1]))
        self._moves = iter(moves)
        self.orders = []

    def get(self, path):
        if "/environments/" in path:
            current, candidate = next(self._moves)
            as_document = {None: None, "d1": {"id": "d1"}, "d2": {"id": "d2"}}
            return {
                "current_deployment": as_document[current],
                "candidate_deployment": as_document[candidate],
            }
        found = next(self._states)
        if isinstance(found, Exception):
            raise found
        return found

    def post(self, path):
        self.orders.append(path.rpartition("/")[2])


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(following, "_POLL_EVERY", 0.0)


def follow(script, environment=None):
    told = []
    served = Following(script, state("BUILDING"), environment).until_served(told.append)
    return served["status"], told


def test_it_serves_when_a_replica_is_ready():
    script = Script(state("BUILDING", preparation={"line": "resolving"}), state("DEPLOYING"), state("ACTIVE"))
    assert follow(script) == ("ACTIVE", ["building: resolving", "starting replicas: 0 ready"])
    assert script.orders == []


def test_a_replica_is_started_though_nothing_asks_for_one():
    script = Script(state("SCALED_TO_ZERO"), state("DEPLOYING"), state("ACTIVE"))
    assert follow(script)[0] == "ACTIVE"
    assert script.orders == ["wake"]


def test_one_that_has_come_and_gone_between_two_looks_is_enough():
    script = Script(state("SCALED_TO_ZERO"))
    assert follow(script)[0] == "SCALED_TO_ZERO"
    assert script.orders == ["wake"]


def test_one_that_failed_is_started_again_until_control_gives_up():
    failing = state("SCALED_TO_ZERO", reason="no weights")
    script = Script(state("SCALED_TO_ZERO"), failing, failing, state("FAILED", reason="no weights"))
    with pytest.raises(NotServedError, match="it does not start: no weights"):
        follow(script)
    assert script.orders == ["wake"] * 3
    with pytest.raises(NotServedError, match="no weights"):
        follow(Script(failing))


@pytest.mark.parametrize(
    ("status", "words"),
    [("BUILD_FAILED", "could not be built: bad"), ("INACTIVE", "deactivated"), ("DELETING", "deleted")],
)
def test_what_will_never_serve_is_told(status, words):
    with pytest.raises(NotServedError, match=words):
        follow(Script(state(status, reason="bad")))


def test_it_serves_only_when_its_environment_has_moved():
    moves = [("d1", "d2"), ("d1", "d2"), ("d2", None)]
    assert follow(Script(state("ACTIVE"), moves=moves), "production")[0] == "ACTIVE"


def test_an_environment_that_stays_with_another_is_told_with_the_reason():
    script = Script(state("SCALED_TO_ZERO", reason="no weights"), moves=[("d1", None)])
    with pytest.raises(NotServedError, match="production stays with d1: no weights"):
        follow(script, "production")


def test_control_may_be_away_for_a_while(monkeypatch):
    away = UnavailableError("nothing answers")
    assert follow(Script(away, away, state("ACTIVE")))[0] == "ACTIVE"
    monkeypatch.setattr(following, "_LONGEST_SILENCE", 0.0)
    with pytest.raises(UnavailableError):
        follow(Script(away))


def test_the_line_says_why_it_starts_again():
    assert line_of(state("DEPLOYING", reason="no weights")) == "starting again after: no weights"
    assert line_of(state("BUILDING")) == "building"
