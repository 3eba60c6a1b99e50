"""What came in with a key ends when the key is deleted, wherever it is by then."""

import asyncio
import hashlib

from fakes.cluster import cluster, predict, until

GOOD, GONE = (hashlib.sha256(key).hexdigest() for key in (b"good", b"gone"))
BOTH = {GOOD: ("inference",), GONE: ("inference",)}
LEFT = {GOOD: ("inference",)}
WEBSOCKET = (
    b"GET /models/m/websocket HTTP/1.1\r\nhost: h\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-protocol: chat, headway.key.gone\r\n\r\n"
)


def by(key, body=b"{}"):
    return predict(body, headers=b"authorization: Bearer %s\r\n" % key)


async def with_keys(one, replica, keys, **settings):
    one.apply_routes(one.deployment("d1", replica, **settings), keys=keys)
    await one.ready()


async def test_a_stream_is_cut_and_its_work_stops(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        await with_keys(one, replica, BOTH)
        for _ in range(2):  # with a head that is known, too
            client = await one.sends(by(b"gone"))
            request = await replica.next()
            request.exchange.start(200)
            request.exchange.write(b"first")
            await client.reader.readuntil(b"first")
            await with_keys(one, replica, LEFT)
            async with asyncio.timeout(1):
                assert b"0\r\n\r\n" not in await ended(client)
            await until(lambda at=request: at.is_left)
            assert one.in_flight == 1, "the slot is taken until the work has stopped"
            request.exchange.close()
            await until(lambda: one.in_flight == 0)
            await with_keys(one, replica, BOTH)


async def ended(client):
    try:
        return await client.reader.read()
    except ConnectionResetError:
        return b""


async def test_a_websocket_ends(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        await with_keys(one, replica, BOTH)
        client = await one.sends(WEBSOCKET)
        request = await replica.next()
        request.exchange.accept_tunnel()
        request.exchange.relay(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\nhello")
        await client.reader.readuntil(b"hello")
        await with_keys(one, replica, LEFT)
        async with asyncio.timeout(1):
            await ended(client)
        await until(lambda: request.is_left)
        request.exchange.close()


async def test_what_waits_is_told_so_and_never_runs(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        await with_keys(one, replica, BOTH)
        holding = await one.sends(by(b"gone", b"held"))
        held = await replica.next()
        gone = await one.sends(by(b"gone", b"gone"))
        await until(lambda: one.queued == 1)
        good = await one.sends(by(b"good", b"good"))
        await until(lambda: one.queued == 2)
        await with_keys(one, replica, LEFT)
        for client in (holding, gone):
            answer = await client.answer()
            assert (answer.status, answer.error["code"]) == (401, "key_unknown")
        held.exchange.close()
        following = await replica.next()
        assert following.body == b"good"
        following.exchange.respond(200)
        assert (await good.answer()).status == 200


async def test_a_body_that_comes_to_its_end_too_late_gets_no_further(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        await with_keys(one, replica, BOTH)
        whole = by(b"gone", b"12345678")
        client = await one.sends(whole[:-4])
        await until(lambda: any(at._current is not None for at in one._server._connections))
        await with_keys(one, replica, LEFT)
        client.send(whole[-4:])
        assert (await client.answer()).error["code"] == "key_unknown"
        assert not replica.received


async def test_the_last_key_takes_what_came_with_it_along(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        await with_keys(one, replica, {GONE: ("inference",)})
        client = await one.sends(by(b"gone"))
        request = await replica.next()
        await with_keys(one, replica, {})
        assert (await client.answer()).status == 401
        request.exchange.close()
        await until(lambda: one.in_flight == 0)


async def test_another_key_ends_nothing(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        await with_keys(one, replica, BOTH)
        client = await one.sends(by(b"good"))
        request = await replica.next()
        await with_keys(one, replica, LEFT)
        await with_keys(one, replica, BOTH)
        request.exchange.respond(200)
        assert (await client.answer()).status == 200
