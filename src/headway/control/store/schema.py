"""Brings a database to the newest schema, through the revisions in `migrations/versions`.

To change the schema: change `tables.py`, then add `rNNNN_what.py` there with `revision = "NNNN"`, the one before as
`down_revision`, and an `upgrade()` made of Alembic's operations. A test compares the outcome with `tables.py`. To
change a table that exists use `op.batch_alter_table`, since SQLite cannot alter most things in place. There is no way
down: a backup is.
"""

import logging
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from headway.control.store.database import Database
from headway.control.store.failures import StoreError, UnusableStoreError

_logger = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(database: Database, migrations: Path = MIGRATIONS) -> None:
    """Do every step that is missing, all of them in one transaction.

    Raises StoreError for a database that a newer Headway has migrated.
    """
    known = sorted(path.name[1:5] for path in migrations.glob("versions/r*.py"))
    if _is_at(database, known[-1]):
        return  # as at nearly every start, which is not to wait for the import of Alembic
    from alembic import command
    from alembic.config import Config

    logging.getLogger("alembic").setLevel(logging.WARNING)  # the line below says what matters
    with database.migrating() as connection:
        present = _schema_of(connection)
        if present == known[-1]:
            return  # another process was faster
        if present and present not in known:
            raise UnusableStoreError(
                f"the database {database.place} has schema {present}, which this Headway does not know",
                hint="a newer Headway has migrated it: run that one, restore a backup from before, or begin anew with "
                "another --data-dir",
            )
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        command.upgrade(config, "head")
        _check_references(connection, database)
    _logger.info(
        "the database %s has schema %s now, before: %s", database.place, known[-1], present or "none"
    )


def _is_at(database: Database, revision: str) -> bool:
    with database.reading() as connection:
        return inspect(connection).has_table("alembic_version") and revision == connection.scalar(
            text("SELECT version_num FROM alembic_version")
        )


def _schema_of(connection: Connection) -> str | None:
    """The revision that it was brought to last; None for an empty database."""
    from alembic.migration import MigrationContext

    return MigrationContext.configure(connection).get_current_revision()


def _check_references(connection: Connection, database: Database) -> None:
    """SQLite did not follow foreign keys meanwhile; a step that broke one is undone by this error."""
    if database.is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise StoreError(f"a step of the migration broke a reference of table {broken[0]!r}")
