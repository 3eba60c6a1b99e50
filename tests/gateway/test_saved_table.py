"""The gateway's saved table on a disk that takes nothing for a while."""

import asyncio
import logging

import pytest

from fakes.cluster import until
from fakes.disk import FAULTS, FULL, Disk
from headway.gateway import saved_table
from headway.gateway.saved_table import SavedTable
from headway.gateway.table import RoutingTable


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(saved_table, "_AGAIN_AFTER", 0.01)


def tables():
    return RoutingTable(1, keys={"a": ("inference",)}), RoutingTable(2, keys={"a": ("inference",)})


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_table_that_cannot_be_saved_is_saved_when_it_can_be(tmp_path, monkeypatch, caplog, fault):
    path, disk, (old, new) = tmp_path / "table.json", Disk(monkeypatch), tables()
    saved = SavedTable(path)
    saved.save(old, old.to_json())
    with caplog.at_level(logging.WARNING), disk.failing(fault, tmp_path):
        saved.save(new, new.to_json())
        await asyncio.sleep(0.05)
        assert SavedTable(path).read() == old  # better than none
    assert len(caplog.records) == 1
    await until(lambda: SavedTable(path).read() == new)
    assert [one.name for one in tmp_path.iterdir()] == ["table.json"]
    saved.close()


async def test_a_table_whose_keys_hold_no_more_does_not_stay(tmp_path, monkeypatch):
    path, disk, (old, _) = tmp_path / "table.json", Disk(monkeypatch), tables()
    saved = SavedTable(path)
    saved.save(old, old.to_json())
    without = RoutingTable(2)
    with disk.failing(FULL, tmp_path):
        saved.save(without, without.to_json())
        assert SavedTable(path).read() is None
    saved.close()


async def test_a_gateway_that_cannot_read_its_table_begins_without_one(tmp_path):
    (tmp_path / "table.json").mkdir()
    assert SavedTable(tmp_path / "table.json").read() is None
    assert SavedTable(tmp_path / "nothing").read() is None
