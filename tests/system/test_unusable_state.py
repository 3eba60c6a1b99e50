"""`headway up` on what it cannot run on: it ends with the reason and the way out."""

import sqlite3
from pathlib import Path

import pytest

from headway.control.store.store import Store
from system.lasting import Headway

ECHO = Path(__file__).parents[2] / "examples" / "echo"


def garbage(database):
    database.write_bytes(b"no database" * 1000)


def newer(database):
    _changed(database, "UPDATE alembic_version SET version_num = '9999'")


def spoiled(database):
    _changed(database, "INSERT INTO secrets (name, value, created_at) VALUES ('a', 'b', 'never')")
    _changed(
        database,
        "INSERT INTO models (name, created_at) VALUES ('m', 1)",
        "INSERT INTO deployments (deployment_id, model, name, created_at, source, digest, settings, declared,"
        " version, is_active, failure, is_retired) VALUES ('d', 'm', 'd', 1, '', '', '{', '{', 1, 1, '', 0)",
    )


def folder(database):
    database.mkdir()


def _changed(database, *statements):
    store = Store(f"sqlite:///{database}")
    store.migrate()
    store.close()
    with sqlite3.connect(database) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("spoil", "told", "way_out"),
    [
        (garbage, "file is not a database", "--data-dir"),
        (newer, "has schema 9999", "--data-dir"),
        (spoiled, "holds what no Headway writes", "--data-dir"),
        (folder, "cannot make the database", "name a place"),
    ],
)
def test_up_ends_with_the_reason_and_the_way_out(tmp_path, spoil, told, way_out):
    (tmp_path / "data").mkdir(mode=0o700)
    spoil(tmp_path / "data" / "headway.db")
    refused = Headway(tmp_path).run("up", code=1)
    assert told in refused
    assert way_out in refused
    assert refused.count("error:") == 1
    assert refused.count("is gone and is started again") == 0


def test_a_second_up_on_a_database_that_another_has_ends_with_the_reason_and_the_way_out(tmp_path):
    first, second = Headway(tmp_path / "first"), Headway(tmp_path / "second")
    for one in (first, second):
        one.environment["HEADWAY_DATABASE_URL"] = f"sqlite:///{tmp_path / 'shared' / 'state.db'}"
        Path(one.environment["HEADWAY_DATA_DIR"]).parent.mkdir()
    with first.up():
        refused = second.run("up", code=1)
        assert "another Headway keeps its state in the database" in refused
        assert "--database-url" in refused
        assert refused.count("error:") == 1
    with second.up():
        pass
