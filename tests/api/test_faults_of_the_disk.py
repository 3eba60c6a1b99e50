"""What happens to each thing that control writes when the disk is full, read-only, not ours or broken: what is written,
what the user sees, and what becomes of it when the disk takes it again. Control goes on in every case.
"""

import asyncio
import contextlib
import json
import os
import shutil
import sqlite3

import pytest
from sqlalchemy.exc import OperationalError

from fakes.archives import tar, truss_files
from fakes.cluster import until
from fakes.disk import BROKEN, FAULTS, FORBIDDEN, FULL, READ_ONLY, Disk
from headway.control.credentials import changes as credentials
from headway.control.operations import preparations
from headway.control.packages.entries import PreparationError
from headway.control.storage import StorageError
from headway.control.store import persistence
from headway.control.store.failures import explained
from headway.core.stages import Stage
from headway.observed.records import Outcome, RequestRecord
from headway.telemetry.stage_board import BoardReader, open_board

OF_SQLITE = {
    FULL: "SQLITE_FULL",
    READ_ONLY: "SQLITE_READONLY",
    FORBIDDEN: "SQLITE_CANTOPEN",
    BROKEN: "SQLITE_IOERR",
}


def pushes(name):
    return f"/v1/models/{name}/deployments"


def settings(name):
    return f"{pushes(name)}/production/settings"


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """What is tried again is tried at once."""
    monkeypatch.setattr(credentials, "_FILES_EVERY", 0.01)
    monkeypatch.setattr(persistence, "_RETRY_AFTER", 0.01)
    monkeypatch.setattr(persistence, "_RECORDS_AFTER", 0.01)
    monkeypatch.setattr(preparations, "_FIRST_PAUSE", 0.01)


@pytest.fixture
def disk(monkeypatch):
    return Disk(monkeypatch)


async def routing_table(it, disk, fault, name):
    await it.serving(name)
    path = it.data_dir / "control" / "table.json"
    with disk.failing(fault, path.parent):
        answer = await it.api.patch(settings(name), json={"max_replica": 7})
        assert (answer.status_code, answer.json()["message"]) == (
            200,
            "in force",
        )  # which it is, and it is stored
        await it.serving(f"other-{name}")  # replicas are started too
        assert f"other-{name}" not in path.read_text()
    it.plane.supervisor.wake()
    await until(lambda: f"other-{name}" in path.read_text())
    assert json.loads(path.read_text())["version"] == it.plane.supervisor.link.version


async def secret(it, disk, fault, name):
    folder = it.plane.credentials.secret_files.directory
    with disk.failing(fault, folder):
        error = await it.refused("POST", "/v1/secrets", 503, json={"name": name, "value": "x"})
        assert error["code"] == "storage"
        assert "stored, and models see it when it can be written" in error["message"]
        assert os.strerror(fault) in error["message"]
        assert error["hint"]
        assert name in [one["name"] for one in (await it.get("/v1/secrets"))["secrets"]]
    await until((folder / name).exists)
    assert (folder / name).read_text() == "x"
    assert not list(folder.glob(".*"))


async def deleted_secret(it, disk, fault, name):
    folder = it.plane.credentials.secret_files.directory
    await it.api.post("/v1/secrets", json={"name": name, "value": "x"})
    with disk.failing(fault, folder):
        if fault == FULL:  # to remove needs no room
            assert (await it.api.delete(f"/v1/secrets/{name}")).status_code == 200
        else:
            error = await it.refused("DELETE", f"/v1/secrets/{name}", 503)
            assert "models see it until its file can be" in error["message"]
    await until(lambda: not (folder / name).exists())


async def upload(it, disk, fault, name):
    with disk.failing(fault, it.data_dir):
        error = await it.refused("POST", pushes(name), 503, content=tar(truss_files()))
        assert error["code"] == "storage"
        assert "the archive cannot be kept" in error["message"]
        assert os.strerror(fault) in error["message"]
        assert error["hint"]
        assert not it.desired_state.deployments_of(name)
    await it.serving(name)


async def unpacking(it, disk, fault, name):
    uploads = it.data_dir / "uploads"
    uploads.mkdir(parents=True, exist_ok=True)
    monkey = disk._refuse

    def only_unpacked(path, **options):
        if "unpacked/" in os.fsdecode(path):
            monkey(path, **options)

    disk._refuse = only_unpacked
    with disk.failing(fault, uploads):
        error = await it.refused("POST", pushes(name), 503, content=tar(truss_files()))
        assert (error["code"], "cannot be unpacked" in error["message"]) == ("storage", True)
    disk._refuse = monkey
    await it.serving(name)
    assert list(uploads.iterdir()) == []


