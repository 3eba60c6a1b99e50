import dataclasses
import logging

import pytest

from headway.control.running import table_store
from headway.control.running.table_store import TableStore
from headway.gateway.table import DeploymentRoute, RoutingTable


@pytest.fixture
def clock(monkeypatch):
    """The wall clock, set by `clock(seconds)`."""
    return lambda seconds: monkeypatch.setattr(table_store.time, "time", lambda: seconds)


def test_what_was_stored_is_there_for_the_next_life(tmp_path):
    table = RoutingTable(0, (DeploymentRoute("d1", "echo"),), {("echo", "production"): "d1"})
    stored = TableStore(tmp_path / "table.json").store(table)
    assert stored == dataclasses.replace(table, version=stored.version)
    assert TableStore(tmp_path / "table.json").table == stored


def test_versions_rise_within_one_millisecond_and_when_the_clock_is_set_back(tmp_path, clock):
    clock(1000.0)
    store = TableStore(tmp_path / "table.json")
    versions = [store.store(store.table).version for _ in range(3)]
    clock(500.0)
    again = TableStore(tmp_path / "table.json")
    versions.append(again.store(again.table).version)
    assert versions == [1_000_000, 1_000_001, 1_000_002, 1_000_003]


def test_versions_rise_though_the_stored_table_was_lost(tmp_path, clock, caplog):
    clock(1000.0)
    before = TableStore(tmp_path / "table.json").store(RoutingTable(0)).version
    (tmp_path / "table.json").write_text("{", encoding="utf-8")
    clock(1000.1)
    with caplog.at_level(logging.WARNING):
        store = TableStore(tmp_path / "table.json")
    assert "cannot be used" in caplog.text
    assert store.store(RoutingTable(0)).version > before


def test_versions_rise_above_what_a_gateway_goes_by_though_file_and_clock_know_nothing_of_it(tmp_path, clock):
    clock(1000.0)
    store = TableStore(tmp_path / "table.json")
    store.rise_above(5_000_000)
    assert store.store(RoutingTable(0)).version == 5_000_001
    assert store.store(RoutingTable(0)).version == 5_000_002
