"""Reads, adds and drops records of requests, within a transaction of the store's."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, and_, delete, func, insert, select, tuple_

from headway.control.store.rows import Asked, Place, RequestPage
from headway.control.store.tables import deployments, requests
from headway.observed.records import RequestRecord
from headway.observed.request_table import COLUMNS, cells_of, record_of

_CELLS = [requests.c[name] for name in COLUMNS]
_PLACE = requests.c.arrived_at, requests.c.number


def add(connection: Connection, records: Sequence[RequestRecord]) -> None:
    connection.execute(insert(requests), [dict(zip(COLUMNS, cells_of(one), strict=True)) for one in records])


def last_number(connection: Connection) -> int:
    """Of the record that was added last; 0 when there is none."""
    return connection.scalar(select(func.max(requests.c.number))) or 0


def page(
    connection: Connection, asked: Asked, limit: int, after: Place | None, *, newest_first: bool
) -> RequestPage:
    conditions = [requests.c.deployment_id == asked.deployment_id, requests.c.number <= asked.up_to]
    # A bound that the place implies is left out: SQLite would seek by it, and read all that lies between.
    if asked.since is not None and (after is None or newest_first):
        conditions.append(requests.c.arrived_at >= asked.since)
    if asked.until is not None and (after is None or not newest_first):
        conditions.append(requests.c.arrived_at < asked.until)
    if after is not None:
        place = tuple_(*_PLACE)
        conditions.append(place < after if newest_first else place > after)
    order = [column.desc() if newest_first else column for column in _PLACE]
    chosen = select(requests.c.number, *_CELLS).where(and_(*conditions)).order_by(*order).limit(limit)
    rows = connection.execute(chosen).all()
    records = tuple(record_of(row[1:]) for row in rows)
    is_full = len(rows) == limit
    return RequestPage(records, (records[-1].arrived_at, rows[-1].number) if is_full else None)


def drop(connection: Connection, *, most: int, before: float, limit: int) -> int:
    """Drop those that arrived before this instant, and of the deployments with the most their oldest, until there are
    `most` in all; but no more than `limit` now. Returns how many.
    """
    dropped = 0
    for deployment_id in connection.scalars(select(deployments.c.deployment_id)).all():
        dropped += _drop_oldest(connection, deployment_id, limit - dropped, before)
    if _may_exceed(connection, most):
        for deployment_id, surplus in _surpluses(_counts(connection), most).items():
            dropped += _drop_oldest(connection, deployment_id, min(surplus, limit - dropped))
    return dropped


def _drop_oldest(connection: Connection, deployment_id: str, count: int, before: float = float("inf")) -> int:
    of_these = requests.c.deployment_id == deployment_id, requests.c.arrived_at < before
    oldest = select(requests.c.number).where(*of_these).order_by(*_PLACE).limit(count)
    return connection.execute(delete(requests).where(requests.c.number.in_(oldest))).rowcount


def _may_exceed(connection: Connection, most: int) -> bool:
    """Whether they are worth counting, which takes a look at each."""
    first = connection.scalar(select(func.min(requests.c.number))) or 0
    return last_number(connection) - first >= most


def _counts(connection: Connection) -> Mapping[str, int]:
    by_deployment = select(requests.c.deployment_id, func.count()).group_by(requests.c.deployment_id)
    return {name: int(count) for name, count in connection.execute(by_deployment)}


def _surpluses(counts: Mapping[str, int], most: int) -> Mapping[str, int]:
    """How many each has beyond its share of `most`. What some do not need of theirs is the others'."""
    surpluses, left = {}, most
    for waiting, (name, count) in enumerate(sorted(counts.items(), key=lambda one: one[1])):
        share = min(count, left // (len(counts) - waiting))
        surpluses[name] = count - share
        left -= share
    return surpluses
