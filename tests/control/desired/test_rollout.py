import dataclasses
import logging
from pathlib import Path

import pytest

from headway.control.desired.rollout import Rollout
from headway.control.desired.state import Deployment, DesiredState, Environment, Prepared
from headway.core.settings import DeploymentSettings

HERE = Path()
PRODUCTION = ("echo", "production")


def deployment(name, **settings):
    return Deployment(name, "echo", DeploymentSettings(**settings), Prepared(HERE, HERE))


class Story:
    def __init__(self):
        self.desired_state = DesiredState()
        self.desired_state.put(deployment("old"), Environment(*PRODUCTION, "old"))
        self.rollout = Rollout(self.desired_state)
        self.ready = {"old": 1}
        self.failures = {}

    def begin(self, new, target=PRODUCTION):
        self.desired_state.put(new)
        self.rollout.begin(target, new.deployment_id)

    def advance(self):
        """The deployment that serves production, and all that are not retired or set aside."""
        self.rollout.advance(self.present, self.present, lambda one: self.failures.get(one, ""))
        return self.serving(), self.wanted()

    def present(self, deployment_id):
        return self.ready.get(deployment_id, 0)

    def need(self, deployment_id):
        return self.rollout.need_of(deployment_id, self.present)

    def serving(self):
        return self.desired_state.points_at(PRODUCTION)

    def wanted(self):
        return {
            name
            for name, one in self.desired_state.deployments.items()
            if not one.is_retired and not self.desired_state.is_set_aside(name)
        }


@pytest.fixture
def story():
    return Story()


def test_the_old_deployment_serves_until_the_new_one_has_as_many_replicas_ready(story):
    story.ready["old"] = 2
    story.begin(deployment("new", max_replica=4))
    assert story.need("new") == 2
    assert story.advance() == ("old", {"old", "new"})
    story.ready["new"] = 1
    assert story.advance() == ("old", {"old", "new"})
    story.ready["new"] = 2
    assert story.advance() == ("new", {"new"})
    assert story.need("new") == 0
    assert story.rollout.retiring == {"old"}


def test_it_needs_no_more_replicas_than_it_may_have_and_at_least_one(story):
    story.ready["old"] = 5
    story.begin(deployment("new", max_replica=3))
    assert story.need("new") == 3
    story.ready["old"] = 0
    story.begin(deployment("newer"))
    assert (story.need("new"), story.need("newer")) == (0, 1)


def test_a_new_deployment_that_does_not_start_is_given_up_and_the_reason_told(story, caplog):
    story.begin(deployment("new"))
    story.failures["new"] = "no weights"
    with caplog.at_level(logging.ERROR):
        assert story.advance() == ("old", {"old"})
    assert "no weights" in caplog.text
    assert story.advance() == ("old", {"old"})


def test_a_new_deployment_is_waited_for_while_it_is_prepared_and_given_up_when_it_cannot_be(story):
    story.begin(dataclasses.replace(deployment("new", rollout="replace"), prepared=None))
    assert story.advance() == ("old", {"old", "new"}), "what serves goes only when something can follow"
    unprepared = story.desired_state.deployments["new"]
    story.desired_state.put(dataclasses.replace(unprepared, failure="no such package"))
    assert story.advance() == ("old", {"old"})


def test_of_two_changes_in_a_row_the_later_one_counts(story):
    story.begin(deployment("new"))
    story.begin(deployment("newer"))
    story.ready |= {"new": 1, "newer": 1}
    assert story.advance() == ("newer", {"newer"})


def test_a_change_that_is_taken_back_leaves_what_served(story):
    story.begin(deployment("new"))
    story.rollout.begin(PRODUCTION, "old")
    story.ready["new"] = 1
    assert story.advance() == ("old", {"old"})


def test_what_was_retired_serves_again_when_it_is_promoted(story):
    story.begin(deployment("new"))
    story.ready["new"] = 1
    assert story.advance() == ("new", {"new"})
    story.rollout.begin(PRODUCTION, "old")
    assert story.advance() == ("old", {"old"})
    assert story.rollout.retiring == {"new"}


def test_rollout_replace_lets_the_old_one_go_first(story):
    story.begin(deployment("new", rollout="replace"))
    assert story.advance() == ("new", {"new"})
    assert story.rollout.waits_for("new") == "old"
    story.ready["new"] = 1
    assert story.advance() == ("new", {"new"})
    assert story.rollout.waits_for("new") is None


def test_a_replacing_deployment_that_does_not_start_gives_its_place_back(story):
    story.begin(deployment("new", rollout="replace"))
    story.failures["new"] = "no weights"
    assert story.advance() == ("old", {"old"})


def test_a_surge_without_room_for_both_becomes_a_replacement(story):
    story.begin(deployment("new"))
    assert story.rollout.replace("new")
    assert story.advance() == ("new", {"new"})
    assert not story.rollout.replace("new"), "there is nobody left who could make room"


def test_a_change_during_a_replacement_starts_from_what_served(story):
    story.begin(deployment("new", rollout="replace"))
    story.begin(deployment("newer"))
    assert story.advance() == ("old", {"old", "newer"})


def test_the_first_deployment_of_an_environment_replaces_nobody(story):
    story.begin(deployment("new", rollout="replace"), target=("echo", "staging"))
    assert story.rollout.waits_for("new") is None
    assert story.advance() == ("old", {"old", "new"})
    assert story.desired_state.points_at(("echo", "staging")) == "new"


def test_a_deployment_that_another_environment_uses_is_not_retired(story):
    story.rollout.begin(("echo", "staging"), "old")
    story.begin(deployment("new"))
    story.ready["new"] = 1
    assert story.advance() == ("new", {"new", "old"})


def test_a_control_that_is_started_anew_goes_on_with_what_is_under_way(story):
    story.begin(deployment("new"))
    story.rollout = Rollout(story.desired_state)
    story.ready["new"] = 1
    assert story.advance() == ("new", {"new"})


def test_a_change_that_is_called_off_leaves_what_served_or_brings_it_back(story):
    for how in ("surge", "replace"):
        story.begin(deployment("new", rollout=how))
        story.rollout.call_off(PRODUCTION)
        assert story.advance() == ("old", {"old"}), how
        story.rollout.call_off(PRODUCTION)
        assert story.serving() == "old"
