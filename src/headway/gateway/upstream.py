"""One replica as the gateway reaches it: its kept-alive connections, what it holds, and whether it answers."""

import asyncio
import json
from collections.abc import Callable

from headway.core.wire import HELD_PATH
from headway.gateway.table import ReplicaRoute
from headway.http.client import ClientConnection, connect
from headway.http.fetch import FetchError, fetch
from headway.telemetry.stage_board import BoardReader, board_path

_CONNECT_TIMEOUT = 5.0
_PROBE_TIMEOUT = 2.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class Upstream:
    """Connections to one replica, and what is asked of it beside requests."""

    def __init__(self, route: ReplicaRoute) -> None:
        self.route = route
        self.is_local = route.address.startswith("unix:")
        self._board = BoardReader(None)
        self._idle: list[ClientConnection] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.closed = False
        self.doubted = False
        """It broke a connection and has not accepted one since."""

    def idle_connection(self) -> ClientConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return None

    def put_back(self, connection: ClientConnection) -> None:
        if self.closed:
            connection.close()
        else:
            self._idle.append(connection)

    def open_connection(
        self, opened: Callable[[ClientConnection], None], failed: Callable[[OSError], None]
    ) -> None:
        self.run(self._open(opened, failed))

    def run(self, work: "asyncio._CoroutineLike[None]") -> None:
        """Own a task until it ends or the replica is closed."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until_reachable(self) -> None:
        """Return once the replica accepts connections; try for ever, until closed.

        It begins with a pause: a replica that accepts connections and no requests is not asked without rest.
        """
        pause = _FIRST_PAUSE
        while True:
            await asyncio.sleep(pause)
            try:
                connection = await connect(self.route.address, _CONNECT_TIMEOUT)
            except OSError:
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                connection.close()
                return

    async def held(self) -> dict[str, str]:
        """What the replica holds now: stage by request id. Raises FetchError."""
        answer = await fetch(self.route.private_address, HELD_PATH, timeout=_PROBE_TIMEOUT)
        try:
            rows = json.loads(answer.body)
            return {row["id"]: row["stage"] for row in rows}
        except (ValueError, KeyError, TypeError) as error:
            raise FetchError(
                f"{self.route.private_address} answered {answer.body[:80]!r} to {HELD_PATH!r}"
            ) from error

    def read_board(self) -> None:
        """From now on the replica's stages can be told: it is there, and so is its board."""
        self._board = BoardReader(board_path(self.route.private_address))

    def stage_of(self, request_id: bytes) -> str:
        """The stage that a request is in, or was in when the replica died; empty when that is not known."""
        return self._board.stage_of(request_id)

    def inside(self) -> dict[str, list[str]]:
        """The ids of what is in the replica, or was when it died, by stage."""
        return self._board.inside()

    def find_out(self, told: Callable[[bool], None]) -> None:
        """A connection ended without an answer: tell whether the replica is gone, once that is known."""
        self.run(self._find_out(told))

    async def _find_out(self, told: Callable[[bool], None]) -> None:
        told(await self._is_gone())

    async def _is_gone(self) -> bool:
        """A replica that dies ends its connections one after the other, so it is asked something."""
        try:
            await fetch(self.route.private_address, HELD_PATH, timeout=_PROBE_TIMEOUT)
        except FetchError as error:
            return not isinstance(error.__cause__, TimeoutError)
        return False

    def close(self) -> None:
        """The replica is gone: end its connections and whatever waits for it."""
        self.closed = True
        for connection in self._idle:
            connection.close()
        self._idle.clear()
        self._board.close()
        for task in self._tasks:
            task.cancel()

    async def _open(
        self, opened: Callable[[ClientConnection], None], failed: Callable[[OSError], None]
    ) -> None:
        try:
            connection = await connect(self.route.address, _CONNECT_TIMEOUT)
        except OSError as error:
            failed(error)
        else:
            opened(connection)
