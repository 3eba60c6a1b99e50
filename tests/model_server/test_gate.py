"""Waiting at the predict gate: order, and what cancelling a waiter does."""

import asyncio

import pytest

from headway.core.errors import UsageError
from headway.model_server.gate import PredictGate


async def settle():
    """Let everything that can happen without the outside happen."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_first_enter_at_once_and_the_others_in_order_of_arrival():
    gate = PredictGate(2)
    entered = []

    async def enter(name):
        await gate.enter(name)
        entered.append(name)

    tasks = [asyncio.create_task(enter(name)) for name in "abcd"]
    await settle()
    assert entered == ["a", "b"]
    assert gate.leave("b")
    assert gate.leave("a")
    await settle()
    assert entered == ["a", "b", "c", "d"]
    assert not gate.leave("c")
    await asyncio.gather(*tasks)


async def test_a_cancelled_waiter_is_never_let_in():
    gate = PredictGate(1)
    await gate.enter("first")
    leaver = asyncio.create_task(gate.enter("leaver"))
    last = asyncio.create_task(gate.enter("last"))
    await settle()
    leaver.cancel()
    await settle()
    assert leaver.cancelled()
    gate.leave("first")
    await last
    assert gate.statistics().inside == 1


async def test_a_waiter_woken_and_cancelled_in_the_same_turn_passes_its_place_on():
    gate = PredictGate(1)
    await gate.enter("first")
    leaver = asyncio.create_task(gate.enter("leaver"))
    last = asyncio.create_task(gate.enter("last"))
    await settle()
    gate.leave("first")
    leaver.cancel()
    await last
    assert leaver.cancelled()
    assert (gate.statistics().inside, gate.statistics().waiting) == (1, 0)


async def test_a_waiter_cancelled_and_then_woken_in_the_same_turn_passes_its_place_on():
    gate = PredictGate(1)
    await gate.enter("first")
    leaver = asyncio.create_task(gate.enter("leaver"))
    last = asyncio.create_task(gate.enter("last"))
    await settle()
    leaver.cancel()
    gate.leave("first")
    await last
    assert (gate.statistics().inside, gate.statistics().waiting) == (1, 0)


async def test_leaving_twice_is_a_defect():
    gate = PredictGate(1)
    await gate.enter("once")
    gate.leave("once")
    with pytest.raises(UsageError):
        gate.leave("once")
