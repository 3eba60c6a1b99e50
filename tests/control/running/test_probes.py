import asyncio

import pytest

from headway.control.running import probes
from headway.control.running.probes import Health, until_ready

ADDRESS = "unix:/run/1.http"


class Replica:
    """Answers each probe when the test says how."""

    def __init__(self):
        self.asked, self.answers = asyncio.Queue(), asyncio.Queue()
        self.told = asyncio.Event()

    async def probe(self, address):
        assert address == ADDRESS
        self.asked.put_nowait(None)
        return await self.answers.get()

    async def answer(self, health):
        await self.asked.get()
        self.answers.put_nowait(health)


@pytest.fixture
def replica(monkeypatch):
    asked = Replica()
    monkeypatch.setattr(probes, "probe", asked.probe)
    return asked


def never(monkeypatch):
    """Pauses are longer than any test."""
    monkeypatch.setattr(probes, "_FIRST_PAUSE", 3600.0)
    monkeypatch.setattr(probes, "_LONGEST_PAUSE", 3600.0)


async def test_a_replica_that_says_nothing_is_asked_until_it_is_healthy(replica, monkeypatch):
    monkeypatch.setattr(probes, "_FIRST_PAUSE", 0.0)
    asking = asyncio.create_task(until_ready(ADDRESS, replica.told))
    for health in (Health.UNHEALTHY, Health.SILENT, Health.UNHEALTHY, Health.HEALTHY):
        await replica.answer(health)
    await asking


async def test_one_that_says_that_it_is_ready_is_asked_at_once(replica, monkeypatch):
    never(monkeypatch)
    asking = asyncio.create_task(until_ready(ADDRESS, replica.told))
    await replica.answer(Health.UNHEALTHY)
    replica.told.set()
    await replica.answer(Health.HEALTHY)
    await asking


async def test_what_it_says_while_it_is_asked_is_not_lost(replica, monkeypatch):
    never(monkeypatch)
    asking = asyncio.create_task(until_ready(ADDRESS, replica.told))
    await replica.asked.get()
    replica.told.set()
    replica.answers.put_nowait(Health.UNHEALTHY)
    await replica.answer(Health.HEALTHY)
    await asking


async def test_its_word_is_not_believed_and_makes_for_one_question_more(replica, monkeypatch):
    never(monkeypatch)
    replica.told.set()
    asking = asyncio.create_task(until_ready(ADDRESS, replica.told))
    await replica.answer(Health.UNHEALTHY)
    await replica.answer(Health.UNHEALTHY)
    for _ in range(10):
        await asyncio.sleep(0)
    assert replica.asked.empty()
    assert not asking.done()
    asking.cancel()
