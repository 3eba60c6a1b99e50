"""A whole control plane in one process: real store, real operations, the real API; the backend is the fake one,
Trusses are prepared at once, and replicas are ready when the test says so.
"""

import asyncio
import contextlib
import dataclasses
import sys
import threading
from pathlib import Path

import httpx

from backends.contract.fake import FakeBackend
from control.gateway_double import GatewayDouble
from fakes.archives import tar, truss_files
from headway.api.application import application
from headway.control.operations import preparations
from headway.control.packages.preparation import PreparedModel
from headway.control.plane import ControlPlane, PlaneOptions
from headway.control.running import replicas as replicas_module
from headway.model_server.truss.truss_config import read_truss

HOST = "http://localhost"


class World:
    """`api` is a client of the application; `gateway` stands at the other end of the link."""

    def __init__(self, directory, **options):
        self.data_dir = directory / "data"
        self.options = PlaneOptions(
            data_dir=self.data_dir,
            link_path=directory / "link",
            database_url=f"sqlite:///{directory / 'state' / 'state.sqlite'}",
            **options,
        )
        self.backend = FakeBackend()
        self.ready = asyncio.Event()
        self.ready.set()
        self.may_prepare = threading.Event()
        self.may_prepare.set()
        self.preparation_fails = None
        self.prepared = []
        self._rounds = _Rounds()

    def place_sockets(self, directory):
        """Have control's own socket, and the replicas', lie there."""
        self.options = dataclasses.replace(self.options, link_path=directory / "link")
        self.backend.directory = directory

    async def dial(self):
        """Another gateway."""
        return await GatewayDouble.dial(self.options.link_path, "another")

    @contextlib.asynccontextmanager
    async def running(self):
        """One life of control."""
        self.plane = await ControlPlane.open(self.options, self.backend)
        self.plane.supervisor.round_over = self._rounds
        self.app = application(self.plane)
        self.backend.reports.clear()
        running = asyncio.create_task(self.plane.run())
        self.gateway = await GatewayDouble.dial(self.options.link_path)
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=HOST) as self.api:
            try:
                yield self
            finally:
                self.gateway.close()
                self.may_prepare.set()
                is_well = not running.done()
                running.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await running
                await self.plane.persistence.close()
                assert is_well, "control runs until it is told to stop"

    @property
    def desired_state(self):
        return self.plane.desired_state

    async def until_ready(self, _address, _told):
        await self.ready.wait()

    def prepare(self, directory, *, progress, **_):
        """In the place of the real preparation; runs in a thread."""
        progress("resolving\n")
        self.prepared.append(directory)
        assert self.may_prepare.wait(10)
        if self.preparation_fails is not None:
            raise self.preparation_fails
        config = read_truss(directory)
        return PreparedModel(config, directory, Path(sys.executable), {}, config.warnings)

    async def until(self, condition):
        """Looked at after each of the supervisor's rounds."""
        while not (found := condition()):
            await self._rounds.next()
        return found

    async def round(self):
        """Until one more of the supervisor's rounds is over."""
        await self._rounds.next()

    async def push(self, model="echo", content=None, expected=202, **query):
        content = tar(truss_files()) if content is None else content
        answer = await self.api.post(f"/v1/models/{model}/deployments", content=content, params=query)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def serving(self, model="echo", content=None, **query):
        """Pushed, and the environment's own; the deployment's id."""
        deployment_id = (await self.push(model, content, **query))["id"]
        target = model, query.get("environment", "production")
        await self.until(
            lambda: (
                self.desired_state.environments[target].candidate_id is None
                and self.desired_state.points_at(target) == deployment_id
                and self.desired_state.deployments[deployment_id].prepared
            )
        )
        return deployment_id

    async def get(self, path, expected=200):
        answer = await self.api.get(path)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def post(self, path, body=None, expected=202):
        answer = await self.api.post(path, json=body)
        assert answer.status_code == expected, answer.text
        return answer.json()

    async def refused(self, method, path, status, **request):
        """The error of an answer, once its status and shape are right."""
        answer = await self.api.request(method, path, **request)
        assert answer.status_code == status, answer.text
        body = answer.json()
        assert body.keys() == {"error"}
        assert body["error"].keys() == {"code", "message", "hint"}
        return body["error"]

    def replicas(self, deployment_id):
        return [one.replica_id for one in self.plane.supervisor.replicas.of(deployment_id)]

    async def drain(self, deployment_id):
        """The gateway says that the deployment's replicas hold nothing any more, and they go."""

        def draining(table):
            routes = [one.replicas for one in table.deployments if one.deployment_id == deployment_id]
            return any(routes) and all(one.draining for one in routes[0])

        table = await self.gateway.table(draining)
        for replica_id in self.replicas(deployment_id):
            self.gateway.tell(type="drained", replica_id=replica_id, version=table.version)
        await self.until(lambda: not self.replicas(deployment_id))


class _Rounds(asyncio.Event):
    """Tells of each of the supervisor's rounds."""

    def __init__(self):
        super().__init__()
        self._waiting = []

    def set(self):
        super().set()
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.set()

    async def next(self):
        event = asyncio.Event()
        self._waiting.append(event)
        await event.wait()


def control_plane(directory, monkeypatch, **options):
    """A world whose `running()` is one life of control."""
    world = World(directory, **options)
    monkeypatch.setattr(preparations, "prepare", world.prepare)
    monkeypatch.setattr(replicas_module, "until_ready", world.until_ready)
    return world


@contextlib.asynccontextmanager
async def opened(app, path, method="GET", *, body=b"", answers=True, headers=None):
    """An answer that comes piece by piece: its status, headers and an iterator over pieces. The client leaves at
    the end of the block, and the application has to end then. With `answers` false the block does not wait for one.
    """
    sent, left = asyncio.Queue(), asyncio.Event()
    bodies = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive():
        if bodies:
            return bodies.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    route, _, query = path.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": route,
        "raw_path": route.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            *((name.encode(), value.encode()) for name, value in (headers or {}).items()),
        ],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }
    running = asyncio.create_task(app(scope, receive, sent.put))
    start = await sent.get() if answers else {"status": 0, "headers": []}

    async def pieces():
        while True:
            piece = await sent.get()
            if piece.get("body"):
                yield piece["body"].decode()
            if not piece.get("more_body"):
                return

    try:
        yield start["status"], {name.decode(): value.decode() for name, value in start["headers"]}, pieces()
    finally:
        left.set()
        async with asyncio.timeout(5):
            await running
