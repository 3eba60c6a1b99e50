"""What replicas hold is asked for while somebody looks, against replicas whose private server the test plays."""

import asyncio
import contextlib
import json

from control.gateway_double import GatewayDouble
from fakes.cluster import until
from headway.backends.base import RunningReplica
from headway.control.running.lanes import Lanes
from headway.control.running.link import GatewayLink, Listeners
from headway.control.running.replica import SupervisedReplica
from headway.core.lifecycle import ReplicaState

ROWS = [
    {"id": "q1", "stage": "gate wait", "since": 0.5, "abandoned": False},
    {"id": "q2", "stage": "predict", "since": 1.5, "abandoned": True},
]


def replica(name, address):
    running = RunningReplica(name, 1, "d1", "unix:/nowhere", address)
    return SupervisedReplica(running, now=0.0, state=ReplicaState.READY)


class World:
    def __init__(self, directory):
        nothing = lambda *_: None  # noqa: E731
        self.directory = directory
        self.link = GatewayLink(directory / "link", Listeners(*[nothing] * 5))
        self.replicas = []
        self.lanes = Lanes(lambda _: self.replicas, self.link)
        self.asked = 0

    @contextlib.asynccontextmanager
    async def running(self):
        serving = asyncio.ensure_future(self.link.serve())
        server = await asyncio.start_unix_server(self._answer, self.directory / "r1")
        try:
            yield self
        finally:
            server.close()
            serving.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await serving

    async def _answer(self, reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        body = json.dumps(ROWS).encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
        writer.close()


async def test_replicas_are_asked_while_somebody_looks_and_one_that_is_silent_is_not_known(tmp_path):
    async with World(tmp_path).running() as world:
        world.replicas = [replica("r1", f"unix:{tmp_path / 'r1'}"), replica("r2", "unix:/nowhere")]
        assert world.lanes.of("r1") is None
        with world.lanes.followed("d1"), world.lanes.followed("d1"):
            await until(lambda: world.lanes.of("r1"))
            holding = world.lanes.of("r1")
            assert holding.counts == {"gate_wait": 1, "predict": 1, "abandoned": 1}
            assert [(one.request_id, one.stage, one.abandoned) for one in holding.shown] == [
                ("q1", "gate_wait", False),
                ("q2", "predict", True),
            ]
            assert world.lanes.of("r2") is None
            assert world.asked == 1
        await until(lambda: world.lanes.of("r1") is None)


async def test_gateways_are_told_what_is_watched_those_that_come_later_too(tmp_path):
    async with World(tmp_path).running() as world:
        first = await GatewayDouble.dial(tmp_path / "link")
        await until(lambda: world.link.is_up)
        with world.lanes.followed("d1"):
            later = await GatewayDouble.dial(tmp_path / "link", name="g1")
            for gateway in (first, later):
                assert await watched(gateway) == ["d1"]
        for gateway in (first, later):
            assert await watched(gateway) == []
            gateway.close()


async def watched(gateway):
    while (message := await gateway.lines.get())["type"] != "watch":
        continue
    return message["deployments"]
