"""What is kept and what goes, on a whole control plane over a backend in memory."""

import asyncio
import contextlib
import os
import shutil
import time

import pytest

from fakes.archives import tar, truss_files
from fakes.control_plane import control_plane
from headway.control.disk.pruning import PruneBounds
from headway.control.disk.usage import usage
from headway.control.packages.room import NoRoomError
from headway.control.store.databases import UnknownStateError

_DAY = 86_400.0


@pytest.fixture
def world(tmp_path, monkeypatch):
    def make(**options):
        return control_plane(tmp_path, monkeypatch, **options)

    return make


def content(number):
    return tar(truss_files(**{"data/n": str(number)}))


def snapshots(it):
    folder = it.data_dir / "snapshots"
    return {path.name for path in folder.iterdir() if path.is_dir()} if folder.exists() else set()


def age(it, days):
    """As if nothing had been used for so long."""
    at = time.time() - days * _DAY
    for manifest in it.data_dir.glob("*/*/manifest.json"):
        os.utime(manifest, (at, at))
    for deployment in list(it.desired_state.deployments.values()):
        it.desired_state.deployments[deployment.deployment_id] = type(deployment)(
            **{
                name: getattr(deployment, name)
                for name in deployment.__dataclass_fields__
                if name != "created_at"
            },
            created_at=at,
        )


async def replaced(it, count):
    """So many deployments of one model, one after another; all but the last are replaced and hold no replica."""
    ids = [await it.serving(content=content(number)) for number in range(count)]
    for deployment_id in ids[:-1]:
        if it.replicas(deployment_id):
            await it.drain(deployment_id)
    return ids


async def test_the_last_replaced_deployments_stay_and_older_ones_go_after_their_days(world, caplog):
    async with world(prune_bounds=PruneBounds(2, 7)).running() as it:
        ids = await replaced(it, 5)
        assert await it.plane.pruner.prune() == [], "all were in use a moment ago"
        age(it, 8)
        would = await it.plane.pruner.prune(dry_run=True)
        assert set(it.desired_state.deployments) == set(ids)
        with caplog.at_level("INFO"):
            removed = await it.plane.pruner.prune()
        assert [(one.what, one.name) for one in removed] == [(one.what, one.name) for one in would]
        assert len([one for one in removed if one.what == "deployments"]) == 2
        assert len(it.desired_state.deployments) == 3
        assert ids[-1] in it.desired_state.deployments
        assert snapshots(it) == {one.digest for one in it.desired_state.deployments.values()}
        assert "a replaced deployment is deleted: not in use for 7 days" in caplog.text
        stored = await it.plane.persistence.call(it.plane.persistence.store.load)
        await it.plane.persistence.save()
        assert len(stored.deployments) >= 3


async def test_what_an_environment_names_or_nobody_replaced_stays_however_old_it_is(world):
    async with world(prune_bounds=PruneBounds(0, 0)).running() as it:
        await it.serving(content=content(1))
        await it.serving("other", content=content(2), environment="staging")
        await it.push("third", content=content(3), environment="")
        await it.until(lambda: all(one.prepared for one in it.desired_state.deployments.values()))
        age(it, 365)
        await it.plane.pruner.prune()
        await it.plane.pruner.prune()
        assert len(it.desired_state.deployments) == 3
        assert len(snapshots(it)) == 3


async def test_the_files_of_a_deleted_deployment_stay_for_their_days(world):
    async with world(prune_bounds=PruneBounds(5, 7)).running() as it:
        pushed = await it.push(content=content(1), environment="")
        log = it.data_dir / "logs" / pushed["id"] / "build.log"
        await it.until(lambda: not it.plane.preparations.progress(pushed["id"]))
        (it.data_dir / "logs" / "not-an-id").mkdir()
        answer = await it.api.delete(f"/v1/models/echo/deployments/{pushed['id']}")
        assert answer.status_code == 202
        await it.until(lambda: not it.desired_state.deployments)
        await it.plane.pruner.prune()
        assert len(snapshots(it)) == 1
        assert log.exists()
        age(it, 8)
        long_ago = time.time() - 8 * _DAY
        for path in (log, log.parent):
            os.utime(path, (long_ago, long_ago))
        removed = await it.plane.pruner.prune()
        assert [one.what for one in removed] == ["snapshots", "logs"]
        assert snapshots(it) == set()
        assert {path.name for path in log.parent.parent.iterdir()} == {"not-an-id"}


