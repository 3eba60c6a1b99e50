"""The folder of sockets is removed under a control that runs."""

import dataclasses
import logging
import shutil

import pytest

from fakes.cluster import until
from fakes.control_plane import control_plane
from fakes.disk import FULL, Disk
from headway.control.credentials import changes as credentials
from headway.control.running import run_directory as module
from headway.control.running.run_directory import RunDirectory, RunDirectoryLostError
from headway.private_directory import is_own


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setattr(credentials, "_FILES_EVERY", 0.01)
    monkeypatch.setattr(module, "_LOOK_EVERY", 0.01)
    (tmp_path / "run").mkdir(mode=0o700)
    made = control_plane(tmp_path, monkeypatch)
    made.place_sockets(tmp_path / "run")
    return made


async def awake(it):
    deployment_id = await it.serving(settings='{"min_replica": 1}')
    await it.until(lambda: it.plane.supervisor.replicas.ready(deployment_id))
    [replica] = it.plane.supervisor.replicas.of(deployment_id)
    return deployment_id, replica


async def replaced(it, deployment_id, replica):
    """Another one is ready in its place."""

    def others():
        present = it.plane.supervisor.replicas.of(deployment_id)
        return present and replica not in present and it.plane.supervisor.replicas.ready(deployment_id)

    await it.until(others)


async def test_what_is_removed_is_made_again_and_replicas_are_replaced(world, tmp_path, caplog):
    run = tmp_path / "run"
    async with world.running() as it:
        await it.api.post("/v1/secrets", json={"name": "key", "value": "x"})
        deployment_id, replica = await awake(it)
        with caplog.at_level(logging.WARNING):
            shutil.rmtree(run)
            await until((run / "link").exists)
        assert is_own(run)
        await until((run / "secrets" / "key").exists)
        assert "is made again" in caplog.text
        await replaced(it, deployment_id, replica)
        again = await it.dial()
        await again.table()
        again.close()


async def test_a_single_socket_that_is_removed_is_seen_too(world, tmp_path):
    run = tmp_path / "run"
    async with world.running() as it:
        deployment_id, replica = await awake(it)
        (tmp_path / replica.running.address.removeprefix("unix:")).unlink()
        (run / "link").unlink()
        await replaced(it, deployment_id, replica)
        await until((run / "link").exists)


async def test_a_replica_that_takes_the_place_of_one_that_was_seen_has_time_to_open_its_socket(
    world, tmp_path
):
    run = tmp_path / "run"
    async with world.running() as it:
        _, replica = await awake(it)
        directory = RunDirectory(run, it.plane.supervisor)
        directory.look()
        replaced_ids = []
        it.plane.supervisor.replace = lambda replica_id, _: replaced_ids.append(replica_id)
        running, ready_at = replica.running, replica.ready_at
        replica.running = dataclasses.replace(running, generation=99, address=f"unix:{run / '99.http'}")
        replica.ready_at = None
        directory.look()
        assert replaced_ids == []
        replica.running, replica.ready_at = running, ready_at


async def test_what_cannot_be_made_again_is_told_to_be_lost_but_a_full_disk_may_pass(
    world, tmp_path, monkeypatch
):
    disk = Disk(monkeypatch)
    async with world.running() as it:
        directory = RunDirectory(tmp_path / "elsewhere", it.plane.supervisor)
        with disk.failing(FULL, tmp_path / "elsewhere"):
            for _ in range(50):
                directory.look()
        directory.look()
        assert is_own(tmp_path / "elsewhere")
        (tmp_path / "elsewhere").rmdir()
        (tmp_path / "elsewhere").touch()
        for _ in range(module._GIVEN_UP_AFTER - 1):
            directory.look()
        with pytest.raises(RunDirectoryLostError, match="cannot be made again"):
            directory.look()
