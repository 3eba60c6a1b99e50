"""Keeps the rows: each call is one transaction, done wholly or not at all.

It does not judge what is kept; the rules for settings and names are their callers'.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, exists, insert, select

from headway.control.store import changes, lives, requests
from headway.control.store import decisions as decisions_rows
from headway.control.store import points as points_rows
from headway.control.store.database import Database
from headway.control.store.failures import StoreError
from headway.control.store.ownership import Ownership
from headway.control.store.rows import (
    Asked,
    ChangeRow,
    DecisionRow,
    DeploymentRow,
    EnvironmentRow,
    KeyRow,
    LifeRow,
    ModelRow,
    Place,
    PointRow,
    RequestPage,
    SecretRow,
    StoredState,
)
from headway.control.store.schema import migrate
from headway.control.store.tables import decisions, deployments, environments, keys, models, points, secrets
from headway.control.store.tables import requests as requests_table
from headway.observed.records import RequestRecord

_BY_INDEX = {
    requests_table: (requests_table.c.arrived_at, requests_table.c.number),
    decisions: (decisions.c.at,),
    points: (points.c.step, points.c.at),
}
"""How each deployment's rows are found one part after another: by the table, PostgreSQL would pass over all that were
deleted before.
"""


class Store:
    """All calls block; one thread calls at a time, any thread may. Each raises StoreError when the database fails.

    `url` is sqlite:///PATH or postgresql://USER@HOST/NAME. A call that failed changed nothing, and the next one
    connects again if need be.
    """

    def __init__(self, url: str) -> None:
        self._database = Database(url)
        self._ownership = Ownership(self._database)
        self._transaction: Connection | None = None

    def migrate(self) -> None:
        """Bring the database to this Headway's schema. One of a newer Headway is refused."""
        migrate(self._database)

    def own(self) -> None:
        """Be the one control that keeps its state there, or be it still. Raises OwnedElsewhereError."""
        self._ownership.take()

    def close(self) -> None:
        self._ownership.release()
        self._database.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """The calls in the block are one change: all of them are kept, or none if the block raises."""
        if self._transaction is not None:
            raise StoreError("a transaction cannot hold another one")
        with self._database.writing() as connection:
            self._transaction = connection
            try:
                yield
            finally:
                self._transaction = None

    def load(self) -> StoredState:
        """Everything but decisions, points and requests, as it is at one instant."""
        with self._reading() as connection:
            return StoredState(
                models=tuple(ModelRow(**row) for row in _all(connection, models)),
                deployments=tuple(DeploymentRow(**row) for row in _all(connection, deployments)),
                environments=tuple(EnvironmentRow(**row) for row in _all(connection, environments)),
                keys=tuple(
                    KeyRow(**{**row, "scopes": tuple(row["scopes"])}) for row in _all(connection, keys)
                ),
                secrets=tuple(SecretRow(**row) for row in _all(connection, secrets)),
                lives=tuple(lives.every(connection)),
            )

    def add_model(self, row: ModelRow) -> None:
        """Insert it, or give the one of that name its date: it was removed, and made again."""
        self._save(models, row, by=("name",))

    def delete_model(self, name: str) -> None:
        """With its deployments, environments, decisions and changes."""
        with self._writing() as connection:
            connection.execute(delete(models).where(models.c.name == name))

    def save_deployment(self, row: DeploymentRow) -> None:
        """Insert it, or replace the whole row."""
        self._save(deployments, row, by=("deployment_id",))

    def delete_deployment(self, deployment_id: str) -> None:
        """With its decisions, points and requests, which take long where `drop_rows_of` has not dropped them before.
        Environments that pointed at it point nowhere.
        """
        with self._writing() as connection:
            connection.execute(delete(deployments).where(deployments.c.deployment_id == deployment_id))

    def save_environment(self, row: EnvironmentRow) -> None:
        """Insert it, or replace the whole row."""
        self._save(environments, row, by=("model", "name"))

    def delete_environment(self, model: str, name: str) -> None:
        environment = (environments.c.model == model, environments.c.name == name)
        with self._writing() as connection:
            connection.execute(delete(environments).where(*environment))

    def add_key(self, row: KeyRow) -> None:
        """Raises StoreError when a key begins like it."""
        with self._writing() as connection:
            connection.execute(insert(keys).values(_values(row)))

    def delete_key(self, prefix: str) -> bool:
        """Whether there was one."""
        with self._writing() as connection:
            return connection.execute(delete(keys).where(keys.c.prefix == prefix)).rowcount > 0

    def has_keys(self) -> bool:
        with self._reading() as connection:
            return bool(connection.scalar(select(exists().select_from(keys))))

    def save_secret(self, row: SecretRow) -> None:
        """Insert it, or replace the whole row."""
        self._save(secrets, row, by=("name",))

    def delete_secret(self, name: str) -> bool:
        """Whether there was one."""
        with self._writing() as connection:
            return connection.execute(delete(secrets).where(secrets.c.name == name)).rowcount > 0

    def save_lives(self, rows: Sequence[LifeRow]) -> None:
        """Insert them, or replace the whole rows. Those of a deployment that is not there any more are left out."""
        if not rows:
            return
        with self._writing() as connection:
            present = _present(connection, rows)
            lives.save(self._database, connection, [row for row in rows if row.deployment_id in present])

    def add_decisions(self, rows: Sequence[DecisionRow], *, keep: int = 1000) -> None:
        """Add them; of each deployment among them the newest `keep` stay. Those of one that is gone are left out."""
        if not rows:
            return
        with self._writing() as connection:
            present = _present(connection, rows)
            decisions_rows.add(connection, [row for row in rows if row.deployment_id in present], keep=keep)

    def decisions(
        self, deployment_id: str, *, limit: int = 100, before: float | None = None
    ) -> tuple[DecisionRow, ...]:
        """The newest first; with `before`, only those made earlier."""
        with self._reading() as connection:
            return decisions_rows.newest(connection, deployment_id, limit, before)

    def add_changes(self, rows: Sequence[ChangeRow], *, keep: changes.Keep = changes.KEEP) -> None:
        """Add them; the newest so many stay. Those of a model that is not there any more are left out."""
        if rows:
            with self._writing() as connection:
                changes.add(connection, rows, keep)

    def drop_changes(self, model: str, before: float) -> None:
        """Those made before this instant."""
        with self._writing() as connection:
            changes.drop(connection, model, before)

    def changes(
        self, model: str, deployment_id: str | None = None, *, limit: int = 100, older_than: int | None = None
    ) -> tuple[tuple[int, ChangeRow], ...]:
        """The newest first, of the model or of one of its deployments, with their numbers, which rise."""
        with self._reading() as connection:
            return changes.newest(connection, model, deployment_id, limit, older_than)

    def add_points(self, rows: Sequence[PointRow], *, keep: int) -> None:
        """Add them; of each deployment and step among them, what begins `keep` steps before the newest goes.

        Those of a deployment that is not there any more are left out.
        """
        if not rows:
            return
        with self._writing() as connection:
            present = _present(connection, rows)
            points_rows.add(connection, [row for row in rows if row.deployment_id in present], keep=keep)

    def points(self, since: float) -> tuple[PointRow, ...]:
        """Of all deployments, those that began after `since`, the oldest first."""
        with self._reading() as connection:
            return points_rows.since(connection, since)

    def add_requests(self, records: Sequence[RequestRecord]) -> None:
        """Those of a deployment that is not there any more are left out."""
        if not records:
            return
        with self._writing() as connection:
            present = _present(connection, records)
            if kept := [one for one in records if one.deployment_id in present]:
                requests.add(connection, kept)

    def last_request(self) -> int:
        """The number of the record that was added last; 0 when there is none."""
        with self._reading() as connection:
            return requests.last_number(connection)

    def requests(
        self, asked: Asked, limit: int, after: Place | None = None, *, newest_first: bool = False
    ) -> RequestPage:
        """Up to `limit` records by their requests' arrival, those that come `after` a place."""
        with self._reading() as connection:
            return requests.page(connection, asked, limit, after, newest_first=newest_first)

    def drop_requests(self, *, most: int, before: float, limit: int) -> int:
        """Drop records of requests that arrived `before`, and of the deployments with the most the oldest, until
        there are `most` in all; but no more than `limit` now. Returns how many.
        """
        with self._writing() as connection:
            return requests.drop(connection, most=most, before=before, limit=limit)

    def drop_rows_of(self, deployment_id: str, limit: int) -> int:
        """Drop decisions, points and requests of a deployment that is to be deleted, no more than `limit` now. Returns
        how many; less than `limit` when nothing is left.
        """
        dropped = 0
        with self._writing() as connection:
            for table, order in _BY_INDEX.items():
                of_it = select(table.c.number).where(table.c.deployment_id == deployment_id).order_by(*order)
                some = delete(table).where(table.c.number.in_(of_it.limit(limit - dropped)))
                dropped += connection.execute(some).rowcount
        return dropped

    def _save(self, table: Table, row: Any, *, by: Sequence[str]) -> None:
        """Insert the row; where one has the same `by`, replace its other columns."""
        values = _values(row)
        replaced = {name: values[name] for name in values.keys() - set(by)}
        upsert = self._database.insert(table).values(values)
        with self._writing() as connection:
            connection.execute(upsert.on_conflict_do_update(index_elements=by, set_=replaced))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        if self._transaction is not None:
            yield self._transaction
            return
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        # What a driver cannot encode it refuses with Python's own errors.
        with self._database.explaining(ValueError, TypeError):
            if self._transaction is None:
                with self._database.writing() as connection:
                    yield connection
            else:
                with self._transaction.begin_nested():
                    yield self._transaction


def _present(
    connection: Connection, rows: Sequence[DecisionRow | LifeRow | PointRow | RequestRecord]
) -> set[str]:
    """Which of the rows' deployments are there, and stay until the transaction is over."""
    names = {row.deployment_id for row in rows}
    deployment = deployments.c.deployment_id
    chosen = select(deployment).where(deployment.in_(names)).with_for_update(key_share=True)
    return set(connection.scalars(chosen))


def _all(connection: Connection, table: Table) -> Iterator[dict[str, Any]]:
    """In order of creation; of equal times, as they were inserted."""
    chosen = select(table).order_by(table.c.created_at, table.c.number)
    return (_fields(row) for row in connection.execute(chosen))


def _fields(row: Row[Any]) -> dict[str, Any]:
    return {name: value for name, value in row._mapping.items() if name != "number"}  # noqa: SLF001  # its public name


def _values(row: Any) -> dict[str, Any]:
    """A row's fields as the driver takes them: any mapping as a dict, which JSON needs."""
    values = {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}
    return {name: dict(value) if isinstance(value, Mapping) else value for name, value in values.items()}
