import asyncio
import dataclasses
from pathlib import Path

import pytest

from backends.contract.fake import FakeBackend
from headway.backends.base import SECRETS_VARIABLE, ReplicaExit, RunningReplica, Unplaceable
from headway.control.credentials.secret_views import SecretViews
from headway.control.desired.state import Deployment, Prepared
from headway.control.running import replicas as replicas_module
from headway.control.running.probes import Health
from headway.control.running.replicas import Listeners, ReplicaSet
from headway.core.lifecycle import ReplicaState
from headway.gateway.table import DeploymentRoute, ReplicaRoute, RoutingTable

HERE = Path()


def deployment(name="d1", **known):
    return Deployment(name, "echo", prepared=Prepared(HERE, HERE, **known))


class Story:
    def __init__(self, directory):
        self.backend, self.told, self.slots = FakeBackend(), [], {}
        self.probed, self.health = asyncio.Queue(), asyncio.Queue()
        self.loads = False
        self.replicas = ReplicaSet(
            self.backend,
            directory,
            lambda replica_id: self.slots.get(replica_id, 0),
            Listeners(
                lambda: self.told.append("changed"),
                lambda replica: self.told.append(("ready", replica.replica_id)),
                lambda replica, reason: self.told.append(("failed", replica.replica_id, reason)),
            ),
        )

    async def until_ready(self, address, told):
        self.probed.put_nowait(address)
        if self.loads:
            await told.wait()

    async def probe(self, address):
        self.probed.put_nowait(address)
        return await self.health.get()


@pytest.fixture
def story(tmp_path, monkeypatch):
    world = Story(tmp_path)
    monkeypatch.setattr(replicas_module, "until_ready", world.until_ready)
    monkeypatch.setattr(replicas_module, "probe", world.probe)
    monkeypatch.setattr(replicas_module, "PROBE_EVERY", 0.0)
    return world


async def adopted(story, table=None):
    await story.replicas.adopt(table or RoutingTable(0))
    return story.replicas


async def test_replicas_have_the_lowest_free_number_of_their_model_and_a_log_of_their_own(story, tmp_path):
    replicas = await adopted(story)
    for generation in (1, 2):
        await replicas.start(deployment(), generation, 0.0)
    await replicas.start(deployment("d2"), 3, 0.0)
    story.backend.exit("echo-1", code=0)
    await replicas.start(deployment("d2"), 4, 0.0)
    assert [one.replica_id for one in replicas.of("d1")] == ["echo-2"]
    assert [one.replica_id for one in replicas.of("d2")] == ["echo-3", "echo-1"]
    assert (replicas.present("d1"), replicas.present("d2"), replicas.present("none")) == (1, 2, 0)
    assert story.backend.specs[-1].log_path == tmp_path / "d2" / "echo-1.log"


async def test_a_replica_is_told_where_the_secrets_are_that_it_declares(story, tmp_path):
    replicas = await adopted(story)
    replicas.secrets = SecretViews(Path("/secrets"), tmp_path / "views")
    await replicas.start(deployment(environment={"A": "b"}, secrets={"token": False}), 1, 0.0)
    [spec] = story.backend.specs
    assert spec.environment == {"A": "b", SECRETS_VARIABLE: str(tmp_path / "views" / "d1")}
    assert spec.secrets == ("token",)
    assert [path.readlink() for path in (tmp_path / "views" / "d1").iterdir()] == [Path("/secrets/token")]


async def test_where_secrets_cannot_be_laid_out_no_replica_starts_without_them(story, tmp_path):
    replicas = await adopted(story)
    (tmp_path / "views").touch()
    replicas.secrets = SecretViews(Path("/secrets"), tmp_path / "views")
    with pytest.raises(Unplaceable, match="its secrets cannot be laid out"):
        await replicas.start(deployment(secrets={"token": False}), 1, 0.0)
    assert story.backend.specs == []


async def test_what_is_not_prepared_is_not_started_and_without_room_nothing_is_there(story):
    replicas = await adopted(story)
    await replicas.start(Deployment("d1", "echo"), 1, 0.0)
    with pytest.raises(Unplaceable):
        await replicas.start(deployment(use_gpu=True), 1, 0.0)
    assert list(replicas) == []


async def test_an_exit_that_was_asked_for_is_no_failure_and_any_other_is(story):
    replicas = await adopted(story)
    await replicas.start(deployment(), 1, 0.0)
    await replicas.stop("echo-1", "drained")
    assert story.told == ["changed"]
    await replicas.start(deployment(), 2, 0.0)
    story.backend.exit("echo-1", signal=9)
    assert story.told[1:] == [("failed", "echo-1", "killed by signal 9")]
    await replicas.stop("echo-1", "gone already")
    replicas.become("echo-1", ReplicaState.READY, "gone already")
    assert list(replicas) == []


async def test_an_exit_of_an_earlier_life_is_none_of_the_present_one(story):
    replicas = await adopted(story)
    await replicas.start(deployment(), 2, 0.0)
    for report in story.backend.reports:
        report(ReplicaExit("echo-1", 1, code=0))
    assert replicas.present("d1") == 1
    assert story.told == []


