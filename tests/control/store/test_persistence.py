import asyncio
import dataclasses
import threading

import pytest

from fakes.archives import tar, truss_files
from fakes.control_plane import control_plane
from headway.control.desired.state import Deployment, DesiredState, Environment
from headway.control.store import persistence as persistence_module
from headway.control.store.failures import StoreError
from headway.control.store.persistence import Persistence
from headway.control.store.restoring import deployment_row
from headway.control.store.rows import Asked
from headway.control.store.store import Store
from headway.core.autoscaling import ScalingDecision, ScalingInputs
from headway.core.settings import DeploymentSettings
from headway.observed.records import Outcome, RequestRecord
from headway.observed.timeline import Point

ECHO = "/v1/models/echo/deployments"
PRODUCTION = ("echo", "production")
_LONGEST_STALL = 50.0
"""Seconds that a busy machine may let a thread wait."""


class FailingStore(Store):
    """Fails as long as it is told to; `held` keeps a write until it is let go."""

    def __init__(self, url):
        super().__init__(url)
        self.fails = False
        self.may_write = threading.Event()
        self.may_write.set()
        self.writes = threading.Event()

    async def begun(self):
        """Return once a write has."""
        assert await asyncio.to_thread(self.writes.wait, _LONGEST_STALL)

    def transaction(self):
        self.writes.set()
        assert self.may_write.wait(_LONGEST_STALL)
        if self.fails:
            raise StoreError("the disk is full", hint="make room")
        return super().transaction()


@pytest.fixture
def make(tmp_path):
    def persistence():
        return Persistence(FailingStore(f"sqlite:///{tmp_path}/private/state.sqlite"), DesiredState())

    (tmp_path / "private").mkdir(mode=0o700)
    return persistence


def deployment(name, **known):
    return Deployment(name, "echo", created_at=1.0, **known)


async def stored(persistence):
    return await persistence.call(persistence.store.load)


def note(persistence, deployment_id, *numbers):
    """A decision, a point and a request for each number."""
    for number in map(float, numbers):
        inputs = ScalingInputs(*range(13))
        persistence.note_decision(deployment_id, ScalingDecision(number, 2, "load", inputs, None))
        persistence.note_points([(deployment_id, 1, Point(number))])
        told = str(number), deployment_id, "echo", "r1", number, 200, Outcome.FINISHED, 0.5
        persistence.note_requests([RequestRecord(*told)])


async def noted(persistence, deployment_id):
    """What of it is stored: the requests' numbers, and how many decisions and points."""
    call, store = persistence.call, persistence.store
    page = await call(store.requests, Asked(deployment_id, await call(store.last_request)), 1000)
    decisions = await call(store.decisions, deployment_id)
    points = [one for one in await call(store.points, 0.0) if one.deployment_id == deployment_id]
    return [int(one.arrived_at) for one in page.records], len(decisions), len(points)


async def fail_to_save(persistence):
    persistence.store.fails = True
    with pytest.raises(StoreError):
        await persistence.save()
    persistence.store.fails = False


async def test_what_is_put_while_a_save_writes_is_written_by_the_next(make):
    persistence = make()
    await persistence.load()
    persistence.store.may_write.clear()
    persistence.desired_state.put(deployment("a"))
    first = asyncio.create_task(persistence.save())
    await persistence.store.begun()
    persistence.desired_state.put(deployment("a", version=2), deployment("b"))
    second = asyncio.create_task(persistence.save())
    persistence.store.may_write.set()
    await asyncio.gather(first, second)
    assert [(row.deployment_id, row.version) for row in (await stored(persistence)).deployments] == [
        ("a", 2),
        ("b", 1),
    ]
    await persistence.close()


async def test_many_who_wait_at_once_all_find_their_change_stored(make):
    persistence = make()
    await persistence.load()

    async def change(number):
        persistence.desired_state.put(deployment(f"d{number}"))
        await persistence.save()
        names = {row.deployment_id for row in (await stored(persistence)).deployments}
        assert f"d{number}" in names

    await asyncio.gather(*(change(number) for number in range(30)))
    await persistence.close()


async def test_what_could_not_be_written_is_written_later_as_it_is_then(make):
    persistence = make()
    await persistence.load()
    desired_state, persistence.store.fails = persistence.desired_state, True
    desired_state.put(deployment("a"), deployment("b"), Environment("echo", "production", "a"))
    with pytest.raises(StoreError):
        await persistence.save()
    assert (await stored(persistence)).models == (), "wholly or not at all"
    desired_state.put(deployment("a", version=7))
    desired_state.remove_deployment("b")
    assert desired_state.changed.is_set()
    persistence.store.fails = False
    await persistence.save()
    state = await stored(persistence)
    assert [(row.deployment_id, row.version) for row in state.deployments] == [("a", 7)]
    assert [row.deployment_id for row in state.environments] == ["a"]
    await persistence.close()


