"""Puts load on a replica over its Unix socket: closed loop (always CT requests) or open loop (random arrivals
that queue for one of CT slots, first in, first out, as at the gateway).

The load stands where the gateway would, without it. A gateway with a queue refills a slot in the moment it becomes
free, so a full replica behind it sees what a closed loop of CT clients makes, and the
gateway's own work does not blur the replica's figures.
"""

import asyncio
import itertools
import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from time import monotonic

from headway.core.wire import PREDICT_PATH, SERVER_TIMING
from headway.http.client import ClientConnection, connect
from headway.http.heads import AnswerHead

_CONNECT_WITHIN = 10.0
_OK = 200
_TIMING = re.compile(rb"(\w+);dur=([0-9.]+)")
_QUEUE_LIMIT = 10_000
_SHOWN_BYTES = 400
_SPREAD = 0.2
"""Seconds over which the clients of a closed loop begin."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A request is over. `latency` counts from its arrival; `stages` has seconds by their names on the wire."""

    at: float
    latency: float
    is_good: bool
    stages: dict[str, float]
    text: str = ""
    """The beginning of an answer that is no 200."""


def request_bytes(body: bytes, content_type: str) -> bytes:
    """The predict request as it goes over the wire."""
    lines = (
        b"POST %s HTTP/1.1" % PREDICT_PATH,
        b"host: headway",
        b"content-type: %s" % content_type.encode(),
        b"content-length: %d" % len(body),
    )
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class Load:
    """CT slots, each a connection; the requests come in turns. `report` is told each one that has finished.

    Who owns the load calls `tend` often.
    """

    def __init__(
        self, address: str, requests: Sequence[bytes], slots: int, report: Callable[[Finished], None]
    ) -> None:
        self._address = address
        self._requests = itertools.cycle(requests)
        self._report = report
        self._missing = slots
        self._slots: set[_Slot] = set()
        self._idle: list[_Slot] = []
        self._waiting: deque[float] = deque()
        self._arrivals: asyncio.TimerHandle | None = None
        self._rate: float | None = None
        self._loop = asyncio.get_running_loop()
        self._random = Random(20_260)  # noqa: S311 - the same arrivals every time

    async def start(self, rate: float | None) -> None:
        """Closed loop without a rate. Raises OSError when the replica cannot be reached."""
        self._rate = rate
        await self.tend()
        if rate is not None:
            self._arrive_later()

    async def tend(self) -> None:
        """Open the connections that are missing."""
        while self._missing:
            slot = _Slot(await connect(self._address, _CONNECT_WITHIN), self)
            self._missing -= 1
            self._slots.add(slot)
            if self._rate is None:  # one after another: together they would go on in waves
                self._loop.call_later(_SPREAD * self._random.random(), self._use, slot)
            else:
                self._idle.append(slot)

    def stop(self) -> None:
        if self._arrivals is not None:
            self._arrivals.cancel()
        for slot in self._slots:
            slot.connection.close()
        self._slots.clear()

    def over(self, slot: "_Slot", finished: Finished, *, reusable: bool) -> None:
        """Called by a slot: its request has ended."""
        self._report(finished)
        if reusable:
            self._use(slot)
        elif slot in self._slots:
            self._slots.remove(slot)
            slot.connection.close()
            self._missing += 1

    def _use(self, slot: "_Slot") -> None:
        if slot not in self._slots:
            return  # the load has stopped
        if self._rate is None:
            slot.send(next(self._requests), monotonic())
        elif self._waiting:
            slot.send(next(self._requests), self._waiting.popleft())
        else:
            self._idle.append(slot)

    def _arrive_later(self) -> None:
        self._arrivals = self._loop.call_later(self._random.expovariate(self._rate or 1.0), self._arrive)

    def _arrive(self) -> None:
        now = monotonic()
        if self._idle:
            self._idle.pop().send(next(self._requests), now)
        elif len(self._waiting) < _QUEUE_LIMIT:
            self._waiting.append(now)
        else:
            self._report(Finished(now, 0.0, is_good=False, stages={}, text="the queue is full"))
        self._arrive_later()


class _Slot:
    """One connection and the request on it."""

    def __init__(self, connection: ClientConnection, load: Load) -> None:
        self.connection = connection
        self._load = load
        self._loop = asyncio.get_running_loop()
        self._arrived = 0.0
        self._status = 0
        self._text = b""
        self._stages: dict[str, float] = {}

    def send(self, request: bytes, arrived: float) -> None:
        if self.connection.closed:
            self.on_answer_bad("the connection was closed")
            return
        self._arrived = arrived
        self.connection.send(request, self)

    def on_answer(self, head: AnswerHead, rest: bytes) -> None:
        status = self._status = head.status
        self._text = b"" if status == _OK else rest[:_SHOWN_BYTES]
        self._stages = _stages(head.raw) if status == _OK else {}

    def on_more(self, data: bytes) -> None:
        if self._status != _OK and len(self._text) < _SHOWN_BYTES:
            self._text += data[:_SHOWN_BYTES]

    def on_answer_end(self, *, reusable: bool) -> None:
        is_good = self._status == _OK
        self._end(is_good=is_good, text=self._text.decode(errors="replace"), reusable=reusable)

    def on_answer_lost(self, reason: str, *, unread: bool) -> None:  # noqa: ARG002 - lost all the same
        self.on_answer_bad(reason)

    def on_answer_bad(self, reason: str) -> None:
        self._end(is_good=False, text=reason, reusable=False)

    def on_room(self, *, room: bool) -> None: ...

    def _end(self, *, is_good: bool, text: str, reusable: bool) -> None:
        now = monotonic()
        finished = Finished(now, now - self._arrived, is_good, self._stages, text)
        # In a turn of its own: the connection is done with this answer only when this call has returned.
        self._loop.call_soon(lambda: self._load.over(self, finished, reusable=reusable))


def _stages(head: bytes) -> dict[str, float]:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(SERVER_TIMING + b":"):
            return {name.decode(): float(spent) / 1000 for name, spent in _TIMING.findall(line)}
    return {}
