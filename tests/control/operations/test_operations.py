import asyncio
import hashlib
import types

import pytest

from fakes.archives import truss_files
from fakes.control_plane import control_plane
from headway.control.errors import InvalidNameError, NotFoundError, StaleError
from headway.control.operations.deletions import RefusedError
from headway.control.operations.operations import Push
from headway.control.packages.entries import PreparationError
from headway.core.errors import InvalidSettingError
from headway.model_server.truss.truss_config import InvalidTrussError

PRODUCTION = ("echo", "production")


@pytest.fixture
def truss(tmp_path):
    """Writes a Truss anew; each number is another one."""

    def write(number=0, config="model_name: echo"):
        top = tmp_path / f"truss{number}"
        for name, text in truss_files(config, **{"data/n": str(number)}).items():
            (top / name).parent.mkdir(parents=True, exist_ok=True)
            (top / name).write_text(text, encoding="utf-8")
        return top

    return write


@pytest.fixture
def world(tmp_path, monkeypatch):
    return control_plane(tmp_path, monkeypatch).running()


async def awake(it, deployment_id):
    await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))


async def test_of_changes_that_saw_the_same_version_one_wins_and_the_others_are_told(world, truss):
    async with world as it:
        operations = it.plane.operations
        pushed = await operations.push(truss(), Push())
        changes = [
            operations.change_settings("echo", pushed.deployment_id, {"max_replica": number}, expected=1)
            for number in range(2, 12)
        ]
        outcomes = await asyncio.gather(*changes, return_exceptions=True)
        assert [type(one).__name__ for one in outcomes] == ["Deployment"] + ["StaleError"] * 9
        with pytest.raises(StaleError, match="version 2, not 1"):
            await operations.change_settings("echo", pushed.deployment_id, {}, expected=1)


async def test_deployments_whose_ids_would_begin_alike_are_two(world, truss, monkeypatch):
    whole = hashlib.sha256

    class Alike:
        """Every digest begins with the same eight letters."""

        def __init__(self, content=b""):
            self._rest = whole(content).hexdigest()[8:]

        def hexdigest(self):
            return "deadbeef" + self._rest

    monkeypatch.setattr("headway.control.desired.state.hashlib", types.SimpleNamespace(sha256=Alike))
    async with world as it:
        first = await it.plane.operations.push(truss(), Push("one"))
        second = await it.plane.operations.push(truss(), Push("two"))
        assert (first.model, second.model) == ("one", "two")
        assert second.deployment_id.startswith(first.deployment_id)
        again = await it.plane.operations.push(truss(), Push("two"))
        assert again.deployment_id == second.deployment_id


async def test_changes_of_different_settings_at_the_same_time_all_hold(world, truss):
    async with world as it:
        operations = it.plane.operations
        deployment_id = (await operations.push(truss(), Push())).deployment_id
        values = {"queue_limit": 5, "queue_timeout": 6.0, "send_timeout": 7.0, "max_replica": 8}
        await asyncio.gather(
            *(
                operations.change_settings("echo", deployment_id, {name: value})
                for name, value in values.items()
            ),
            operations.deactivate("echo", deployment_id),
            operations.push(truss(1), Push(environment=None)),
        )
        now = it.desired_state.deployments[deployment_id]
        assert {name: getattr(now.settings, name) for name in values} == values
        assert (now.version, now.is_active) == (5, False)
        stored = await it.plane.persistence.call(it.plane.persistence.store.load)
        [row] = [one for one in stored.deployments if one.deployment_id == deployment_id]
        assert {name: row.settings[name] for name in values} == values
        assert len(stored.deployments) == 2


async def test_settings_changed_while_the_model_is_prepared_and_rolled_out_hold(world, truss):
    async with world as it:
        operations = it.plane.operations
        old = (await operations.push(truss(), Push(settings={"min_replica": 1}))).deployment_id
        await awake(it, old)
        it.may_prepare.clear()
        new = (await operations.push(truss(1), Push())).deployment_id
        await operations.change_settings("echo", new, {"queue_limit": 5})
        it.may_prepare.set()
        await it.until(lambda: it.desired_state.points_at(PRODUCTION) == new)
        await operations.change_settings("echo", old, {"queue_limit": 6})
        assert it.desired_state.deployments[new].settings.queue_limit == 5
        assert (
            it.desired_state.deployments[old].settings.queue_limit,
            it.desired_state.deployments[old].is_retired,
        ) == (
            6,
            True,
        )


