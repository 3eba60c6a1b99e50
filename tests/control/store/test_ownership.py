"""A database has one control: a second one is told so, whatever becomes of server and processes."""

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from fakes.control_plane import World
from headway.control import plane as plane_module
from headway.control.store import database
from headway.control.store.failures import StoreError
from headway.control.store.ownership import OwnedElsewhereError
from headway.control.store.store import Store

OWNS = """
import sys
from headway.control.store.store import Store
store = Store(sys.argv[1])
store.own()
print("owned", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A second or so is long enough for a server of one's own to see that somebody left."""
    monkeypatch.setattr(database, "_WAIT", 1.0)


def test_a_second_control_is_refused_with_the_way_out_until_the_first_one_ends(open_store):
    first, second = open_store(), open_store()
    first.own()
    first.own()
    with pytest.raises(OwnedElsewhereError) as refused:
        second.own()
    assert "another Headway" in str(refused.value)
    assert "--database-url" in refused.value.hint
    assert not refused.value.may_pass
    first.close()
    second.own()


def test_who_only_looks_is_no_control(open_store):
    first, second = open_store(), open_store()
    first.own()
    second.migrate()
    second.load()


def test_a_killed_control_owns_nothing(url, open_store):
    process = subprocess.Popen(
        [sys.executable, "-c", OWNS, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline() == "owned\n"
        with pytest.raises(OwnedElsewhereError):
            open_store().own()
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
        process.stdout.close()
    open_store().own()


def test_a_server_that_was_away_is_owned_anew(postgresql):
    url = postgresql.empty_database()
    first, second = Store(url), Store(url)
    first.own()
    postgresql.stop()
    try:
        with pytest.raises(StoreError) as away:
            first.own()
        assert away.value.may_pass
    finally:
        postgresql.start()
    first.own()
    with pytest.raises(OwnedElsewhereError) as refused:
        second.own()
    assert f"on {os.uname().nodename}," in str(refused.value)
    postgresql.cut_connections()
    second.own()
    with pytest.raises(OwnedElsewhereError):
        first.own()
    first.close()
    second.close()


def test_two_schemas_of_one_database_have_a_control_each(postgresql):
    url = postgresql.empty_database()
    first, second = Store(url), Store(f"{url}&options=-csearch_path%3Dpg_temp")
    first.own()
    second.own()
    first.close()
    second.close()


async def test_a_control_that_lost_its_database_to_another_ends_and_says_why(
    tmp_path, postgresql, monkeypatch
):
    monkeypatch.setattr(plane_module, "_OWNED_EVERY", 0.05)
    world, url = World(tmp_path), postgresql.empty_database()
    world.options = plane_module.PlaneOptions(tmp_path / "data", tmp_path / "link", url)
    other = Store(url)
    plane = await plane_module.ControlPlane.open(world.options, world.backend)
    with pytest.raises(OwnedElsewhereError):
        await asyncio.to_thread(other.own)
    running = asyncio.create_task(plane.run())
    postgresql.cut_connections()
    while True:
        try:
            await asyncio.to_thread(other.own)
            break
        except OwnedElsewhereError:
            postgresql.cut_connections()
    with pytest.raises(ExceptionGroup) as ended:
        await asyncio.wait_for(running, 30)
    assert ended.group_contains(OwnedElsewhereError)
    await plane.persistence.close()
    other.close()