async def test_restarts_are_counted_for_the_deployment_whose_they_were(story):
    replicas = await adopted(story)
    for generation in (1, 2):
        await replicas.start(deployment(), generation, 0.0)
        story.backend.exit("echo-1", code=1)
    await replicas.start(deployment(), 3, 0.0)
    assert replicas.history(replicas["echo-1"]).restarts == 2
    await replicas.stop("echo-1", "no longer desired")
    await replicas.start(deployment("d2"), 4, 0.0)
    history = replicas.history(replicas["echo-1"])
    assert (history.restarts, history.last_exit) == (0, ""), "the id was another one's"
    story.backend.exit("echo-1", code=1)
    await replicas.start(deployment("d2"), 5, 0.0)
    assert replicas.history(replicas["echo-1"]).restarts == 1
    replicas.forget("d2")
    assert replicas.history(replicas["echo-1"]).restarts == 0


async def test_what_runs_is_taken_over_in_the_state_that_the_gateway_knows(story):
    for name, generation in (("a", 1), ("b", 2), ("c", 3)):
        story.backend.replicas[name] = RunningReplica(name, generation, "d1", "unix:/x", "unix:/y")
    routes = (
        ReplicaRoute("a", 1, "", ""),
        ReplicaRoute("b", 2, "", "", draining=True),
        ReplicaRoute("c", 9, "", ""),
    )
    replicas = await adopted(story, RoutingTable(1, (DeploymentRoute("d1", "echo", replicas=routes),)))
    states = {one.replica_id: one.state for one in replicas}
    assert states == {"a": ReplicaState.READY, "b": ReplicaState.DRAINING, "c": ReplicaState.STARTING}
    assert replicas.ready("d1") == 1


async def test_silence_counts_only_while_nothing_is_held_and_news_are_told_once(story):
    replicas = await adopted(story)
    await replicas.start(deployment(), 1, 0.0)
    async with asyncio.TaskGroup() as tasks:
        replicas.watch(tasks)
        replicas.watch(tasks)  # it is watched once
        assert await story.probed.get() == await story.probed.get() == replicas["echo-1"].running.address
        assert story.told == [("ready", "echo-1")]

        async def answered(health):
            story.health.put_nowait(health)
            await story.probed.get()
            return replicas["echo-1"].unhealthy_since is None, story.told.count("changed")

        story.slots["echo-1"] = 1
        assert await answered(Health.SILENT) == (True, 0)
        story.slots["echo-1"] = 0
        assert await answered(Health.SILENT) == (False, 1)
        assert await answered(Health.UNHEALTHY) == (False, 1)
        assert await answered(Health.HEALTHY) == (True, 2)
        story.backend.exit("echo-1", code=0)  # ends the watching, and so this block


async def test_an_exit_is_told_with_the_last_words_of_its_log_to_who_may_read_it(story):
    replicas = await adopted(story)
    await replicas.start(deployment(), 1, 0.0)
    [spec] = story.backend.specs
    spec.log_path.parent.mkdir(parents=True, exist_ok=True)
    spec.log_path.write_text("Traceback (most recent call last):\nValueError: boom\n", encoding="utf-8")
    story.backend.exit("echo-1", code=70)
    reason = "the model could not be loaded (exit code 70)"
    assert story.told[-1][-1] == reason, "the gateway passes it on to clients"
    assert replicas.explained("d1", reason) == f"{reason}: ValueError: boom"
    assert replicas.explained("d1", "not ready in time") == "not ready in time"
    replicas.forget("d1")
    assert replicas.explained("d1", reason) == reason


async def test_a_replica_is_asked_again_when_it_says_that_it_is_ready_and_not_when_another_does(story):
    story.loads = True
    replicas = await adopted(story)
    await replicas.start(deployment(), 2, 0.0)
    replica = replicas["echo-1"]
    async with asyncio.TaskGroup() as tasks:
        replicas.watch(tasks)
        await story.probed.get()
        [report] = story.backend.ready_reports
        report(dataclasses.replace(replica.running, generation=1))  # an earlier life's word
        report(dataclasses.replace(replica.running, replica_id="echo-2"))
        assert not replica.said_ready.is_set()
        story.backend.say_ready("echo-1")
        await story.probed.get()
        assert story.told == [("ready", "echo-1")]
        report(replica.running)  # late, which is no harm
        story.backend.exit("echo-1", code=0)
    story.backend.say_ready("echo-1")
    assert list(replicas) == []


async def test_what_was_said_while_control_was_away_is_found_by_asking(story):
    """The first question comes as soon as it is taken over."""
    story.backend.replicas["a"] = RunningReplica("a", 1, "d1", "unix:/x", "unix:/y")
    story.backend.say_ready("a")
    replicas = await adopted(story)
    async with asyncio.TaskGroup() as tasks:
        replicas.watch(tasks)
        assert await story.probed.get() == "unix:/x"
        await story.probed.get()
        assert replicas.ready("d1") == 1
        story.backend.exit("a", code=0)
