import asyncio
import contextlib
import dataclasses
import time

import pytest

from backends.contract.fake import FakeBackend
from control.gateway_double import GatewayDouble
from fakes.cluster import until
from headway.backends.base import RunningReplica
from headway.control.desired.state import Deployment, DesiredState, Environment, Prepared
from headway.control.running import replicas as replicas_module
from headway.control.running.supervisor import Supervisor
from headway.control.running.table_store import TableStore
from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings
from headway.core.statistics import Load
from headway.gateway.table import DeploymentRoute, DeploymentState, ReplicaRoute, RoutingTable


def _settings(replicas):
    return DeploymentSettings(concurrency_target=2, min_replica=replicas, max_replica=max(1, replicas))


class Story:
    """A supervisor over a fake backend, whose replicas are ready when the test says so."""

    def __init__(self, directory, **known):
        self.backend = FakeBackend()
        self.desired_state = DesiredState()
        settings = _settings(known.pop("replicas", 1))
        self.deployment = Deployment("d1", "echo", settings, Prepared(directory, directory, **known))
        self.desired_state.put(self.deployment, Environment("echo", "production", "d1"))
        self.link_path = directory / "link"
        self.store = TableStore(directory / "table.json")
        self.supervisor = Supervisor(
            self.desired_state,
            self.backend,
            self.store,
            lambda *_: None,
            link_path=self.link_path,
            log_directory=directory,
        )
        self.ready = asyncio.Event()

    async def until_ready(self, _address, _told):
        await self.ready.wait()

    def want(self, replicas):
        settings, is_active = _settings(replicas), replicas > 0
        self.desired_state.put(dataclasses.replace(self.deployment, settings=settings, is_active=is_active))
        self.supervisor.wake()

    def replica(self):
        (replica,) = self.supervisor.replicas
        return replica

    def history(self):
        return self.supervisor.replicas.history(self.replica())


@pytest.fixture
def tell(tmp_path, monkeypatch):
    """Runs `story(world, gateway)` while the supervisor runs."""

    def run(story, prepare=lambda _: None, **known):
        async def main():
            world = Story(tmp_path, **known)
            prepare(world)
            monkeypatch.setattr(replicas_module, "until_ready", world.until_ready)
            running = asyncio.create_task(world.supervisor.run())
            async with asyncio.timeout(10):
                gateway = await GatewayDouble.dial(world.link_path)
                await story(world, gateway)
            gateway.close()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running

        asyncio.run(main())

    return run


def routes(table):
    return {one.replica_id: one for one in table.deployments[0].replicas}


def test_a_replica_is_routed_to_when_it_is_ready(tell):
    async def story(world, gateway):
        first = await gateway.table()
        assert routes(first) == {}
        assert first.environments == {("echo", "production"): "d1"}
        world.ready.set()
        table = await gateway.table(routes)
        assert table.version > first.version
        assert routes(table)["echo-1"].generation == world.backend.specs[0].generation

    tell(story)


def test_to_order_replicas_says_nothing_new_so_no_table_is_stored_for_it(tell):
    stored = []

    def count(world):
        store = world.store.store
        world.store.store = lambda table: stored.append(store(table)) or stored[-1]

    async def story(world, gateway):
        await gateway.table()
        await until(lambda: len(world.backend.specs) == 40)
        generations = [spec.generation for spec in world.backend.specs]
        assert generations == sorted(set(generations))
        assert len(stored) == 1

    tell(story, count, replicas=40)


def test_a_crashed_replica_leaves_the_table_and_comes_back_later_with_its_reason(tell):
    async def story(world, gateway):
        world.ready.set()
        before = routes(await gateway.table(routes))["echo-1"]
        world.backend.exit("echo-1", signal=9)
        await gateway.table(lambda table: not routes(table))
        assert world.supervisor.last_failure("d1") == "killed by signal 9"
        after = routes(await gateway.table(routes))["echo-1"]  # a second later, the back-off
        assert after.generation > before.generation
        assert world.history().restarts == 1
        assert world.history().last_exit == "killed by signal 9"

    tell(story)