async def test_what_a_broken_preparation_left_goes_at_once(world):
    async with world().running() as it:
        left = it.data_dir / "environments" / "half"
        left.mkdir(parents=True)
        removed = await it.plane.pruner.prune()
        assert [(one.what, one.name, one.reason) for one in removed] == [
            ("environments", "half", "it was never finished")
        ]
        assert not left.exists()


async def test_an_upload_that_nobody_finishes_goes_after_a_day(world):
    async with world().running() as it:
        left = it.data_dir / "uploads" / "tmp1"
        (left / "unpacked").mkdir(parents=True)
        assert await it.plane.pruner.prune() == []
        for path in (left / "unpacked", left):
            os.utime(path, (1.0, 1.0))
        assert [one.what for one in await it.plane.pruner.prune()] == ["uploads"]
        assert not left.exists()


async def test_pushes_and_prunings_at_the_same_time_lose_nothing(world):
    async with world(prune_bounds=PruneBounds(0, 0)).running() as it:
        pruning = asyncio.create_task(prune_for_ever(it))
        for number in range(9):
            await it.serving(content=content(number % 3))
        assert not pruning.done()
        pruning.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pruning
        [deployment] = [one for one in it.desired_state.deployments.values() if not one.is_retired]
        assert (deployment.source / "config.yaml").exists()


async def prune_for_ever(it):
    while True:
        await it.plane.pruner.prune()
        await asyncio.sleep(0)


async def test_what_another_state_of_the_same_directory_needs_stays(world, tmp_path):
    async with world().running() as it:
        await it.serving(content=content(1))
        state = it.options.database_url
    assert state.startswith("sqlite:")
    other = world(prune_bounds=PruneBounds(0, 0))
    other.options = type(other.options)(
        data_dir=it.data_dir,
        link_path=tmp_path / "link",
        database_url=f"sqlite:///{tmp_path / 'other.sqlite'}",
        prune_bounds=PruneBounds(0, 0),
    )
    async with other.running():
        await other.plane.pruner.prune()
        assert len(snapshots(other)) == 1
        [note] = (it.data_dir / "control" / "databases").iterdir()
        shutil.rmtree(tmp_path / "state")
        await other.plane.pruner.prune()
        assert snapshots(other) == set(), "that state is no more"
        note.write_text("postgresql://ada@db/headway", encoding="utf-8")
        with pytest.raises(UnknownStateError, match="postgresql://ada@db/headway"):
            await other.plane.pruner.prune()
        assert (await other.get("/v1/disk"))["entries"], "it is shown all the same"


async def test_a_push_that_finds_no_room_has_what_nobody_needs_removed_first(world, monkeypatch):
    async with world(prune_bounds=PruneBounds(0, 0), min_free=1000).running() as it:
        await replaced(it, 2)
        monkeypatch.setattr(
            "headway.control.packages.room.free_bytes", lambda _: 2000 if len(snapshots(it)) == 1 else 10
        )
        await it.plane.require_room()
        assert len(snapshots(it)) == 1
        with pytest.raises(
            NoRoomError, match=r"2,000 bytes are free .* 1,001 are to come, and 1,000 must stay"
        ):
            await it.plane.require_room(1001)


async def test_what_models_have_downloaded_stays_as_long_as_they_do_and_is_told(world, tmp_path, monkeypatch):
    async with world(prune_bounds=PruneBounds(2, 7)).running() as it:
        deployment_id = await it.serving()
        model = it.desired_state.deployments[deployment_id].model
        for name in (model, "gone", "recent"):
            (it.data_dir / "caches" / name).mkdir(parents=True)
            (it.data_dir / "caches" / name / "weights").write_bytes(b"x" * 10_000)
            at = time.time() - (1 if name == "recent" else 8) * _DAY
            for path in (it.data_dir / "caches" / name / "weights", it.data_dir / "caches" / name):
                os.utime(path, (at, at))
        shared = tmp_path / "shared"
        shared.mkdir()
        monkeypatch.setenv("HEADWAY_CACHE_DIR", str(shared))
        told = {one.name: one for one in await usage(it.data_dir, it.plane.pruner) if one.what == "caches"}
        assert told.keys() == {model, "gone", "recent", str(shared)}
        assert told[model].used_by == (f"{model}: {deployment_id}",)
        assert told[model].size_bytes >= 10_000
        assert told["gone"].used_by == ()
        removed = [one for one in await it.plane.pruner.prune() if one.what == "caches"]
        assert [(one.name, one.reason) for one in removed] == [("gone", "its model is deleted")]
        assert {path.name for path in (it.data_dir / "caches").iterdir()} == {model, "recent"}
