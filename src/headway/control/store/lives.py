"""What became of each deployment's replicas, in the store: a row for each."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, select

from headway.control.store.database import Database
from headway.control.store.rows import LifeRow
from headway.control.store.tables import lives


def every(connection: Connection) -> Iterator[LifeRow]:
    for deployment_id, content in connection.execute(select(lives.c.deployment_id, lives.c.content)):
        yield LifeRow(deployment_id, content)


def save(database: Database, connection: Connection, rows: Sequence[LifeRow]) -> None:
    """Insert them, or replace what is there."""
    for row in rows:
        content = dict(row.content)
        upsert = database.insert(lives).values(deployment_id=row.deployment_id, content=content)
        connection.execute(
            upsert.on_conflict_do_update(index_elements=("deployment_id",), set_={"content": content})
        )
