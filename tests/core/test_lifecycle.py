import itertools

import pytest

from headway.core.errors import UsageError
from headway.core.lifecycle import TRANSITIONS, ReplicaState, require_transition


def test_every_state_has_its_row_and_every_state_but_the_last_can_end():
    assert set(TRANSITIONS) == set(ReplicaState)
    for state, following in TRANSITIONS.items():
        assert (ReplicaState.EXITED in following) == (state is not ReplicaState.EXITED)


def test_a_whole_life_is_allowed():
    life = ["starting", "ready", "unhealthy", "ready", "draining", "ready", "draining", "stopping", "exited"]
    for current, following in itertools.pairwise(life):
        require_transition(ReplicaState(current), ReplicaState(following))


@pytest.mark.parametrize(
    ("current", "following"),
    [("stopping", "ready"), ("exited", "starting"), ("starting", "draining"), ("draining", "unhealthy")],
)
def test_what_the_table_does_not_name_is_refused(current, following):
    with pytest.raises(UsageError, match=f"{current} cannot become {following}"):
        require_transition(ReplicaState(current), ReplicaState(following))


def test_only_what_serves_or_is_on_its_way_counts_against_the_desired_number():
    serving = {state for state in ReplicaState if state.is_serving}
    assert serving == {ReplicaState.STARTING, ReplicaState.READY, ReplicaState.UNHEALTHY}
