"""The deployments of a data directory on which no Headway runs, as far as pruning changes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from headway.control.desired.state import Deployment, DesiredState
from headway.control.disk.pruning import PruneBounds, Pruner, State
from headway.control.store.databases import Databases
from headway.control.store.restoring import restore
from headway.control.store.store import Store

_DROPPED_AT_ONCE = 1000


@contextmanager
def pruner_at_rest(data_dir: Path, database_url: str, bounds: PruneBounds) -> Iterator[Pruner]:
    """For who holds the data directory's lock. Raises StoreError."""
    store, desired_state = Store(database_url), DesiredState()
    try:
        store.migrate()
        restore(desired_state, store.load())

        async def delete(deployment: Deployment) -> None:
            while store.drop_rows_of(deployment.deployment_id, _DROPPED_AT_ONCE) >= _DROPPED_AT_ONCE:
                pass
            store.delete_deployment(deployment.deployment_id)
            desired_state.remove_deployment(deployment.deployment_id)

        elsewhere = Databases(data_dir, database_url).deployments_elsewhere
        yield Pruner(data_dir, State(desired_state, lambda _: 0, delete, elsewhere), bounds)
    finally:
        store.close()
