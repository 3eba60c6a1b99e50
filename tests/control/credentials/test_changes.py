import asyncio

import pytest

from fakes.control_plane import control_plane
from headway.control.errors import RefusedError
from headway.control.store.failures import StoreError


@pytest.fixture
def world(tmp_path, monkeypatch):
    return control_plane(tmp_path, monkeypatch).running()


async def test_of_two_managing_keys_deleted_at_the_same_time_one_stays(world):
    async with world as it:
        credentials = it.plane.credentials
        rows = [(await credentials.create_key("", ["manage"]))[1] for _ in range(2)]
        await credentials.create_key("", ["inference"])
        outcomes = await asyncio.gather(
            *(credentials.delete_key(row.prefix) for row in rows), return_exceptions=True
        )
        assert [type(one) for one in outcomes] == [type(None), RefusedError]
        assert len(credentials.keyring.managing) == 1


async def test_what_could_not_be_stored_is_not_in_force(world, monkeypatch, tmp_path):
    def fail(*_):
        raise StoreError("the disk is full")

    async with world as it:
        credentials, store = it.plane.credentials, it.plane.persistence.store
        _, row = await credentials.create_key("", ["manage"])
        await credentials.set_secret("a", "old")
        for name in ("add_key", "delete_key", "save_secret", "delete_secret"):
            monkeypatch.setattr(store, name, fail)
        for attempt in (
            credentials.create_key("", ["manage"]),
            credentials.set_secret("a", "new"),
            credentials.delete_secret("a"),
        ):
            with pytest.raises(StoreError):
                await attempt
        assert credentials.keyring.rows == (row,)
        assert (tmp_path / "secrets" / "a").read_text(encoding="utf-8") == "old"


async def test_the_last_value_that_was_set_is_the_one_that_stays(world, tmp_path):
    async with world as it:
        credentials = it.plane.credentials
        await asyncio.gather(*(credentials.set_secret("a", str(number)) for number in range(20)))
        stored = await it.plane.persistence.call(it.plane.persistence.store.load)
        assert [row.value for row in stored.secrets] == ["19"]
        assert (tmp_path / "secrets" / "a").read_text(encoding="utf-8") == "19"
