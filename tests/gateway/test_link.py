"""The gateway's end of its link, against a control that the test plays."""

import asyncio
import contextlib
import json
from pathlib import Path

from fakes.cluster import until
from headway.gateway.link import Link
from headway.gateway.table import DeploymentRoute, ReplicaRoute, RoutingTable
from headway.http.listener import unix_socket


def table(version: int) -> RoutingTable:
    return RoutingTable(version, (DeploymentRoute("d1", "m"),), {("m", "production"): "d1"})


class Control:
    """Listens on the link's socket; keeps what comes up, sends what the test says."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.messages: list[dict] = []
        self.connections = 0
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self):
        self._server = await asyncio.start_unix_server(self._connected, sock=unix_socket(self._path))
        return self

    async def __aexit__(self, *_):
        self._server.close()
        self.hang_up()

    def hang_up(self) -> None:
        if self._writer is not None:
            self._writer.close()

    def send(self, line: bytes) -> None:
        self._writer.write(line + b"\n")

    def send_table(self, version: int) -> None:
        self.send(json.dumps({"type": "table", "table": json.loads(table(version).to_json())}).encode())

    async def told(self, kind: str, **content: object) -> dict:
        """The newest message of a kind with this content, once it has come."""

        def found() -> list[dict]:
            return [one for one in self.messages if one["type"] == kind and content.items() <= one.items()]

        await until(found)
        return found()[-1]

    def heard(self, kind: str) -> int:
        """How many messages of a kind have come."""
        return sum(one["type"] == kind for one in self.messages)

    async def _connected(self, reader, writer) -> None:
        self._writer = writer
        self.connections += 1
        with contextlib.suppress(OSError):
            while line := await reader.readline():
                self.messages.append(json.loads(line))
        writer.close()


@contextlib.asynccontextmanager
async def running(link: Link):
    task = asyncio.ensure_future(link.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)  # what was closed ends with the turn of the loop


async def test_it_says_hello_applies_tables_and_reports_load(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    async with Control(tmp_path / "link") as control, running(link):
        assert (await control.told("hello"))["epoch"] == link.gateway.epoch
        control.send_table(3)
        await control.told("applied", version=3)
        await until(lambda: any("d1" in one.get("deployments", {}) for one in control.messages))
        load = (await control.told("load"))["deployments"]["d1"]
        assert {"queued", "in_flight", "arrivals", "finished", "held", "ready", "abandoned"} <= load.keys()


async def test_records_of_requests_go_up_with_what_was_left_out_once(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    async with Control(tmp_path / "link") as control, running(link):
        await control.told("hello")
        tally = link.gateway.recorder.tally("d1", "m")
        tally.whole += [(200, 0.0, 1.0, 2.0)] * 3
        message = await control.told("requests")
        assert (message["rows"], message["sampled_out"]) == ([], {"d1": 3})
        assert message["ended"] == {"d1": {"2xx": 3}}
        tally.whole.append((200, 0.0, 1.0, 2.0))
        await control.told("requests", sampled_out={"d1": 1}, ended={"d1": {"2xx": 1}})
        tally.refuse(429)
        await control.told("requests", sampled_out={}, ended={"d1": {"4xx": 1}})


async def test_what_happens_goes_up_at_once(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    async with Control(tmp_path / "link") as control, running(link):
        await control.told("hello")
        link.gateway._reports.drained("r1")
        await control.told("drained", replica_id="r1")
        link.gateway._reports.wake("d1")
        await control.told("wake", deployment_id="d1")
        count = len(control.messages)
        await until(lambda: len(control.messages) > count)  # the next one is due in a quarter of a second
        count, at = len(control.messages), asyncio.get_running_loop().time()
        link.gateway._reports.queue_formed()
        await until(lambda: len(control.messages) > count)
        assert asyncio.get_running_loop().time() - at < 0.2


async def test_what_happens_just_as_control_dies_ends_nothing(tmp_path):
    """A lost connection refuses to be written to before its reader hears of the loss."""
    link = Link(str(tmp_path / "link"), None)
    async with Control(tmp_path / "link") as control, running(link):
        await control.told("hello")
        lost = link._writer
        lost.transport.abort()
        await asyncio.sleep(0)
        assert link._writer is lost
        link.gateway._reports.wake("d1")
        await until(lambda: control.connections == 2)


async def test_control_that_was_away_is_told_who_is_to_wake_until_there_is_a_replica(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    awake = DeploymentRoute("d1", "m", replicas=(ReplicaRoute("r1", 1, "unix:/nowhere", "unix:/nowhere"),))
    async with running(link):
        link.gateway.apply(table(1))
        link.gateway._reports.wake("d1")
        async with Control(tmp_path / "link") as control:
            for times in (1, 2):  # it may have died before it read that
                await until(lambda count=times: control.heard("wake") == count)
                control.hang_up()
            await until(lambda: control.heard("wake") == 3)
            link._take_table(json.loads(RoutingTable(2, (awake,), {("m", "production"): "d1"}).to_json()))
            link.gateway._reports.wake("d1")
            await until(lambda: control.heard("wake") == 4)
            control.send_table(3)
            await control.told("applied", version=3)
            control.hang_up()
            await until(lambda: control.heard("hello") == 4 and control.messages[-1]["type"] == "load")
            assert control.heard("wake") == 4


async def test_it_dials_until_control_is_there_and_again_when_control_went_away(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    async with running(link):
        async with Control(tmp_path / "link") as control:
            await control.told("hello")
            control.send_table(3)
            await control.told("applied", version=3)
        async with Control(tmp_path / "link") as control:
            await control.told("hello")
            assert link.gateway.version == 3
            control.hang_up()
            await until(lambda: control.connections == 2)


async def test_control_that_hangs_up_at_once_is_not_dialled_without_rest(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    connections: list[float] = []

    async def hang_up(reader, writer) -> None:  # noqa: ARG001
        connections.append(asyncio.get_running_loop().time())
        writer.close()

    server = await asyncio.start_unix_server(hang_up, sock=unix_socket(tmp_path / "link"))
    async with running(link):
        await until(lambda: len(connections) == 3)
    assert connections[2] - connections[0] >= 0.15
    server.close()


async def test_the_table_in_force_is_kept_and_an_older_one_is_not(tmp_path):
    saved = tmp_path / "table.json"
    link = Link(str(tmp_path / "link"), saved)
    link.restore()
    assert link.gateway.version == -1
    async with Control(tmp_path / "link") as control, running(link):
        await control.told("hello")
        control.send_table(5)
        await control.told("applied", version=5)
        control.messages.clear()
        control.send_table(4)
        await control.told("applied", version=5)
    assert RoutingTable.from_json(saved.read_bytes()) == table(5)
    successor = Link(str(tmp_path / "link"), saved)
    successor.restore()
    assert successor.gateway.version == 5
    assert successor.gateway.epoch != link.gateway.epoch


async def test_a_saved_table_that_cannot_be_used_is_no_obstacle(tmp_path):
    saved = tmp_path / "table.json"
    for content in (
        "nonsense",
        '{"version": 1, "deployments": [{"settings": {"x": 1}}], "environments": []}',
    ):
        saved.write_text(content)
        link = Link(str(tmp_path / "link"), saved)
        link.restore()
        assert link.gateway.version == -1


async def test_nonsense_from_control_does_not_end_the_gateway(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    async with Control(tmp_path / "link") as control, running(link):
        await control.told("hello")
        for line in (
            b"nonsense",
            b"[]",
            b'{"type": "other"}',
            b'{"type": "table"}',
            b'{"type": "table", "table": {}}',
        ):
            connections = control.connections
            control.messages.clear()
            control.send(line)
            await until(lambda before=connections: control.connections > before or control.messages)
            if control.connections > connections:
                await control.told("hello")
        await until(lambda: control._writer is not None and not control._writer.is_closing())
        await until(lambda: link._writer is not None)
        control.send_table(9)
        await control.told("applied", version=9)


async def test_what_queues_is_named_for_the_deployments_that_are_watched(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    async with Control(tmp_path / "link") as control, running(link):
        await control.told("hello")
        control.send_table(1)
        await control.told("applied", version=1)
        assert "waiting" not in (await control.told("load"))["deployments"]["d1"]
        control.send(b'{"type": "watch", "deployments": ["d1", "d9"]}')
        await until(lambda: "waiting" in control.messages[-1].get("deployments", {}).get("d1", {}))
        assert control.messages[-1]["deployments"]["d1"]["waiting"] == []


async def test_that_there_is_a_table_is_waited_for_and_not_for_ever(tmp_path):
    link = Link(str(tmp_path / "link"), None)
    await link.until_told(0.01)
    assert link.gateway.version == -1
    async with Control(tmp_path / "link") as control, running(link):
        waiting = asyncio.ensure_future(link.until_told(15.0))
        await control.told("hello")
        assert not waiting.done()
        control.send_table(3)
        await waiting
        assert link.gateway.version == 3
        await link.until_told(0.0)
