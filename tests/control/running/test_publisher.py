import dataclasses
import time
from pathlib import Path

import pytest

from headway.control.desired.state import Deployment, DesiredState, Environment, Prepared
from headway.control.running.publisher import Publisher
from headway.control.running.table_store import TableStore
from headway.core.reconcile import Failed
from headway.core.settings import DeploymentSettings
from headway.gateway.table import DeploymentState, RoutingTable

HERE = Path()


class LinkDouble:
    def __init__(self):
        self.sent = []
        self.newest_applied = 0

    @property
    def table(self):
        return self.sent[-1] if self.sent else None

    def publish(self, table, text):
        assert RoutingTable.from_json(text) == table
        self.sent.append(table)


class NoReplicas:
    def of(self, _):
        return []


@pytest.fixture
def story(tmp_path):
    class Story:
        def __init__(self):
            self.desired_state, self.link = DesiredState(), LinkDouble()
            self.begin()

        def begin(self):
            """Another life of control."""
            self.link = LinkDouble()
            store = TableStore(tmp_path / "table.json")
            self.publisher = Publisher(self.desired_state, NoReplicas(), self.link, store)

        def published(self):
            self.publisher.publish()
            return self.link.sent

    return Story()


def deployment(**known):
    return Deployment("d1", "echo", prepared=Prepared(HERE, HERE), **known)


def test_a_table_is_sent_when_it_says_something_new_and_once_in_each_life(story):
    assert [one.deployments for one in story.published()] == [()]
    assert len(story.published()) == 1
    story.desired_state.put(deployment())
    first, second = story.published()
    assert second.version > first.version
    story.desired_state.put(deployment(name="other"))
    assert len(story.published()) == 2, "gateways know no names of deployments"
    story.begin()
    assert story.published() == [second], "nothing is new, but this life's gateways have to hear of it"


def test_settings_environments_and_keys_are_in_it(story):
    settings = DeploymentSettings(queue_limit=5)
    story.desired_state.put(
        deployment(settings=settings),
        Environment("echo", "production", "d1"),
        Environment("echo", "staging"),
    )
    story.publisher.keys = {"ab": ("manage",)}
    [table] = story.published()
    assert table.deployments[0].settings == settings
    assert table.environments == {("echo", "production"): "d1"}
    assert table.keys == {"ab": ("manage",)}


def test_the_state_says_why_requests_are_not_taken(story):
    story.desired_state.put(deployment())
    failed = Failed("no weights", time.monotonic() + 60)

    def state():
        route = story.published()[-1].deployments[0]
        return route.state, route.reason, route.retry_after > 50

    assert state() == (DeploymentState.ACTIVE, "", False)
    story.publisher.note_failed("d1", failed)
    assert state() == (DeploymentState.FAILED, "no weights", True)
    sent = len(story.link.sent)
    story.publisher.note_failed("d1", dataclasses.replace(failed, next_attempt_at=failed.next_attempt_at + 1))
    story.published()
    assert len(story.link.sent) == sent, "only time has passed"
    story.desired_state.put(deployment(failure="no such package"))
    assert state() == (DeploymentState.FAILED, "no such package", False)
    story.desired_state.put(deployment(failure="no such package", is_active=False))
    assert state() == (DeploymentState.INACTIVE, "", False)
    story.desired_state.put(deployment())
    story.publisher.note_failed("d1", None)
    assert state() == (DeploymentState.ACTIVE, "", False)


def test_a_table_is_above_what_a_gateway_goes_by_already(story):
    [first] = story.published()
    story.link.newest_applied = first.version + 1_000_000
    _, second = story.published()
    assert second.version > story.link.newest_applied
    assert len(story.published()) == 2
