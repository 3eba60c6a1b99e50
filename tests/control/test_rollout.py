import logging
from pathlib import Path

import pytest

from headway.control.platform import Deployment, Platform
from headway.control.rollout import Rollout
from headway.core.settings import DeploymentSettings


def deployment(name, replicas=1, **settings):
    here = Path()
    return Deployment(name, "echo", here, here, {}, DeploymentSettings(**settings), replicas=replicas)


class Story:
    def __init__(self):
        self.platform = Platform()
        self.platform.deploy(deployment("old"))
        self.rollout = Rollout(self.platform)
        self.ready = {"old": 1}
        self.failures = {}

    def advance(self):
        self.rollout.advance(lambda one: self.ready.get(one, 0), lambda one: self.failures.get(one, ""))
        return self.serving(), self.desired()

    def serving(self):
        return self.platform.environments["echo", "production"]

    def desired(self):
        return {name: one.replicas for name, one in self.platform.deployments.items()}


@pytest.fixture
def story():
    return Story()


def test_the_old_deployment_serves_until_every_replica_of_the_new_one_is_ready(story):
    story.rollout.begin(deployment("new", replicas=2))
    assert story.advance() == ("old", {"old": 1, "new": 2})
    story.ready["new"] = 1
    assert story.advance() == ("old", {"old": 1, "new": 2})
    story.ready["new"] = 2
    assert story.advance() == ("new", {"old": 0, "new": 2})


def test_a_new_deployment_that_does_not_start_is_given_up_and_the_reason_told(story, caplog):
    story.rollout.begin(deployment("new"))
    story.failures["new"] = "no weights"
    with caplog.at_level(logging.ERROR):
        assert story.advance() == ("old", {"old": 1, "new": 0})
    assert "no weights" in caplog.text
    assert story.advance() == ("old", {"old": 1, "new": 0})


def test_of_two_changes_in_a_row_the_later_one_counts(story):
    story.rollout.begin(deployment("new"))
    story.rollout.begin(deployment("newer"))
    story.ready |= {"new": 1, "newer": 1}
    assert story.advance() == ("newer", {"old": 0, "new": 0, "newer": 1})


def test_a_change_that_is_taken_back_leaves_what_served(story):
    story.rollout.begin(deployment("new"))
    story.rollout.begin(deployment("old"))
    story.ready["new"] = 1
    assert story.advance() == ("old", {"old": 1, "new": 0})


def test_rollout_replace_lets_the_old_one_go_first(story):
    story.rollout.begin(deployment("new", rollout="replace"))
    assert story.advance() == ("new", {"old": 0, "new": 1})
