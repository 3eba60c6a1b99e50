"""A PostgreSQL server that is away for a while: what is desired is kept, and stored when it is back."""

import asyncio

import pytest

from headway.control.desired.state import Deployment, DesiredState
from headway.control.store import persistence as persistence_module
from headway.control.store.failures import StoreError
from headway.control.store.persistence import Persistence
from headway.control.store.store import Store


async def test_what_changes_while_the_server_is_away_is_stored_when_it_is_back(postgresql, monkeypatch):
    monkeypatch.setattr(persistence_module, "_RETRY_AFTER", 0.05)
    persistence = Persistence(Store(postgresql.empty_database()), DesiredState())
    await persistence.load()
    running = asyncio.create_task(persistence.run())
    persistence.desired_state.put(Deployment("d1", "echo", created_at=1.0))
    await persistence.save()
    await asyncio.to_thread(postgresql.stop)
    try:
        persistence.desired_state.put(Deployment("d2", "echo", created_at=2.0))
        with pytest.raises(StoreError) as refused:
            await persistence.save_change()
        assert "the change is in force, and is stored as soon as that can be" in str(refused.value)
        assert refused.value.may_pass
        await asyncio.sleep(0.2)
    finally:
        postgresql.start()  # here: it would end with the thread that has started it
    async with asyncio.timeout(30):
        while len((await _stored(persistence)).deployments) < 2:  # noqa: ASYNC110 - a database tells nobody
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])
    await persistence.close()


async def _stored(persistence):
    return await persistence.call(persistence.store.load)
