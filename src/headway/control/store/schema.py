"""Brings a database to the newest schema, through the revisions in `migrations/versions`.

To change the schema: change `tables.py`, then add `rNNNN_what.py` there with `revision = "NNNN"`, the one before as
`down_revision`, and an `upgrade()` made of Alembic's operations. A test compares the outcome with `tables.py`. To
change a table that exists use `op.batch_alter_table`, since SQLite cannot alter most things in place. There is no way
down: a backup is.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from headway.control.store.database import Database
from headway.control.store.failures import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).with_name("migrations")


def migrate(database: Database, migrations: Path = MIGRATIONS) -> None:
    """Do every step that is missing, all of them in one transaction.

    Raises StoreError for a database that a newer Headway has migrated.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    known = {step.revision for step in ScriptDirectory(str(migrations)).walk_revisions()}
    with database.migrating() as connection:
        _refuse_newer(connection, known, database.place)
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(migrations).replace("%", "%%"))
        command.upgrade(config, "head")
        _check_references(connection, database)


def _refuse_newer(connection: "Connection", known: set[str], place: str) -> None:
    from alembic.migration import MigrationContext

    unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise StoreError(
            f"the database {place} has schema {min(unknown)}, which this Headway does not know",
            hint="a newer Headway has migrated it: run that one, or restore a backup from before",
        )


def _check_references(connection: "Connection", database: Database) -> None:
    """SQLite did not follow foreign keys meanwhile; a step that broke one is undone by this error."""
    if database.is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").first()):
        raise StoreError(f"a step of the migration broke a reference of table {broken[0]!r}")
