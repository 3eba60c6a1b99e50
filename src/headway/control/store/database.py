"""The way to one database, SQLite or PostgreSQL: its connections, its transactions, and who else may read its file.

It knows both dialects; it knows no table.
"""

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, cast

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from headway.control.store.failures import StoreError, UnusableStoreError, explained

_SCHEMES = "sqlite:///PATH or postgresql://USER@HOST/NAME"
_WAIT = 5.0
"""Longest wait for a lock that another process holds."""
_MIGRATION_WAIT = 60.0
"""The same, while another process may be migrating."""
_STATEMENT_LIMIT = 30.0
_LASTING = {errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG}
_LOCK = 0x4865_6164_7761_79  # "Headway": PostgreSQL's advisory locks are numbers


class Database:
    """Transactions on the database at `url`. Raises StoreError for whatever fails, with what to do about it."""

    def __init__(self, url: str) -> None:
        self._url = _checked(url)
        self.place = _shown(self._url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self.path = Path(str(self._url.database)) if self.is_sqlite else None
        """Of SQLite's file."""
        if self.path is not None:
            _make_private(self.path)
        self._engine = self._new_engine(_WAIT)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees the database at one instant and changes nothing."""
        level = {} if self.is_sqlite else {"isolation_level": "REPEATABLE READ"}
        with self.explaining(), self._engine.connect().execution_options(**level) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is kept wholly when the block ends, and not at all when it raises."""
        with self.explaining(), self._engine.execution_options(is_writing=True).begin() as connection:
            yield connection

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Like `writing`, alone in the whole database. SQLite does not follow foreign keys meanwhile, since
        changing a table there means to make it anew and to drop the old one.
        """
        engine = self._new_engine(_MIGRATION_WAIT, foreign_keys=False, poolclass=NullPool)
        with self.explaining(), engine.execution_options(is_writing=True).begin() as connection:
            if not self.is_sqlite:
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection

    @contextmanager
    def explaining(self, *kinds: type[Exception]) -> Iterator[None]:
        """SQLAlchemy's errors, and those of these kinds too, leave the block as StoreError."""
        explicable: tuple[type[Exception], ...] = (SQLAlchemyError, *kinds)
        try:
            yield
        except explicable as error:
            # Without its cause, whose text may show the whole row that was refused, a secret's value with it.
            raise explained(error, self.place) from None

    def session(self) -> Connection:
        """A connection of its own, outside of any transaction. Raises SQLAlchemyError."""
        engine = self._new_engine(_WAIT, poolclass=NullPool)
        return engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def insert(self, table: Table) -> sqlite.Insert:
        """An INSERT that can say what to do on a conflict; both dialects word it alike."""
        if self.is_sqlite:
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql

        return cast("sqlite.Insert", postgresql.insert(table))

    def close(self) -> None:
        self._engine.dispose()

    def _new_engine(self, wait: float, *, foreign_keys: bool = True, **pool: Any) -> Engine:
        options = {"hide_parameters": True, "json_serializer": _to_json, **pool}
        if self.is_sqlite:
            engine = create_engine(self._url, **options)
            _tell_sqlite(engine, wait, foreign_keys=foreign_keys)
            return engine
        try:
            engine = create_engine(
                self._url, pool_pre_ping=True, connect_args=_postgresql_arguments(self._url), **options
            )
        except ImportError as error:
            raise UnusableStoreError(
                f"PostgreSQL's driver is missing: {error}", hint="pip install 'headway[postgresql]'"
            ) from error
        _tell_postgresql(engine, wait)
        return engine


class _Driver(Protocol):
    """What is used of a driver's own connection."""

    isolation_level: Any

    def execute(self, statement: str, /) -> Any: ...

    def commit(self) -> None: ...


def _checked(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        # The text stays unsaid: it may hold a password.
        raise UnusableStoreError(
            "the database's URL cannot be read", hint=f"it is like {_SCHEMES}"
        ) from error
    match parsed.drivername:
        case "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case "sqlite":
            return _checked_sqlite(parsed, has_query="?" in url)
        case other:
            raise UnusableStoreError(f"no database is known by {other!r}", hint=f"name one like {_SCHEMES}")


def _shown(url: URL) -> str:
    """The URL as its owner wrote it, without what may be secret in it."""
    secret = [name for name in url.query if name not in ("host", "port")]
    shown = url.difference_update_query(secret).set(drivername=url.get_backend_name())
    return shown.render_as_string(hide_password=True)


def _checked_sqlite(url: URL, *, has_query: bool) -> URL:
    path = url.database or ":memory:"
    if url.host or has_query or path.startswith((":memory:", "file:")):
        raise UnusableStoreError(
            f"{url.render_as_string()} names no file for the database",
            hint="it is like sqlite:///relative/path or sqlite:////absolute/path",
        )
    return url.set(database=str(Path(path).absolute()))


def _make_private(path: Path) -> None:
    """Make the file, and its directory if need be, for this user alone: secrets lie in it."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.parent.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise UnusableStoreError(
                f"other users can write to {path.parent}, where the database lies",
                hint="it holds secrets: name a file in a directory of your own, or chmod 700",
            )
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.fchmod(descriptor, 0o600)  # SQLite gives the files beside it the same rights
        finally:
            os.close(descriptor)
    except OSError as error:
        kind = UnusableStoreError if error.errno in _LASTING else StoreError
        raise kind(
            f"cannot make the database {path}: {error.strerror}", hint="name a place that you may write to"
        ) from error


def _tell_sqlite(engine: Engine, wait: float, *, foreign_keys: bool) -> None:
    """Transactions begin and end where SQLAlchemy says so, never by the driver's guess.

    Those that write take the lock at their beginning: one that had to wait for it later could not go on.
    """

    @event.listens_for(engine, "connect")
    def _connected(connection: _Driver, _: object) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout = {wait * 1000:.0f}",  # first: what follows may have to wait too
            "journal_mode = WAL",
            "synchronous = NORMAL",
            f"foreign_keys = {foreign_keys:d}",
            "secure_delete = ON",  # no trace of a secret in the file's free pages
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        is_writing = connection.get_execution_options().get("is_writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")


def _tell_postgresql(engine: Engine, wait: float) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: _Driver, _: object) -> None:
        limit = max(wait, _STATEMENT_LIMIT)
        connection.execute(f"SET lock_timeout = {wait * 1000:.0f}")
        connection.execute(f"SET statement_timeout = {limit * 1000:.0f}")
        connection.commit()


def _postgresql_arguments(url: URL) -> dict[str, Any]:
    """Settings of libpq, where the URL does not set them: so that a dead server is noticed soon."""
    ours: dict[str, Any] = {
        "application_name": "headway",
        "connect_timeout": 5,
        "tcp_user_timeout": 10_000,
    }
    return {name: value for name, value in ours.items() if name not in url.query}


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def place_of(url: str) -> str:
    """What a database is known by: its URL without what may be secret in it. Raises StoreError."""
    return _shown(_checked(url))