async def snapshot(it, disk, fault, name):
    with disk.failing(fault, it.data_dir / "snapshots"):
        error = await it.refused("POST", pushes(name), 503, content=tar(truss_files(f"description: {name}")))
        assert (error["code"], "the Truss cannot be copied" in error["message"]) == ("storage", True)
        assert not it.desired_state.deployments_of(name)
    await it.serving(name)


async def environment(it, disk, fault, name):
    """A preparation that has begun goes on by itself, also in another life of control."""
    del disk
    error = OSError(fault, os.strerror(fault))
    for kept in (_caused(PreparationError("uv broke"), error), StorageError.of("no", error)):
        it.preparation_fails = kept
        content = tar(truss_files(f"description: {type(kept).__name__}"))
        deployment_id = (await it.push(name, content))["id"]
        await _told_again(it, deployment_id)
        told = await it.get(f"{pushes(name)}/{deployment_id}")
        assert told["status"] == "BUILDING"
        assert str(kept) in told["preparation"]["line"]
        it.preparation_fails = None
        await _serves(it, name, deployment_id)


async def _told_again(it, deployment_id):
    await until(lambda: "again" in it.plane.preparations.progress(deployment_id).line)


async def _serves(it, name, deployment_id):
    await it.until(lambda: it.desired_state.points_at((name, "production")) == deployment_id)


async def log(it, disk, fault, name):
    with disk.failing(fault, it.data_dir / "logs"):
        await it.serving(name)


async def database(it, disk, fault, name):
    del disk
    await it.serving(name)
    with FailingStore(it, fault) as store:
        error = await it.refused("PATCH", settings(name), 503, json={"max_replica": 7})
        assert error["code"] == "store"
        assert "the change is in force, and is stored as soon as that can be" in error["message"]
        assert error["hint"]
        assert (await it.get(settings(name)))["settings"]["max_replica"] == 7
        error = await it.refused("POST", "/v1/secrets", 503, json={"name": name, "value": "x"})
        assert error["code"] == "store"
        assert (await it.get("/v1/secrets"))["secrets"] == []  # it is neither stored nor in force
    await store.written.wait()
    assert {row.model: row.settings["max_replica"] for row in (await stored(it)).deployments}[name] == 7


async def keys(it, disk, fault, name):
    """They are in force once they are stored, and until they are deleted there."""
    del disk, name
    with FailingStore(it, fault):
        error = await it.refused("POST", "/v1/api_keys", 503, json={})
        assert (error["code"], bool(error["hint"])) == ("store", True)
    made = await it.post("/v1/api_keys", {}, 201)
    it.api.headers["authorization"] = f"Bearer {made['api_key']}"
    with FailingStore(it, fault):
        await it.refused("DELETE", f"/v1/api_keys/{made['prefix']}", 503)
        assert len((await it.get("/v1/api_keys"))["api_keys"]) == 1
    assert (await it.api.delete(f"/v1/api_keys/{made['prefix']}")).status_code == 200
    del it.api.headers["authorization"]
    assert (await it.get("/v1/api_keys"))["api_keys"] == []


async def records(it, disk, fault, name):
    del disk
    deployment_id = await it.serving(name)
    with FailingStore(it, fault) as store:
        it.plane.persistence.note_requests([_record(name, deployment_id)])
        await store.refused.wait()
    await store.written.wait()
    assert f"of-{name}" in (await it.api.get(f"{pushes(name)}/{deployment_id}/requests/export")).text


async def what_became_of_replicas(it, disk, fault, name):
    del disk
    deployment_id = await it.serving(name)
    with FailingStore(it, fault) as store:
        it.plane.persistence.note_life(deployment_id, {"of": name})
        await store.refused.wait()
    await store.written.wait()
    assert {"of": name} in [
        row.content for row in (await stored(it)).lives if row.deployment_id == deployment_id
    ]


async def streamed_upload(it, disk, fault, name):
    """The disk is full in the middle of a file: as on the real device for that, so it has one fault only."""
    if fault == FULL:
        uploads = it.data_dir / "uploads"
        with disk.filling(uploads):
            error = await it.refused("POST", pushes(name), 503, content=tar(truss_files()))
            assert (error["code"], "the archive cannot be kept" in error["message"]) == ("storage", True)
        assert not list(uploads.iterdir())
    await it.serving(name)


