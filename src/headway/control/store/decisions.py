"""Reads and adds decisions of the autoscaler, within a transaction of the store's."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from headway.control.store.rows import DecisionRow
from headway.control.store.tables import decisions

_CELLS = [decisions.c[name] for name in ("deployment_id", "at", "desired", "reason", "inputs")]


def add(connection: Connection, rows: Sequence[DecisionRow], *, keep: int) -> None:
    """Of each deployment among them, only the newest `keep` stay."""
    if rows:
        connection.execute(insert(decisions), [_values(row) for row in rows])
    for name in sorted({row.deployment_id for row in rows}):
        surplus = _newest_first(name).with_only_columns(decisions.c.number).offset(keep)
        connection.execute(delete(decisions).where(decisions.c.number.in_(surplus)))


def newest(
    connection: Connection, deployment_id: str, limit: int, before: float | None
) -> tuple[DecisionRow, ...]:
    chosen = _newest_first(deployment_id).limit(limit)
    if before is not None:
        chosen = chosen.where(decisions.c.at < before)
    return tuple(DecisionRow(*row) for row in connection.execute(chosen))


def _newest_first(deployment_id: str) -> Select[Any]:
    chosen = select(*_CELLS).where(decisions.c.deployment_id == deployment_id)
    return chosen.order_by(decisions.c.at.desc(), decisions.c.number.desc())


def _values(row: DecisionRow) -> dict[str, Any]:
    return {
        "deployment_id": row.deployment_id,
        "at": row.at,
        "desired": row.desired,
        "reason": row.reason,
        "inputs": dict(row.inputs),
    }
