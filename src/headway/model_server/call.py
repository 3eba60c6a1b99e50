"""One request in the replica: its body, the stage it is in, and what its client's leaving does to it.

A call is one task from the end of its body until its work has really stopped. A client that leaves cancels the
task, and only what may be stopped notices: a wait for the gate ends, async code is cancelled, a generator is
closed; a function on a thread goes on, because what the task waits for then refuses (threads.Running). When the
task is over the connection is closed, by which the gateway knows that the slot is free.
"""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from contextvars import ContextVar
from time import monotonic
from typing import Any, Protocol

from headway.core.stages import LABELS, Stage
from headway.core.wire import REQUEST_ID
from headway.http.exchange import Exchange
from headway.model_server import failures
from headway.model_server.threads import ended
from headway.telemetry.stage_board import StageBoard, open_board

_log = logging.getLogger(__name__)


current_call: "ContextVar[Call]" = ContextVar("current_call")
"""The call on whose behalf code runs, for the log."""


class HeldCalls(set[Any]):
    """The requests that a replica holds. On `board` each notes its stage, to be read after the replica's death too."""

    def __init__(self, board: StageBoard | None = None) -> None:
        super().__init__()
        self.board = board or open_board(None)


class Outlet(Protocol):
    """What is producing the answer's body, told of the client's pace and of its leaving."""

    def on_writable(self, *, writable: bool) -> None: ...

    def on_client_left(self, *, stops: bool) -> None:
        """From now on what is made is dropped; `stops` says that no more shall be made."""


class Call:
    """A receiver of the HTTP layer that runs `work` once the body is complete. `calls` holds it meanwhile."""

    __slots__ = (
        "_borrowed",
        "_calls",
        "_cancels",
        "_chunks",
        "_departure",
        "_departures",
        "_row",
        "_spent",
        "_task",
        "_work",
        "exchange",
        "outlet",
        "since",
        "stage",
    )

    def __init__(
        self,
        exchange: Exchange,
        work: "Callable[[Call], Awaitable[None]]",
        calls: HeldCalls,
        *,
        cancels: bool,
    ) -> None:
        self.exchange = exchange
        self.stage: Stage | None = None
        self.since = 0.0
        """When the stage began."""
        self.outlet: Outlet | None = None
        self._work = work
        self._calls = calls
        self._cancels = cancels
        self._chunks: list[bytes] = []
        self._task: asyncio.Task[None] | None = None
        self._spent: list[tuple[str, float]] = []
        self._row = -1
        self._departure: threading.Event | None = None
        self._departures: list[Callable[[], object]] | None = None
        self._borrowed: set[Future[Any]] | None = None

    @property
    def body(self) -> bytes:
        chunks = self._chunks
        if len(chunks) > 1:
            chunks[:] = [b"".join(chunks)]
        return chunks[0] if chunks else b""

    @body.setter
    def body(self, body: bytes) -> None:
        self._chunks[:] = [body]

    @property
    def left(self) -> bool:
        """The client is gone: nobody waits for the answer."""
        return self.exchange.left

    @property
    def identity(self) -> str:
        """The gateway's id of the request, or one of the replica's own."""
        return identity_of(self.exchange)

    def enter(self, stage: Stage) -> None:
        """Begin a stage, and note how long the one before took."""
        now = monotonic()
        if self.stage is not None:
            self._spent.append((LABELS[self.stage], now - self.since))
        self.stage = stage
        self.since = now
        board = self._calls.board
        if self._row < 0:
            self._row = board.take(self.identity)
        board.enter(self._row, stage)

    def server_timing(self) -> bytes:
        """The header line with the stages that are over."""
        spent = ", ".join([f"{label};dur={seconds * 1000:.2f}" for label, seconds in self._spent])
        return f"server-timing: {spent}\r\n".encode() if spent else b""

    def tell_departure(self, departed: Callable[[], object]) -> None:
        """Have `departed` called when the client leaves (now, if it has)."""
        if self.left:
            departed()
        else:
            self._departures = self._departures or []
            self._departures.append(departed)

    def watch_departure(self) -> threading.Event:
        """An event that is set when the client leaves. A model that watches is told, and not cancelled: it
        has its own way to stop, which cancelling could cut short.
        """
        self.run_to_end()
        if self._departure is None:
            self._departure = threading.Event()
            self.tell_departure(self._departure.set)
        return self._departure

    def borrow(self, job: Future[Any]) -> None:
        """Note what runs for this call on a thread of somebody else's; it may end on any thread."""
        self._borrowed = self._borrowed or set()
        self._borrowed.add(job)
        job.add_done_callback(self._borrowed.discard)

    async def until_stopped(self) -> None:
        """For a client that has left: wait for what its cancelled code had begun, which cannot be cancelled (I6)."""
        while self.left and self._borrowed:
            with contextlib.suppress(asyncio.CancelledError):
                await ended(next(iter(tuple(self._borrowed))))

    def is_departure(self, error: BaseException) -> bool:
        """Whether this is how its client's leaving stops the work. A model may raise a CancelledError of its own."""
        return self.left and isinstance(error, asyncio.CancelledError)

    def run_to_end(self) -> None:
        """From now on it is not cancelled when its client leaves."""
        self._cancels = False

    def give_up(self, reason: str) -> None:
        """Cut the answer, and go on as if the client had left."""
        _log.error("%s", reason)
        self.exchange.cut()
        self.on_client_left()

    # What the HTTP layer tells.

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)

    def on_body_complete(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run())

    def on_client_left(self) -> None:
        if self._task is None:
            self.exchange.close()
            return
        for departed in self._departures or ():
            departed()
        stops = self._cancels and self.stage is not None
        if self.outlet is not None:
            self.outlet.on_client_left(stops=stops)
        if stops or self.stage is Stage.GATE_WAIT:
            self._task.cancel()

    def on_writable(self, *, writable: bool) -> None:
        if self.outlet is not None:
            self.outlet.on_writable(writable=writable)

    async def _run(self) -> None:
        self._calls.add(self)
        current_call.set(self)
        try:
            if not self.left:
                await self._work(self)
        except BaseException as error:  # noqa: BLE001 - nothing may end the connection as the replica's death would
            if not self.is_departure(error):
                _log.error("A request failed outside of the model's methods", exc_info=error)
        finally:
            if self.left:
                await self.until_stopped()
            self._calls.discard(self)
            self._calls.board.leave(self._row)
            if self.left:
                self.exchange.close()
            elif self.exchange.started:
                self.exchange.break_off_started()
            else:
                failures.answer(self.exchange, failures.model_error())
            self._task = None  # whose context names this call: a circle would wait for the garbage collector


def identity_of(exchange: Exchange) -> str:
    """The gateway's id of a request, or one of the replica's own."""
    given = exchange.header(REQUEST_ID)
    return given.decode("latin-1") if given else f"local-{id(exchange):x}"
