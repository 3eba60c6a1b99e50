"""A replica that speaks real HTTP and spends the seconds which the trace says, behind the real predict gate."""

import asyncio

from headway.core.gate import Gate
from headway.gateway.table import ReplicaRoute
from headway.http.exchange import Exchange
from headway.http.listener import HttpServer
from headway.http.receivers import SILENT, Receiver
from parity.trace import Arrival, Trace


class PlayedReplica:
    """The body of a request is its number in the trace."""

    def __init__(self, name: str, trace: Trace) -> None:
        self.name = name
        self.trace = trace
        self.gate = Gate(trace.predict_concurrency)
        self._server = HttpServer(lambda exchange: _Call(exchange, self))
        self._private = HttpServer(_tell_held)

    def route(self, generation: int) -> ReplicaRoute:
        return ReplicaRoute(self.name, generation, f"unix:{self.name}", f"unix:{self.name}.private")

    async def start(self) -> None:
        await self._server.start([self.name])
        await self._private.start([f"{self.name}.private"])

    async def stop(self) -> None:
        """The process is gone: its connections end, and nobody hears of its work any more."""
        await self._server.stop(0)
        await self._private.stop(0)


class _Call:
    """One request on its way through the stages. When nobody waits for it any more it ends with its present stage."""

    def __init__(self, exchange: Exchange, replica: PlayedReplica) -> None:
        self._loop = asyncio.get_running_loop()
        self._exchange = exchange
        self._trace = replica.trace
        self._gate = replica.gate
        self._body = b""

    @property
    def _seconds(self) -> Arrival:
        return self._trace.arrivals[int(self._body)]

    def on_body(self, data: bytes) -> None:
        self._body += data

    def on_body_complete(self) -> None:
        self._loop.call_later(self._seconds.preprocess, self._preprocessed)

    def on_client_left(self) -> None:
        if self._gate.give_up(self):
            self._exchange.close()

    def on_writable(self, *, writable: bool) -> None: ...

    def _preprocessed(self) -> None:
        if self._exchange.left:
            self._exchange.close()
        else:
            self._let_in(self._gate.arrive(self))

    def _predicted(self) -> None:
        self._let_in(self._gate.leave(self))
        if self._exchange.left:
            self._exchange.close()
        else:
            self._loop.call_later(self._seconds.postprocess, self._postprocessed)

    def _postprocessed(self) -> None:
        if self._exchange.left:
            self._exchange.close()
        else:
            self._exchange.respond(200)

    def _let_in(self, calls: "tuple[_Call, ...]") -> None:
        for call in calls:
            self._loop.call_later(call._seconds.predict, call._predicted)


def _tell_held(exchange: Exchange) -> Receiver:
    exchange.respond(200, b"", b"[]")  # no earlier gateway gave it anything
    return SILENT
