import logging
from pathlib import Path

import pytest

from headway.control.platform import Deployment, Platform
from headway.control.rollout import Rollout
from headway.core.settings import DeploymentSettings


def deployment(name, **settings):
    here = Path()
    return Deployment(name, "echo", here, here, {}, DeploymentSettings(**settings))


class Story:
    def __init__(self):
        self.platform = Platform()
        self.platform.deploy(deployment("old"))
        self.rollout = Rollout(self.platform)
        self.ready = {"old": 1}
        self.failures = {}

    def advance(self):
        self.rollout.advance(lambda one: self.ready.get(one, 0), lambda one: self.failures.get(one, ""))
        return self.serving(), self.wanted()

    def serving(self):
        return self.platform.environments["echo", "production"]

    def wanted(self):
        return {name for name, one in self.platform.deployments.items() if one.is_wanted}


@pytest.fixture
def story():
    return Story()


def test_the_old_deployment_serves_until_the_new_one_has_as_many_replicas_ready(story):
    story.rollout.begin(deployment("new", max_replica=4), present=2)
    assert story.rollout.needs == {"new": 2}
    assert story.advance() == ("old", {"old", "new"})
    story.ready["new"] = 1
    assert story.advance() == ("old", {"old", "new"})
    story.ready["new"] = 2
    assert story.advance() == ("new", {"new"})
    assert story.rollout.needs == {}


def test_it_needs_no_more_replicas_than_it_may_have_and_at_least_one(story):
    story.rollout.begin(deployment("new", max_replica=3), present=5)
    assert story.rollout.needs == {"new": 3}
    story.rollout.begin(deployment("newer"), present=0)
    assert story.rollout.needs == {"newer": 1}


def test_a_new_deployment_that_does_not_start_is_given_up_and_the_reason_told(story, caplog):
    story.rollout.begin(deployment("new"))
    story.failures["new"] = "no weights"
    with caplog.at_level(logging.ERROR):
        assert story.advance() == ("old", {"old"})
    assert "no weights" in caplog.text
    assert story.advance() == ("old", {"old"})


def test_of_two_changes_in_a_row_the_later_one_counts(story):
    story.rollout.begin(deployment("new"))
    story.rollout.begin(deployment("newer"))
    story.ready |= {"new": 1, "newer": 1}
    assert story.advance() == ("newer", {"newer"})


def test_a_change_that_is_taken_back_leaves_what_served(story):
    story.rollout.begin(deployment("new"))
    story.rollout.begin(deployment("old"))
    story.ready["new"] = 1
    assert story.advance() == ("old", {"old"})


def test_rollout_replace_lets_the_old_one_go_first(story):
    story.rollout.begin(deployment("new", rollout="replace"))
    assert story.advance() == ("new", {"new"})
    assert story.rollout.replaced == {"new": "old"}
    story.ready["new"] = 1
    assert story.advance() == ("new", {"new"})
    assert story.rollout.replaced == {}


def test_a_replacing_deployment_that_does_not_start_gives_its_place_back(story):
    story.rollout.begin(deployment("new", rollout="replace"))
    story.failures["new"] = "no weights"
    assert story.advance() == ("old", {"old"})


def test_a_surge_without_room_for_both_becomes_a_replacement(story):
    story.rollout.begin(deployment("new"))
    assert story.rollout.replace("new")
    assert story.advance() == ("new", {"new"})
    assert not story.rollout.replace("new"), "there is nobody left who could make room"


def test_a_change_during_a_replacement_starts_from_what_served(story):
    story.rollout.begin(deployment("new", rollout="replace"))
    story.rollout.begin(deployment("newer"))
    assert story.advance() == ("old", {"old", "newer"})


def test_the_first_deployment_of_an_environment_replaces_nobody(story):
    story.rollout.begin(deployment("new", rollout="replace"), environment="staging")
    assert story.rollout.replaced == {}
    assert story.advance() == ("old", {"old", "new"})