def test_a_surplus_replica_drains_and_is_stopped_only_when_the_gateway_says_it_is_empty(tell):
    async def story(world, gateway):
        world.ready.set()
        await gateway.table(lambda table: len(routes(table)) == 2)
        world.want(1)
        table = await gateway.table(lambda table: any(one.draining for one in routes(table).values()))
        (draining,) = [one.replica_id for one in routes(table).values() if one.draining]
        assert len(world.backend.replicas) == 2
        gateway.tell(type="drained", replica_id=draining, version=table.version - 1)
        await gateway.received()
        assert len(world.backend.replicas) == 2, "that answered an earlier order, taken back since"
        gateway.tell(type="drained", replica_id=draining, version=table.version)
        table = await gateway.table(lambda table: len(routes(table)) == 1)
        assert draining not in routes(table)
        assert list(world.backend.replicas) == list(routes(table))

    tell(story, replicas=2)


def test_every_gateway_has_to_call_a_replica_empty_and_only_its_present_life_counts(tell):
    async def story(world, gateway):
        other = await GatewayDouble.dial(world.link_path, name="g1")
        world.ready.set()
        await other.table(routes)
        world.want(0)
        table = await gateway.table(lambda table: routes(table) and routes(table)["echo-1"].draining)
        drained = {"type": "drained", "replica_id": "echo-1", "version": table.version}
        gateway.tell(**drained)
        await gateway.received()
        gateway.close()
        reborn = await GatewayDouble.dial(world.link_path, epoch="e2")
        await reborn.received()
        other.tell(**drained)
        await other.received()
        assert world.replica().state is ReplicaState.DRAINING
        reborn.tell(**drained)
        await reborn.table(lambda table: not routes(table))
        assert world.backend.replicas == {}
        other.close()
        reborn.close()

    tell(story)


def test_a_replica_that_was_told_to_stop_is_reached_until_its_process_is_gone(tell):
    """So that the answers it still gives, and the 1001 of its WebSockets, arrive."""

    async def story(world, gateway):
        world.ready.set()
        await gateway.table(routes)

        async def stop(replica_id, *, grace):
            assert (replica_id, grace) == ("echo-1", 30.0)

        world.backend.stop = stop
        world.want(0)
        await gateway.table(lambda table: routes(table)["echo-1"].draining)
        gateway.tell(type="stuck", replica_id="echo-1", reason="abandoned")
        world.want(1)  # something else to tell, so that a table follows
        table = await gateway.table(lambda table: "echo-2" in routes(table))
        assert world.supervisor.replicas["echo-1"].state is ReplicaState.STOPPING
        assert routes(table)["echo-1"].draining
        world.backend.exit("echo-1", signal=15)
        await gateway.table(lambda table: "echo-1" not in routes(table))

    tell(story)


def test_a_stuck_replica_is_replaced_at_once(tell):
    async def story(world, gateway):
        world.ready.set()
        before = routes(await gateway.table(routes))["echo-1"]
        gateway.tell(type="stuck", replica_id="echo-1", reason="abandoned")
        after = await gateway.table(lambda table: routes(table).get("echo-1", before) != before)
        assert routes(after)["echo-1"].generation > before.generation
        assert world.history().restarts == 0

    tell(story)


def test_a_deployment_without_room_fails_with_the_reason_after_three_attempts(tell, monkeypatch):
    monkeypatch.setattr("headway.core.reconcile.back_off", lambda failures: 0.01 if failures < 3 else 30.0)

    async def story(world, gateway):
        table = await gateway.table(lambda table: table.deployments[0].state is DeploymentState.FAILED)
        assert table.deployments[0].reason == "this machine has none"
        assert 20 < table.deployments[0].retry_after <= 30
        assert world.supervisor.failed("d1").reason == "this machine has none"

    tell(story, use_gpu=True)


