"""Takes a trace through the gateway's real shell, from the bytes of the requests to those of the answers, in virtual
time; only clients, replicas and the network between them are played.
"""

import asyncio
import dataclasses
import json
from dataclasses import dataclass, field
from unittest import mock

import httptools

from fakes.client import Answer
from fakes.cluster import predict
from headway.core.events import Drained, Event, Stuck
from headway.gateway.deployment_queue import DeploymentQueue, Reports
from headway.gateway.gateway import Gateway
from headway.gateway.table import DeploymentRoute, ReplicaRoute, RoutingTable
from headway.http.listener import HttpServer
from parity.facts import told_anew
from parity.played_replica import PlayedReplica
from parity.trace import Arrival, Move, ReplicaMove, SettingsChange, Trace
from parity.virtual_loop import VirtualLoop

_GATEWAY = "gateway"
_DEPLOYMENT, _MODEL = "d1", "m"
_LONGEST = 86_400.0
"""Virtual seconds after which a run that does not end is given up; it is the longest queue_timeout."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What the client of a request was told, and when; `code` is that of an error, or empty."""

    request: int
    at: float
    status: int
    code: str = ""


@dataclass(frozen=True, slots=True)
class Passage:
    """What came of a trace: all that core decided, and all answers; each in order, requests by their numbers."""

    events: list[Event[int]] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)


def run_through_gateway(trace: Trace) -> Passage:
    """Play the trace until every request is answered and no replica holds any."""
    passage = Passage()
    carry_out = DeploymentQueue.carry_out
    numbers = {}

    def record(queue, events, now):
        passage.events.extend(_numbered(event, numbers) for event in events)
        carry_out(queue, events, now)

    with (
        mock.patch.object(DeploymentQueue, "carry_out", record),
        asyncio.Runner(loop_factory=VirtualLoop) as runner,
    ):
        runner.run(_play(trace, passage.answers))
    return passage


def _numbered(event, numbers):
    """The event with the request's number in its place. Each request is told of first when it arrives."""
    if isinstance(event, Drained | Stuck):
        return event
    return told_anew(event, request=numbers.setdefault(event.request, len(numbers)))


async def _play(trace: Trace, answers: list[Answered]) -> None:
    loop = asyncio.get_running_loop()
    stage = _Stage(trace)
    await stage.open()
    number = 0
    async with asyncio.timeout(_LONGEST):
        for step in trace.steps:
            await loop.reach(step.at)
            match step:
                case Arrival():
                    client = _Client(number, answers)
                    await loop.create_unix_connection(lambda client=client: client, _GATEWAY)
                    number += 1
                case SettingsChange():
                    stage.change_settings(step.settings)
                case ReplicaMove():
                    await stage.move_replica(step)
        while len(answers) < number or not stage.is_idle:
            await loop.reach(loop.time() + 1.0)  # which takes no time
    await stage.close()


class _Stage:
    """A gateway and its replicas; `trace` says with which settings it begins, and what requests cost."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._settings = trace.settings
        self._gateway = Gateway(Reports(_ignore, _ignore, lambda: None, _ignore))
        self._server = HttpServer(self._gateway.serve)
        self._replicas: dict[str, PlayedReplica] = {}
        self._routes: dict[str, ReplicaRoute] = {}

    @property
    def is_idle(self) -> bool:
        return self._gateway.queues[_DEPLOYMENT].is_idle

    async def open(self) -> None:
        await self._server.start([_GATEWAY])
        self._tell()

    async def close(self) -> None:
        self._gateway.apply(RoutingTable(self._gateway.version + 1))
        await self._server.stop(0)
        for replica in self._replicas.values():
            await replica.stop()

    def change_settings(self, settings) -> None:
        self._settings = settings
        self._tell()

    async def move_replica(self, step: ReplicaMove) -> None:
        name = step.replica_id
        match step.move:
            case Move.ADDED:
                replica = self._replicas[name] = PlayedReplica(name, self._trace)
                await replica.start()
                self._routes[name] = replica.route(generation=self._gateway.version)
            case Move.DRAINING | Move.TAKEN_BACK:
                draining = step.move is Move.DRAINING
                self._routes[name] = dataclasses.replace(self._routes[name], draining=draining)
            case Move.REMOVED:
                del self._routes[name]
        self._tell()
        if step.move in {Move.REMOVED, Move.BROKEN}:
            await self._replicas[name].stop()

    def _tell(self) -> None:
        """What control does at every change: the whole table goes to the gateway, which says anew who is drained."""
        route = DeploymentRoute(_DEPLOYMENT, _MODEL, self._settings, replicas=tuple(self._routes.values()))
        version = self._gateway.version + 1
        self._gateway.apply(RoutingTable(version, (route,), {(_MODEL, "production"): _DEPLOYMENT}))


class _Client(asyncio.Protocol):
    """Sends one request, whose body is its number, and notes the answer."""

    def __init__(self, number: int, answers: list[Answered]) -> None:
        self._number = number
        self._answers = answers
        self._answer = Answer()
        self._parser = httptools.HttpResponseParser(self._answer)

    def connection_made(self, transport) -> None:
        self._transport = transport
        transport.write(predict(b"%d" % self._number))

    def data_received(self, data) -> None:
        self._parser.feed_data(data)
        if self._answer.is_complete:
            status = self._parser.get_status_code()
            code = "" if status == 200 else json.loads(self._answer.body)["error"]["code"]
            now = asyncio.get_running_loop().time()
            self._answers.append(Answered(self._number, now, status, code))
            self._transport.close()


def _ignore(_) -> None: ...
