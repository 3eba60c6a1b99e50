"""Makes the answers of who changed what."""

from headway.api.schemas import changes
from headway.api.schemas.traffic import instant
from headway.control.plane import ControlPlane
from headway.control.store.rows import ChangeRow


async def newest(
    plane: ControlPlane, model: str, deployment_id: str | None, limit: int, older_than: int | None
) -> changes.Changes:
    """Of the model, or of one of its deployments. Raises StoreError."""
    persistence = plane.persistence
    await persistence.save()
    rows = await persistence.call(
        persistence.store.changes, model, deployment_id, limit=limit, older_than=older_than
    )
    return changes.Changes(changes=[_change(number, row) for number, row in rows])


def _change(number: int, row: ChangeRow) -> changes.Change:
    return changes.Change(
        id=number,
        at=instant(row.at),
        by=row.author,
        key_prefix=row.key_prefix or None,
        kind=row.kind,
        deployment_id=row.deployment_id or None,
        field=row.field,
        before=row.before,
        after=row.after,
        reason=row.reason,
    )
