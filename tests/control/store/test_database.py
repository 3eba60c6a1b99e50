"""How a database is named and reached, and what is said when it cannot be."""

import sqlite3
import sys
from contextlib import closing

import pytest

from control.store.stored import ECHO, SECRET
from headway.control.store import database
from headway.control.store.failures import StoreError
from headway.control.store.rows import ModelRow
from headway.control.store.store import Store


def rights(path):
    return path.stat().st_mode & 0o777


def test_the_file_of_secrets_and_its_directory_are_their_owners_alone(tmp_path):
    path = tmp_path / "deep" / "state" / "headway.db"
    with closing(Store(f"sqlite:///{path}")) as store:
        store.migrate()
        store.save_secret(SECRET)
        assert {file.name: rights(file) for file in path.parent.iterdir()} == {
            "headway.db": 0o600,
            "headway.db-wal": 0o600,
            "headway.db-shm": 0o600,
        }
    assert rights(path.parent) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(tmp_path):
    path = tmp_path / "headway.db"
    path.touch(0o644)
    Store(f"sqlite:///{path}").close()
    assert rights(path) == 0o600


def test_a_directory_that_others_can_write_to_is_refused(tmp_path):
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    with pytest.raises(StoreError, match="other users can write"):
        Store(f"sqlite:///{tmp_path}/open/headway.db")


def test_a_relative_path_is_below_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Store("sqlite:///state/headway.db").close()
    assert (tmp_path / "state" / "headway.db").exists()


def test_a_file_can_have_any_name_but_a_question_mark(tmp_path):
    path = tmp_path / "50% of 'ä' & more; #1 @home" / "head way.db"
    with closing(Store(f"sqlite:///{path}")) as store:
        store.migrate()
        store.add_model(ECHO)
        assert path.exists()
        assert store.load().models == (ECHO,)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("mysql://ada@db/headway", r"no database is known by 'mysql'.*sqlite:///PATH or postgresql://"),
        ("postgresql+psycopg2://ada@db/headway", "no database is known by 'postgresql.psycopg2'"),
        ("headway.db", "URL cannot be read"),
        ("postgresql://ada:hush@db:port/headway", "URL cannot be read"),
        ("", "URL cannot be read"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite:///file:headway.db", "names no file"),
        ("sqlite://host/headway.db", "names no file"),
        ("sqlite:///what?.db", "names no file"),
        ("sqlite:////dev/null/headway.db", "cannot make the database /dev/null/headway.db"),
    ],
)
def test_a_url_that_names_no_usable_database_is_refused(url, text):
    with pytest.raises(StoreError, match=text) as caught:
        Store(url)
    assert "hush" not in str(caught.value)


def test_a_missing_driver_is_said_with_the_way_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"driver is missing.*pip install 'headway\[postgresql\]'"):
        Store("postgresql://ada@db/headway")


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path):
    path = tmp_path / "headway.db"
    path.write_text("not a database, whatever its name may say. " * 100, encoding="utf-8")
    with (
        closing(Store(f"sqlite:///{path}")) as store,
        pytest.raises(StoreError, match=r"not a database.*restore a backup"),
    ):
        store.migrate()


def test_a_database_that_another_program_holds_is_waited_for_but_not_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_WAIT", 0.01)
    path = tmp_path / "headway.db"
    with closing(Store(f"sqlite:///{path}")) as store:
        store.migrate()
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert store.load().models == ()
            with pytest.raises(StoreError, match="another program holds the database"):
                store.add_model(ECHO)
            other.execute("ROLLBACK")
        store.add_model(ECHO)
        assert store.load().models == (ECHO,)


def test_a_row_that_another_program_holds_is_waited_for_but_not_for_ever(postgresql, monkeypatch):
    monkeypatch.setattr(database, "_WAIT", 0.01)
    url = postgresql.empty_database()
    with closing(Store(url)) as store, closing(Store(url)) as other:
        store.migrate()
        with other.transaction():
            other.add_model(ECHO)
            with pytest.raises(StoreError, match="another program holds the database"):
                store.add_model(ECHO)
        store.add_model(ModelRow("second", 2e9))
        assert [row.name for row in store.load().models] == ["echo", "second"]


def test_sqlite_runs_as_it_was_told_to(tmp_path):
    pragmas = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "secure_delete")
    url = f"sqlite:///{tmp_path / 'headway.db'}"
    with closing(database.Database(url)) as opened, opened.reading() as connection:
        told = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]
    assert told == ["wal", 1, 1, 5000, 1]


def test_a_reader_sees_the_database_at_one_instant(url):
    with closing(Store(url)) as store, closing(database.Database(url)) as reader:
        store.migrate()
        with reader.reading() as connection:
            count = "SELECT count(*) FROM models"
            assert connection.exec_driver_sql(count).scalar() == 0
            store.add_model(ECHO)
            assert connection.exec_driver_sql(count).scalar() == 0
        with reader.reading() as connection:
            assert connection.exec_driver_sql(count).scalar() == 1


def test_a_restarted_server_is_not_even_noticed_between_calls(postgresql):
    with closing(Store(postgresql.empty_database())) as store:
        store.migrate()
        store.add_model(ECHO)
        postgresql.stop()
        postgresql.start()
        assert store.load().models == (ECHO,)


def test_a_call_without_a_server_fails_and_the_next_with_one_works(postgresql):
    with closing(Store(postgresql.empty_database())) as store:
        store.migrate()
        postgresql.stop()
        try:
            for _ in range(2):
                with pytest.raises(StoreError, match="see that the server runs"):
                    store.load()
        finally:
            postgresql.start()
        store.add_model(ECHO)
        assert store.load().models == (ECHO,)


def test_a_connection_lost_within_a_transaction_undoes_it_and_the_next_works(postgresql):
    with closing(Store(postgresql.empty_database())) as store:
        store.migrate()

        def interrupted():
            with store.transaction():
                store.add_model(ECHO)
                postgresql.cut_connections()
                store.add_model(ModelRow("second", 1.0))

        with pytest.raises(StoreError, match="try again"):
            interrupted()
        assert store.load().models == ()
        store.add_model(ECHO)
        assert store.load().models == (ECHO,)


def test_a_failed_call_does_not_show_the_password(postgresql):
    place = postgresql.empty_database().partition("@/")[2]
    for url in (f"postgresql://nobody:hush@/{place}", f"postgresql://nobody@/{place}&password=hush"):
        with (
            closing(Store(url)) as store,
            pytest.raises(StoreError, match='"nobody" does not exist') as caught,
        ):
            store.load()
        assert "database postgresql://nobody" in str(caught.value)
        assert "hush" not in str(caught.value)
