"""What is told of a deployment whose starts fail, and of its replicas, by the next control too."""

import time

from fakes.archives import tar, truss_files
from fakes.cluster import until
from fakes.control_plane import control_plane
from headway.control.store.rows import LifeRow
from headway.control.store.store import Store

ECHO = "/v1/models/echo/deployments"


async def failing(it, deployment_id, times):
    """Starts of the deployment fail so often, with a word in the log."""
    for _ in range(times):
        [replica_id] = await it.until(lambda: it.replicas(deployment_id))
        log = it.data_dir / "logs" / deployment_id / f"{replica_id}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("Traceback (most recent call last):\nValueError: no weights\n")
        it.backend.exit(replica_id, code=70)


def at_once(monkeypatch, until_failures=3):
    back_off = lambda failures, **_: 0.001 if failures < until_failures else 300.0  # noqa: E731
    monkeypatch.setattr("headway.core.reconcile.back_off", back_off)


REASON = "the model could not be loaded (exit code 70): ValueError: no weights"


async def told(it):
    """The status and the reason, wherever they are shown."""
    model = await it.get("/v1/models/echo")
    deployment = await it.get(f"{ECHO}/production")
    assert (model["status"], model["reason"]) == (deployment["status"], deployment["reason"])
    return deployment["status"], deployment["reason"]


async def stored(it):
    """All that is known is stored: what a kill leaves."""
    await it.until(lambda: not it.plane.supervisor.replicas.past.touched)
    await it.plane.persistence.save()


async def test_it_stays_failed_with_the_exception_until_a_start_succeeds(world, monkeypatch):
    at_once(monkeypatch)
    async with world() as it:
        it.ready.clear()
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await failing(it, deployment_id, 3)
        await it.until(lambda: it.plane.supervisor.failed(deployment_id))
        assert await told(it) == ("FAILED", REASON)
        await it.api.patch(f"{ECHO}/production/settings", json={"min_replica": 0})
        it.plane.supervisor._reconciler(deployment_id).retry_at = 0.0
        it.plane.supervisor.wake()
        await it.until(lambda: it.plane.supervisor.failed(deployment_id) is None)
        assert await told(it) == ("FAILED", REASON), "the wait is over, and nothing has succeeded"
        await stored(it)

    async with world() as it:
        assert await told(it) == ("FAILED", REASON), "another control says so too"
        it.ready.set()
        await it.api.patch(f"{ECHO}/production/settings", json={"min_replica": 1})
        it.plane.supervisor._reconciler(deployment_id).retry_at = 0.0
        it.plane.supervisor.wake()
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        assert (await told(it))[0] == "ACTIVE"
        await stored(it)

    async with world() as it:
        assert (await told(it))[0] == "ACTIVE"


async def test_one_failed_start_that_nobody_tries_again_is_a_failure(world, monkeypatch):
    at_once(monkeypatch)
    async with world() as it:
        it.ready.set()
        await it.serving()
        it.ready.clear()
        candidate = (await it.push(content=tar(truss_files("description: other"))))["id"]
        await failing(it, candidate, 1)
        await it.until(lambda: it.desired_state.environments["echo", "production"].candidate_id is None)
        await it.until(lambda: not it.plane.supervisor.autoscaler.desired(candidate))
        shown = await it.get(f"{ECHO}/{candidate}")
        assert (shown["status"], shown["reason"]) == ("FAILED", REASON)


async def test_the_history_of_replicas_outlives_control(tmp_path, monkeypatch):
    at_once(monkeypatch, 10)
    world = control_plane(tmp_path, monkeypatch)
    async with world.running() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        await failing(it, deployment_id, 2)
        await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
        [before] = (await it.get(f"{ECHO}/{deployment_id}/replicas"))["replicas"]
        assert (before["restarts"], before["last_exit"]) == (2, REASON)
        starts = it.plane.supervisor.replicas.start_times(deployment_id)
        assert starts
        await stored(it)
    later, then = time.monotonic() + 1000.0, time.time() + 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: later)
    monkeypatch.setattr(time, "time", lambda: then)
    async with world.running() as it:
        await until(lambda: it.replicas(deployment_id))
        [after] = (await it.get(f"{ECHO}/{deployment_id}/replicas"))["replicas"]
        assert {**after, "since": ""} == {**before, "since": ""}
        replica = it.plane.supervisor.replicas[after["id"]]
        assert later - replica.since > 900.0
        assert replica.since == replica.ready_at
        assert it.plane.supervisor.replicas.start_times(deployment_id) == starts
        assert it.plane.supervisor.replicas.restarts(deployment_id) == 2


async def test_what_of_it_cannot_be_read_ends_nothing(world, caplog):
    async with world() as it:
        deployment_id = await it.serving(settings='{"min_replica": 1}')
    store = Store(it.options.database_url)
    store.save_lives([LifeRow(deployment_id, {"failures": "many"}), LifeRow("gone", {})])
    store.close()
    async with world() as it:
        assert "is not known" in caplog.text
        await it.get(f"{ECHO}/{deployment_id}/replicas")