async def test_a_setting_changed_while_the_backend_acts_is_what_the_round_goes_by(world, truss):
    """The supervisor waits for the backend; what it knew of other deployments before may be out of date then."""
    async with world as it:
        operations, begun, go_on = it.plane.operations, asyncio.Event(), asyncio.Event()
        start = it.backend.start

        async def slow(spec):
            begun.set()
            await go_on.wait()
            return await start(spec)

        first = (await operations.push(truss(), Push(environment=None))).deployment_id
        second = (await operations.push(truss(1), Push("other", environment=None))).deployment_id
        await it.until(lambda: all(one.prepared for one in it.desired_state.deployments.values()))
        it.backend.start = slow
        operations.wake(it.desired_state.deployments[first])
        await begun.wait()
        operations.wake(it.desired_state.deployments[second])
        await operations.deletions.deployment("other", second)
        await operations.deletions.finish()
        assert second not in it.desired_state.deployments
        go_on.set()
        await awake(it, first)
        assert [spec.deployment_id for spec in it.backend.specs] == [first]
        assert it.plane.supervisor.autoscaler.latest(second) is None


async def test_rolling_back_while_the_new_one_is_prepared_keeps_the_old_one(world, truss):
    async with world as it:
        operations = it.plane.operations
        old = (await operations.push(truss(), Push())).deployment_id
        await it.until(lambda: it.desired_state.deployments[old].prepared)
        it.may_prepare.clear()
        new = (await operations.push(truss(1), Push())).deployment_id
        environment = await operations.promote("echo", "production", old)
        assert (environment.deployment_id, environment.candidate_id) == (old, None)
        it.may_prepare.set()
        await it.until(lambda: it.desired_state.deployments[new].prepared)
        assert it.desired_state.points_at(PRODUCTION) == old


async def test_a_push_after_a_failed_preparation_tries_again(world, truss):
    async with world as it:
        operations = it.plane.operations
        it.preparation_fails = PreparationError("no network")
        deployment_id = (await operations.push(truss(), Push())).deployment_id
        await it.until(lambda: it.desired_state.deployments[deployment_id].failure)
        it.preparation_fails = None
        again = await operations.push(truss(), Push())
        assert (again.deployment_id, again.failure) == (deployment_id, "")
        await it.until(lambda: it.desired_state.deployments[deployment_id].prepared)
        assert len(it.prepared) == 2


async def test_starts_that_failed_are_forgotten_when_it_is_activated(world, truss, monkeypatch):
    monkeypatch.setattr("headway.core.reconcile.back_off", lambda failures: 0.001 if failures < 3 else 300.0)
    async with world as it:
        it.ready.clear()
        deployment_id = (
            await it.plane.operations.push(truss(), Push(settings={"min_replica": 1}))
        ).deployment_id
        for _ in range(3):
            [replica] = await it.until(lambda: it.replicas(deployment_id))
            it.backend.exit(replica, code=3)
        await it.until(lambda: it.plane.supervisor.failed(deployment_id))
        assert (await it.get("/v1/models/echo"))["status"] == "FAILED"
        it.ready.set()
        await it.plane.operations.activate("echo", deployment_id)
        assert it.plane.supervisor.failed(deployment_id) is None
        await awake(it, deployment_id)


async def test_what_is_refused_has_changed_nothing(world, truss):
    async with world as it:
        operations = it.plane.operations
        for order, error in [
            (Push("-"), InvalidNameError),
            (Push(environment="-"), InvalidNameError),
            (Push(settings={"queue_limit": -1}), InvalidSettingError),
        ]:
            with pytest.raises(error):
                await operations.push(truss(), order)
        with pytest.raises(InvalidTrussError):
            await operations.push(truss(7, "model_class_name: Other"), Push())
        assert not it.desired_state.models
        assert not it.desired_state.deployments
        deployment_id = (await operations.push(truss(), Push())).deployment_id
        for attempt in (
            operations.promote("echo", "x y", deployment_id),
            operations.create_environment("echo", "production"),
            operations.create_environment("ecko", "staging"),
            operations.activate("echo", "nothing"),
            operations.deactivate("other", deployment_id),
        ):
            with pytest.raises((InvalidNameError, RefusedError, NotFoundError)):
                await attempt
        assert list(it.desired_state.environments) == [PRODUCTION]


