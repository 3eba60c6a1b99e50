"""Reads and adds how deployments fared, within a transaction of the store's."""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select

from headway.control.store.rows import PointRow
from headway.control.store.tables import points

_CELLS = [points.c[name] for name in ("deployment_id", "step", "at", "content")]


def add(connection: Connection, rows: Sequence[PointRow], *, keep: int) -> None:
    """Of each deployment and step among them, what begins `keep` steps before the newest goes."""
    if rows:
        cells = (
            {
                "deployment_id": row.deployment_id,
                "step": row.step,
                "at": row.at,
                "content": dict(row.content),
            }
            for row in rows
        )
        connection.execute(insert(points), list(cells))
    newest = {(row.deployment_id, row.step): row.at for row in rows}
    for (name, step), at in newest.items():
        of_these = points.c.deployment_id == name, points.c.step == step
        connection.execute(delete(points).where(*of_these, points.c.at <= at - keep * step))


def since(connection: Connection, at: float) -> tuple[PointRow, ...]:
    chosen = select(*_CELLS).where(points.c.at > at).order_by(points.c.at, points.c.number)
    return tuple(PointRow(*row) for row in connection.execute(chosen))
