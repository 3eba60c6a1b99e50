import contextlib

import pytest

from headway.control.desired.state import Deployment, DesiredState
from headway.control.store import persistence as persistence_module
from headway.control.store import stored_requests as module
from headway.control.store.failures import StoreError
from headway.control.store.persistence import Persistence
from headway.control.store.recent_requests import RequestHistory
from headway.control.store.rows import Asked
from headway.control.store.store import Store
from headway.control.store.stored_requests import RequestBounds, StoredRequests
from headway.observed.records import Outcome, RequestRecord

DAY = 86_400.0


def records(*numbers, deployment_id="d1"):
    return [
        RequestRecord(str(one), deployment_id, "echo", "r1", float(one), 200, Outcome.FINISHED, 0.5)
        for one in numbers
    ]


@pytest.fixture
def opened(tmp_path):
    """`async with opened() as persistence:` with two deployments."""

    @contextlib.asynccontextmanager
    async def persistence():
        made = Persistence(Store(f"sqlite:///{tmp_path}/private/state.sqlite"), DesiredState())
        await made.load()
        made.desired_state.put(*(Deployment(name, "echo", created_at=1.0) for name in ("d1", "d2")))
        await made.save()
        yield made
        await made.close()

    (tmp_path / "private").mkdir(mode=0o700)
    return persistence


async def stored(persistence, deployment_id="d1"):
    asked = Asked(deployment_id, await persistence.call(persistence.store.last_request))
    page = await persistence.call(persistence.store.requests, asked, 1000)
    return [int(one.arrived_at) for one in page.records]


async def test_records_are_written_together_in_a_while_though_nothing_else_changes(opened, monkeypatch):
    monkeypatch.setattr(persistence_module, "_RECORDS_AFTER", 0.0)
    async with opened() as persistence:
        for numbers in ([1, 2], [3]):
            for number in numbers:
                persistence.note_requests(records(number))
            assert not persistence.desired_state.changed.is_set()
            await persistence.desired_state.changed.wait()
            await persistence.save()
        assert await stored(persistence) == [1, 2, 3]


async def test_records_that_could_not_be_written_are_written_later(opened, monkeypatch):
    async with opened() as persistence:
        persistence.note_requests(records(1))

        def fail(_):
            raise StoreError("the disk is full")

        with monkeypatch.context() as failing:
            failing.setattr(persistence.store, "add_requests", fail)
            with pytest.raises(StoreError):
                await persistence.save()
        persistence.note_requests(records(2))
        await persistence.save()
        assert await stored(persistence) == [1, 2]


async def test_what_waited_of_a_deleted_deployment_is_not_its_successors(opened):
    async with opened() as persistence:
        persistence.note_requests(records(1) + records(2, deployment_id="d2"))
        persistence.desired_state.remove_deployment("d1")
        persistence.forget("d1")
        await persistence.save()
        persistence.desired_state.put(Deployment("d1", "echo", created_at=2.0))
        await persistence.save()
        assert (await stored(persistence), await stored(persistence, "d2")) == ([], [2])


async def test_memory_gets_back_the_newest_of_each_deployment_in_turns(opened, monkeypatch):
    async with opened() as persistence:
        monkeypatch.setattr(module, "_PAGE", 2)
        persistence.note_requests(records(*range(9)) + records(1, 2, 3, deployment_id="d2"))
        await persistence.save()
        history = RequestHistory(per_deployment=4, in_all=6)
        await StoredRequests(persistence, RequestBounds()).read_back(history)
        found = {name: [int(one.arrived_at) for one in history.latest(name)] for name in ("d1", "d2")}
        assert found == {"d1": [8, 7, 6, 5], "d2": [3, 2]}


async def test_a_deployment_that_goes_while_it_is_read_back_does_not_come_back(opened, monkeypatch):
    async with opened() as persistence:
        persistence.note_requests(records(1))
        await persistence.save()
        read, history = persistence.store.requests, RequestHistory()

        def read_while_it_goes(*arguments, **options):
            persistence.desired_state.deployments.clear()
            return read(*arguments, **options)

        monkeypatch.setattr(persistence.store, "requests", read_while_it_goes)
        await StoredRequests(persistence, RequestBounds()).read_back(history)
        assert len(history) == 0


async def test_control_starts_though_records_cannot_be_read_or_dropped(opened, monkeypatch, caplog):
    async with opened() as persistence:

        def fail(*_, **__):
            raise StoreError("the disk is gone")

        monkeypatch.setattr(persistence.store, "last_request", fail)
        monkeypatch.setattr(persistence.store, "drop_requests", fail)
        kept = StoredRequests(persistence, RequestBounds())
        await kept.read_back(RequestHistory())
        await kept.drop_surplus()
        told = [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]
        assert len(told) == 2


async def test_what_is_too_old_or_too_much_goes_part_by_part(opened, monkeypatch):
    async with opened() as persistence:
        monkeypatch.setattr(module, "_DROPPED_AT_ONCE", 2)
        now = 10 * DAY
        persistence.note_requests(records(*(now - days * DAY for days in (5, 4, 3, 2, 1))))
        await persistence.save()
        await StoredRequests(persistence, RequestBounds(100, 3), lambda: now).drop_surplus()
        assert await stored(persistence) == [7 * DAY, 8 * DAY, 9 * DAY]
        await StoredRequests(persistence, RequestBounds(1, 3), lambda: now).drop_surplus()
        assert await stored(persistence) == [9 * DAY]
