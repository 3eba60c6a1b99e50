"""Virtual time passes only when nothing is left to do at an instant, and the network in memory is orderly."""

import asyncio

import pytest

from parity.virtual_loop import VirtualLoop


def run(story):
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story)


def test_sleepers_wake_at_their_instants_and_those_of_one_instant_in_order():
    async def story():
        loop = asyncio.get_running_loop()
        rung = []
        for name, at in (("c", 2.0), ("a", 1.0), ("d", 2.0), ("b", 1.0), ("e", 2.0)):
            loop.call_at(at, lambda name=name: rung.append((name, loop.time())))
        loop.call_at(1.5, rung.append, "cancelled").cancel()
        await asyncio.sleep(1000)
        assert loop.time() == 1000.0
        return rung

    assert run(story()) == [("a", 1.0), ("b", 1.0), ("c", 2.0), ("d", 2.0), ("e", 2.0)]


def test_who_reaches_an_instant_finds_done_what_happens_at_it():
    async def story():
        loop = asyncio.get_running_loop()
        done = []

        async def works():
            await asyncio.sleep(1.0)
            for _ in range(5):
                await asyncio.sleep(0)
            loop.call_later(0, done.append, loop.time())

        reaching = loop.create_task(loop.reach(1.0))
        working = loop.create_task(works())
        await reaching
        assert working.done()
        return done

    assert run(story()) == [1.0]


def test_a_wait_for_what_never_happens_is_an_error():
    async def story():
        await asyncio.get_running_loop().create_future()

    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        run(story())


def test_what_fails_in_a_callback_ends_the_run():
    async def story():
        asyncio.get_running_loop().call_later(1, [].pop)
        await asyncio.sleep(2)

    with pytest.raises(IndexError):
        run(story())


def test_a_connection_carries_bytes_in_order_and_both_ends_learn_of_its_end():
    async def story():
        loop = asyncio.get_running_loop()
        near, far = _Remembers(), _Remembers()
        server = await loop.create_server(lambda: far, sock="place", backlog=1)
        transport, _ = await loop.create_unix_connection(lambda: near, "place")
        for data in (b"a", b"b"):
            transport.write(data)
        transport.close()
        await loop.reach(0.0)
        assert far.told == [b"a", b"b", "end", "lost"]
        assert near.told == ["lost"]
        server.close()
        with pytest.raises(ConnectionRefusedError):
            await loop.create_unix_connection(_Remembers, "place")

    run(story())


class _Remembers(asyncio.Protocol):
    def __init__(self):
        self.told = []

    def data_received(self, data):
        self.told.append(data)

    def eof_received(self):
        self.told.append("end")

    def connection_lost(self, _):
        self.told.append("lost")
