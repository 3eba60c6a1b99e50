"""One control alone keeps its state in a database: it holds a lock there, which nobody has any more when its process is
gone, however it went.

On SQLite that is a file's lock beside the database, on PostgreSQL a session's, on a connection of its own. A server
that was away has forgotten it: it is taken anew, unless another control was faster.
"""

import fcntl
import socket
from io import TextIOWrapper
from pathlib import Path

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from headway.control.store.database import Database
from headway.control.store.failures import StoreError, UnusableStoreError

_LOCK = 0x4865_6164  # "Head"
_HOLDER = (
    "SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)"
    " WHERE locktype = 'advisory' AND classid = %s AND granted"
)
_HELD = "55P03"
_NAME = "headway on "
_LONGEST_NAME = 63


class OwnedElsewhereError(UnusableStoreError):
    """Another control keeps its state there."""

    def __init__(self, place: str, holder: str = "") -> None:
        by = f"another Headway, on {holder}," if holder else "another Headway"
        super().__init__(
            f"{by} keeps its state in the database {place}",
            hint="stop it, or name another database with --database-url",
        )


class Ownership:
    """Of one database. `take` may be called again and again; all calls block."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._file: TextIOWrapper | None = None
        self._connection: Connection | None = None

    def take(self) -> None:
        """Have it, or have it still. Raises OwnedElsewhereError, and StoreError when the database does not answer."""
        path = self._database.path
        if path is None:
            self._take_session()
        elif self._file is None:
            self._take_file(path.with_name(f"{path.name}.lock"))

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._drop()

    def _take_file(self, path: Path) -> None:
        try:
            file = path.open("a")
        except OSError as error:
            raise StoreError(f"{path} cannot be made: {error.strerror}", hint="see to the disk") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise OwnedElsewhereError(self._database.place) from error
        self._file = file

    def _take_session(self) -> None:
        if self._connection is not None:
            try:
                self._connection.exec_driver_sql("SELECT 1")
            except SQLAlchemyError:
                self._drop()
            else:
                return
        with self._database.explaining():
            connection = self._database.session()
            try:
                self._lock(connection)
            except BaseException:
                connection.invalidate()
                connection.close()
                raise
            self._connection = connection

    def _lock(self, connection: Connection) -> None:
        """It waits as for any lock: a server may take a moment to see that a control was killed."""
        name = (_NAME + socket.gethostname())[:_LONGEST_NAME]
        connection.exec_driver_sql("SELECT set_config('application_name', %s, false)", (name,))
        try:
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK}, hashtext(current_schema()))")
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _HELD:
                raise
            holder = connection.exec_driver_sql(_HOLDER, (_LOCK,)).scalar() or ""
            raise OwnedElsewhereError(self._database.place, holder.removeprefix(_NAME)) from None

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
