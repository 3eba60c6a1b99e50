"""A replica whose answers the test gives: it keeps each request until then, and says what it is told to hold."""

import asyncio
import json
from pathlib import Path

from fakes.application import Recorded
from headway.core.stages import Stage
from headway.gateway.table import ReplicaRoute
from headway.http.exchange import Exchange
from headway.http.listener import HttpServer, unix_socket
from headway.http.receivers import SILENT, Receiver
from headway.telemetry.stage_board import board_path, open_board


class Received(Recorded):
    """A request of the gateway."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__(exchange)
        self.whole = asyncio.Event()

    def on_body_complete(self) -> None:
        super().on_body_complete()
        self.whole.set()


class FakeReplica:
    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.path, self.private_path = directory / f"{name}.sock", directory / f"{name}.private"
        self.board = open_board(board_path(f"unix:{self.private_path}"))
        self.holds: dict[str, str] = {}
        """Stage by request id, as it is told at /held."""
        self.received: list[Received] = []
        self.refusing = False
        self.refused = 0
        self._new: asyncio.Queue[Received] = asyncio.Queue()
        self._server = HttpServer(self._serve)
        self._private = HttpServer(self._tell_held)

    async def start(self) -> None:
        await self._private.start([unix_socket(self.private_path)])
        await self.listen()

    async def listen(self) -> None:
        self._server = HttpServer(self._serve)
        await self._server.start([unix_socket(self.path)])

    async def stop_listening(self) -> None:
        """The process dies: its connections end."""
        await self._server.stop(0)
        self.path.unlink(missing_ok=True)

    async def die(self) -> None:
        """The process is gone: nothing of it answers any more."""
        await self._private.stop(0)
        self.private_path.unlink(missing_ok=True)
        await self.stop_listening()

    def enter(self, request: Received, stage: str) -> None:
        """A request is in the stage of this name."""
        row = self.board.take(request.exchange.header(b"x-headway-request-id").decode())
        self.board.enter(row, Stage(stage.replace(" ", "_")))

    async def stop(self) -> None:
        await self._server.stop(0)
        await self._private.stop(0)

    async def next(self) -> Received:
        """The next request that comes, its body read."""
        recorded = await self._new.get()
        if not recorded.exchange.is_upgrade:
            await recorded.whole.wait()
        return recorded

    async def next_begun(self) -> Received:
        """The next request that comes, as soon as its head is there."""
        return await self._new.get()

    def route(self, *, generation: int = 1, draining: bool = False) -> ReplicaRoute:
        return ReplicaRoute(
            self.name, generation, f"unix:{self.path}", f"unix:{self.private_path}", draining=draining
        )

    def _serve(self, exchange: Exchange) -> Receiver:
        if self.refusing:
            self.refused += 1
            exchange.respond(503, b"x-headway-not-accepted: full\r\n")
            return SILENT
        recorded = Received(exchange)
        self.received.append(recorded)
        self._new.put_nowait(recorded)
        return recorded

    def _tell_held(self, exchange: Exchange) -> Receiver:
        rows = [{"id": key, "stage": stage} for key, stage in self.holds.items()]
        exchange.respond(200, b"", json.dumps(rows).encode())
        return SILENT