async def pruning(it, disk, fault, name):
    """Something stays until it can go; nothing that is in use goes."""
    used = await it.serving(name, tar(truss_files(f"description: {name}")))
    snapshots = it.data_dir / "snapshots"
    unneeded = snapshots / "begun"
    unneeded.mkdir()
    with disk.failing(fault, snapshots):
        error = await it.refused("POST", "/v1/disk/prune", 503)
        assert (error["code"], os.strerror(fault) in error["message"]) == ("storage", True)
        assert unneeded.exists()
    removed = (await it.post("/v1/disk/prune", expected=200))["removed"]
    assert (snapshots.name, unneeded.name) in [(one["what"], one["name"]) for one in removed]
    assert not unneeded.exists()
    assert it.desired_state.deployments[used].source.exists()


async def pruned_deployments(it, disk, fault, name):
    del disk
    await it.serving(name)
    with FailingStore(it, fault) as store:
        error = await it.refused("DELETE", f"/v1/models/{name}", 503)
        assert error["code"] == "store"
    await store.written.wait()
    await it.until(lambda: not it.desired_state.deployments_of(name))


async def views_of_secrets(it, disk, fault, name):
    """What a replica may see of the secrets: it is not started without."""
    views = it.options.link_path.parent / "declared_secrets"
    views.mkdir(exist_ok=True)
    with disk.failing(fault, views):
        content = tar(truss_files("secrets: {token: null}"))
        deployment_id = (await it.push(name, content, settings='{"min_replica": 1}'))["id"]
        path = f"{pushes(name)}/{deployment_id}"
        while "its secrets cannot be laid out" not in (await it.get(path))["reason"]:
            await it.round()
        assert not it.replicas(deployment_id)
    it.plane.supervisor.wake()
    await it.until(lambda: it.replicas(deployment_id))
    assert [one.name for one in (views / deployment_id).iterdir()] == ["token"]


async def stage_board(it, disk, fault, name):
    """A replica that cannot have its file notes all the same, for itself."""
    path = it.data_dir / f"{name}.stages"
    with disk.failing(fault, it.data_dir):
        board = open_board(path)
        board.enter(board.take("a"), Stage.PREPROCESS)
        assert BoardReader(path).stage_of(b"a") == ""
    board = open_board(path)
    board.enter(board.take("a"), Stage.PREPROCESS)
    reader = BoardReader(path)
    assert reader.stage_of(b"a") == "preprocess"
    reader.close()


async def note_of_the_database(it, disk, fault, name):
    """Whose files lie there is noted before any goes."""
    notes = it.data_dir / "control" / "databases"
    shutil.rmtree(notes, ignore_errors=True)
    await it.serving(name)
    with disk.failing(fault, notes):
        await it.refused("POST", "/v1/disk/prune", 503)
    await it.post("/v1/disk/prune", expected=200)
    assert list(notes.iterdir())


async def stored(it):
    return await it.plane.persistence.call(it.plane.persistence.store.load)


ROWS = (
    routing_table,
    secret,
    deleted_secret,
    upload,
    unpacking,
    snapshot,
    environment,
    log,
    database,
    keys,
    records,
    what_became_of_replicas,
    streamed_upload,
    pruning,
    pruned_deployments,
    views_of_secrets,
    stage_board,
    note_of_the_database,
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
async def test_a_fault_of_the_disk_costs_what_could_not_be_written_until_it_can_be(world, disk, row):
    async with world() as it:
        for fault in FAULTS:
            await row(it, disk, fault, f"model-{fault}")
            await it.get("/healthz")


class FailingStore:
    """Within the block the database fails as SQLite does on such a disk. `refused` is set when a write was, and
    `written` when one has gone through after the block.
    """

    _WRITES = ("transaction", "save_secret", "add_key", "delete_key", "delete_secret")

    def __init__(self, it, fault):
        self._store, self._loop = it.plane.persistence.store, asyncio.get_running_loop()
        cause = sqlite3.OperationalError("the disk does not take it")
        cause.sqlite_errorname = OF_SQLITE[fault]
        self._error = explained(OperationalError("", {}, cause), "sqlite:///it")
        self.refused, self.written = asyncio.Event(), asyncio.Event()

    def __enter__(self):
        for name in self._WRITES:
            setattr(self._store, name, self._fail)
        return self

    def __exit__(self, *_):
        for name in self._WRITES:
            delattr(self._store, name)
        self._store.transaction = self._noted

    def _fail(self, *_):
        self._loop.call_soon_threadsafe(self.refused.set)
        raise self._error

    @contextlib.contextmanager
    def _noted(self):
        with type(self._store).transaction(self._store):
            yield
        self._loop.call_soon_threadsafe(self.written.set)


def _caused(error, cause):
    error.__cause__ = cause
    return error


def _record(name, deployment_id):
    return RequestRecord(f"of-{name}", deployment_id, name, "echo-1", 1.0, 200, Outcome.FINISHED, 0.1)