def test_a_new_control_adopts_what_runs_as_the_last_table_had_it(tell):
    def prepare(world):
        for name, generation in (("echo-1", 5), ("echo-2", 6), ("old-1", 3)):
            deployment_id = "gone" if name == "old-1" else "d1"
            world.backend.replicas[name] = RunningReplica(
                name, generation, deployment_id, "unix:/a", "unix:/b"
            )
        known = ReplicaRoute("echo-1", 5, "unix:/a", "unix:/b")
        stranger = ReplicaRoute("echo-2", 4, "unix:/a", "unix:/b")
        world.store.store(RoutingTable(40, (DeploymentRoute("d1", "echo", replicas=(known, stranger)),)))

    async def story(world, gateway):
        table = await gateway.table()
        assert set(routes(table)) == {"echo-1"}  # another generation than echo-2's was known to be ready
        assert world.supervisor.replicas["echo-2"].state is ReplicaState.STARTING
        assert set(world.backend.replicas) == {"echo-1", "echo-2"}
        assert world.backend.specs == []

    tell(story, prepare, replicas=2)


def test_a_replica_is_numbered_above_what_runs_though_file_and_clock_know_nothing_of_that(tell):
    ahead = 10**15

    def prepare(world):
        world.backend.replicas["echo-1"] = RunningReplica("echo-1", ahead, "d1", "unix:/a", "unix:/b")

    async def story(world, _gateway):
        await until(lambda: world.backend.specs)
        assert world.backend.specs[0].generation == ahead + 1

    tell(story, prepare, replicas=2)


def test_a_new_deployment_takes_the_environment_when_it_is_ready_and_the_old_one_goes(tell):
    async def story(world, gateway):
        world.ready.set()
        await gateway.table(routes)
        for seconds in (0.0, 1.0):  # it has had load, not long ago
            load = Load(time.monotonic() - 1 + seconds, 0, 0, 0.0, seconds, 0.0, 0, 0)
            gateway.tell(type="load", deployments={"d1": dataclasses.asdict(load)})
        await gateway.received()
        world.desired_state.put(dataclasses.replace(world.deployment, deployment_id="d2"))
        world.supervisor.roll_out(("echo", "production"), "d2")
        moved = await gateway.table(lambda table: table.environments == {("echo", "production"): "d2"})
        assert [one.replica_id for one in moved.deployments[1].replicas] == ["echo-2"]
        assert routes(moved)["echo-1"].draining
        gateway.tell(type="drained", replica_id="echo-1", version=moved.version)
        await gateway.table(lambda table: not table.deployments[0].replicas)
        assert world.desired_state.deployments["d1"].is_retired
        await gateway.received()
        assert [spec.deployment_id for spec in world.backend.specs] == ["d1", "d2"], "it is not started again"
        assert world.supervisor.autoscaler.desired("d1") == 0

    tell(story)


def test_rolling_back_to_what_still_drains_takes_no_longer_than_a_round(tell, monkeypatch):
    monkeypatch.setattr(replicas_module, "PROBE_EVERY", 1000.0)
    monkeypatch.setattr("headway.control.running.supervisor._ROUND_AT_LEAST_EVERY", 1000.0)

    async def story(world, gateway):
        world.ready.set()
        await gateway.table(routes)
        world.desired_state.put(dataclasses.replace(world.deployment, deployment_id="d2"))
        world.supervisor.roll_out(("echo", "production"), "d2")
        await gateway.table(lambda table: routes(table) and routes(table)["echo-1"].draining)
        world.supervisor.roll_out(("echo", "production"), "d1")
        table = await gateway.table(lambda table: table.environments == {("echo", "production"): "d1"})
        assert not routes(table)["echo-1"].draining

    tell(story)