async def test_what_is_gone_is_gone_in_the_store_whatever_failed_before(make):
    persistence = make()
    await persistence.load()
    desired_state = persistence.desired_state
    desired_state.put(deployment("a"), Environment("echo", "production", "a"))
    await persistence.save()
    persistence.store.fails = True
    desired_state.remove_environment(PRODUCTION)
    desired_state.remove_deployment("a")
    desired_state.remove_model("echo")
    with pytest.raises(StoreError):
        await persistence.save()
    persistence.store.fails = False
    await persistence.save()
    state = await stored(persistence)
    assert (state.models, state.deployments, state.environments) == ((), (), ())
    await persistence.close()


async def test_a_model_made_anew_before_its_end_was_stored_has_only_what_is_new(make):
    persistence = make()
    await persistence.load()
    desired_state = persistence.desired_state
    desired_state.put(deployment("a"))
    await persistence.save()
    desired_state.remove_deployment("a")
    desired_state.remove_model("echo")
    desired_state.put(deployment("b"))
    await persistence.save()
    assert [row.deployment_id for row in (await stored(persistence)).deployments] == ["b"]
    await persistence.close()


@pytest.mark.parametrize("fails_between", [False, True])
async def test_a_deployment_put_again_before_its_end_was_stored_has_nothing_of_the_one_before(
    make, fails_between
):
    persistence = make()
    await persistence.load()
    desired_state = persistence.desired_state
    desired_state.put(deployment("a"))
    note(persistence, "a", 1)
    await persistence.save()
    desired_state.remove_deployment("a")
    persistence.forget("a")
    if fails_between:
        await fail_to_save(persistence)
    desired_state.put(dataclasses.replace(deployment("a"), created_at=2.0), Environment(*PRODUCTION, "a"))
    note(persistence, "a", 2, 3)
    if fails_between:
        await fail_to_save(persistence)
    await persistence.save()
    assert await noted(persistence, "a") == ([2, 3], 2, 2)
    state = await stored(persistence)
    assert [(row.deployment_id, row.created_at) for row in state.deployments] == [("a", 2.0)]
    assert [row.deployment_id for row in state.environments] == ["a"]
    desired_state.put(deployment("a", version=2))
    await persistence.save()
    assert await noted(persistence, "a") == ([2, 3], 2, 2), "it is deleted once"
    await persistence.close()


async def test_what_could_not_be_written_of_a_deployment_that_went_meanwhile_is_not_its_successors(make):
    persistence = make()
    await persistence.load()
    desired_state, store = persistence.desired_state, persistence.store
    desired_state.put(deployment("a"), deployment("b"))
    await persistence.save()
    for name in ("a", "b"):
        note(persistence, name, 1)
    store.writes.clear()
    store.may_write.clear()
    store.fails = True
    saving = asyncio.create_task(persistence.save())
    await store.begun()
    desired_state.remove_deployment("a")
    persistence.forget("a")
    desired_state.put(deployment("a"))
    note(persistence, "a", 2)
    persistence.forget("c")
    store.may_write.set()
    with pytest.raises(StoreError):
        await saving
    store.fails = False
    await persistence.save()
    assert await noted(persistence, "a") == ([2], 1, 1)
    assert await noted(persistence, "b") == ([1], 1, 1)
    await persistence.close()


async def test_a_cancelled_save_loses_nothing(make):
    persistence = make()
    await persistence.load()
    persistence.store.may_write.clear()
    persistence.desired_state.put(deployment("a"))
    saving = asyncio.create_task(persistence.save())
    await persistence.store.begun()
    persistence.store.fails = True
    saving.cancel()
    persistence.store.may_write.set()
    with pytest.raises(asyncio.CancelledError):
        await saving
    assert persistence.desired_state.changed.is_set()
    persistence.store.fails = False
    await persistence.save()
    assert len((await stored(persistence)).deployments) == 1
    await persistence.close()


async def test_a_cancelled_save_whose_write_succeeds_stores_everything_once(make):
    persistence = make()
    await persistence.load()
    persistence.store.may_write.clear()
    persistence.desired_state.put(deployment("a"))
    note(persistence, "a", 1, 2)
    saving = asyncio.create_task(persistence.save())
    await persistence.store.begun()
    for _ in range(2):  # by its caller, and by the end of the loop
        saving.cancel()
        await asyncio.sleep(0)
    assert not saving.done()
    persistence.store.may_write.set()
    with pytest.raises(asyncio.CancelledError):
        await saving
    await persistence.close()
    again = make()
    await again.load()
    assert await noted(again, "a") == ([1, 2], 2, 2)
    await again.close()