async def test_a_deletion_outlives_requests_in_flight_and_forgets_all_that_was_known(world, truss):
    async with world as it:
        operations, supervisor = it.plane.operations, it.plane.supervisor
        push = Push(environment=None, settings={"min_replica": 1})
        deployment_id = (await operations.push(truss(), push)).deployment_id
        await awake(it, deployment_id)
        it.backend.exit("echo-1", code=1)
        await awake(it, deployment_id)
        await operations.deletions.deployment("echo", deployment_id)
        await operations.deletions.finish()
        assert deployment_id in it.desired_state.deployments, "a replica may still hold a request"
        await it.drain(deployment_id)
        await it.until(lambda: not it.desired_state.models)
        assert supervisor.autoscaler.latest(deployment_id) is None
        assert supervisor.last_failure(deployment_id) == ""
        assert deployment_id not in supervisor.were_ready
        assert supervisor.replicas.past._histories == {}
        assert supervisor._reconcilers == {}


async def test_deleting_a_model_twice_is_no_error_while_it_drains(world, truss):
    async with world as it:
        operations = it.plane.operations
        deployment_id = (await operations.push(truss(), Push(settings={"min_replica": 1}))).deployment_id
        await awake(it, deployment_id)
        await asyncio.gather(*(operations.deletions.model("echo") for _ in range(2)))
        await it.drain(deployment_id)
        await it.until(lambda: not it.desired_state.models)
        with pytest.raises(NotFoundError):
            await operations.deletions.model("echo")


async def test_a_model_without_deployments_is_deleted_at_once(world, truss):
    async with world as it:
        operations = it.plane.operations
        deployment_id = (await operations.push(truss(), Push("echo", "production"))).deployment_id
        await operations.create_environment("echo", "staging")
        await operations.deletions.model("echo")
        await it.until(lambda: not it.desired_state.deployments)
        assert not it.desired_state.models
        assert deployment_id not in operations.deletions


async def test_what_is_pushed_again_while_it_is_deleted_has_new_dates_and_its_model_and_environment_too(
    world, truss
):
    async with world as it:
        operations, persistence = it.plane.operations, it.plane.persistence
        push = Push(settings={"min_replica": 1})
        old = await operations.push(truss(), push)
        await awake(it, old.deployment_id)
        before = it.desired_state.models["echo"], it.desired_state.environments[PRODUCTION].created_at
        await operations.deletions.model("echo")
        assert it.replicas(old.deployment_id), "it drains"
        new = await operations.push(truss(), push)
        assert (new.deployment_id, new.created_at > old.created_at) == (old.deployment_id, True)
        state = await persistence.call(persistence.store.load)
        assert [row.created_at for row in state.deployments] == [new.created_at]
        after = state.models[0].created_at, state.environments[0].created_at
        assert after == (
            it.desired_state.models["echo"],
            it.desired_state.environments[PRODUCTION].created_at,
        )
        assert all(new > old for old, new in zip(before, after, strict=True))


async def test_a_deletion_leaves_the_store_to_others_between_its_parts(world, truss, monkeypatch):
    async with world as it:
        operations, store = it.plane.operations, it.plane.persistence.store
        doomed = (await operations.push(truss(), Push(environment=None))).deployment_id
        await it.until(lambda: it.desired_state.deployments[doomed].prepared)
        parts = []

        def dropped(_, limit):
            parts.append(limit)
            return limit if len(parts) < 50 else 0

        monkeypatch.setattr(store, "drop_rows_of", dropped)
        deleting = asyncio.create_task(operations.deletions.deployment("echo", doomed))
        await it.until(lambda: parts)
        other = await operations.push(truss(1), Push("other", environment=None))
        assert other.deployment_id in it.desired_state.deployments
        await deleting
        await it.until(lambda: doomed not in it.desired_state.deployments)
        assert len(parts) >= 50
