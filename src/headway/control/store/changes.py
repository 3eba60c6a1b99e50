"""Reads, adds and drops the history of changes, within a transaction of the store's."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from headway.control.store.rows import ChangeRow
from headway.control.store.tables import changes, models


@dataclass(frozen=True, slots=True)
class Keep:
    """The newest so many; what belongs to no deployment counts as one more."""

    of_deployment: int = 500
    of_model: int = 5000


KEEP = Keep()

_CELLS = [changes.c[one.name] for one in dataclasses.fields(ChangeRow)]


def add(connection: Connection, rows: Sequence[ChangeRow], keep: Keep) -> None:
    """Those of a model that is not there any more are left out. The newest so many stay."""
    names = {row.model for row in rows}
    present = set(connection.scalars(select(models.c.name).where(models.c.name.in_(names))))
    kept = [row for row in rows if row.model in present]
    if kept:
        connection.execute(insert(changes), [dataclasses.asdict(row) for row in kept])
    for model, deployment_id in sorted({(row.model, row.deployment_id) for row in kept}):
        _drop_surplus(connection, keep.of_deployment, _of(model, deployment_id))
    for model in sorted(present):
        _drop_surplus(connection, keep.of_model, _of(model, None))


def newest(
    connection: Connection, model: str, deployment_id: str | None, limit: int, older_than: int | None
) -> tuple[tuple[int, ChangeRow], ...]:
    """With the number of each, which rises."""
    chosen = select(changes.c.number, *_CELLS).where(*_of(model, deployment_id))
    if older_than is not None:
        chosen = chosen.where(changes.c.number < older_than)
    rows = connection.execute(chosen.order_by(changes.c.number.desc()).limit(limit))
    return tuple((row[0], ChangeRow(*row[1:])) for row in rows)


def drop(connection: Connection, model: str, before: float) -> None:
    connection.execute(delete(changes).where(changes.c.model == model, changes.c.at < before))


def _of(model: str, deployment_id: str | None) -> list[ColumnElement[bool]]:
    of_model = [changes.c.model == model]
    return of_model if deployment_id is None else [*of_model, changes.c.deployment_id == deployment_id]


def _drop_surplus(connection: Connection, keep: int, of_these: list[ColumnElement[bool]]) -> None:
    surplus = select(changes.c.number).where(*of_these).order_by(changes.c.number.desc()).offset(keep)
    connection.execute(delete(changes).where(changes.c.number.in_(surplus)))