async def test_the_last_changes_are_written_when_control_ends(make):
    persistence = make()
    await persistence.load()
    persistence.desired_state.put(deployment("a"))
    await persistence.close()
    again = make()
    await again.load()
    assert list(again.desired_state.deployments) == ["a"]
    await again.close()


async def test_stored_settings_that_are_not_valid_any_more_become_the_defaults(make):
    persistence = make()
    await persistence.load()
    persistence.desired_state.put(deployment("a"), deployment("b"))
    await persistence.save()

    def spoil():
        for name, settings in (("a", {"queue_limit": -1}), ("b", {"queue_limit": 3, "of_later": 1})):
            row = deployment_row(persistence.desired_state.deployments[name])
            persistence.store.save_deployment(dataclasses.replace(row, settings=settings))

    await persistence.call(spoil)
    await persistence.close()
    again = make()
    await again.load()
    assert again.desired_state.deployments["a"].settings == DeploymentSettings()
    assert again.desired_state.deployments["b"].settings == DeploymentSettings(queue_limit=3)
    await again.close()


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(persistence_module, "Store", FailingStore)
    monkeypatch.setattr("headway.control.plane.Store", FailingStore)
    monkeypatch.setattr(persistence_module, "_RETRY_AFTER", 0.001)
    return control_plane(tmp_path, monkeypatch)


async def test_a_failing_database_is_told_while_what_was_asked_is_in_force_and_stored_later(world):
    async with world.running() as it:
        await it.serving()
        await it.plane.persistence.save()
        store = it.plane.persistence.store
        store.fails = True
        error = await it.refused("PATCH", f"{ECHO}/production/settings", 503, json={"max_replica": 5})
        assert (error["code"], error["hint"]) == ("store", "make room")
        assert (await it.get(f"{ECHO}/production/settings"))["settings"]["max_replica"] == 5
        await it.refused("GET", f"{ECHO}/production/decisions", 503)
        await it.refused("DELETE", "/v1/models/echo", 503)
        await it.until(lambda: not it.desired_state.models)
        store.fails = False
        await it.plane.persistence.save()
        assert (await stored(it.plane.persistence)).models == ()


async def test_a_new_control_has_everything_back(world):
    async with world.running() as it:
        first = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(first))
        await it.post("/v1/models/echo/environments", {"name": "staging"}, expected=201)
        second = (await it.push(content=tar(truss_files(**{"data/n": "2"})), environment=""))["id"]
        await it.until(lambda: it.desired_state.deployments[second].prepared)
        await it.post(f"{ECHO}/{second}/deactivate")
        before = (
            dict(it.desired_state.deployments),
            dict(it.desired_state.environments),
            dict(it.desired_state.models),
        )
        decisions = await it.get(f"{ECHO}/{first}/decisions")
    prepared = len(world.prepared)
    async with world.running() as it:
        assert (
            it.desired_state.deployments,
            it.desired_state.environments,
            it.desired_state.models,
        ) == before
        await it.until(lambda: it.plane.supervisor.replicas.ready(first))
        assert it.replicas(first) == ["echo-1"], "what ran is adopted"
        later = await it.get(f"{ECHO}/{first}/decisions")
        assert later["decisions"][-1:] == decisions["decisions"][-1:]
    assert len(world.prepared) == prepared, "what is there is not prepared again"


async def test_a_new_control_goes_on_with_a_rollout(world):
    async with world.running() as it:
        old = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(old))
        it.ready.clear()
        new = (await it.push(content=tar(truss_files(**{"data/n": "2"}))))["id"]
        await it.until(lambda: it.replicas(new))
    async with world.running() as it:
        assert it.desired_state.environments[PRODUCTION].candidate_id == new
        assert it.desired_state.points_at(PRODUCTION) == old
        it.ready.set()
        await it.until(lambda: it.desired_state.points_at(PRODUCTION) == new)


async def test_what_was_being_prepared_is_prepared_by_the_next_control(world):
    async with world.running() as it:
        it.may_prepare.clear()
        deployment_id = (await it.push())["id"]
    async with world.running() as it:
        await it.until(lambda: it.desired_state.deployments[deployment_id].prepared)


async def test_what_was_prepared_and_is_gone_from_the_disk_is_prepared_anew(world):
    async with world.running() as it:
        deployment_id = await it.serving()
        prepared = it.desired_state.deployments[deployment_id].prepared
        lost = dataclasses.replace(prepared, interpreter=it.data_dir / "environments" / "gone" / "python")
        it.desired_state.put(dataclasses.replace(it.desired_state.deployments[deployment_id], prepared=lost))
    async with world.running() as it:
        await it.until(lambda: it.desired_state.deployments[deployment_id].prepared)
        assert it.desired_state.deployments[deployment_id].prepared == prepared
