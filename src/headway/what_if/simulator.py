"""Has simulations run in processes of their own, one at a time and within bounds: control goes on meanwhile."""

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import orjson

from headway.core.errors import HeadwayError
from headway.processes import keeper

_logger = logging.getLogger(__name__)

WITHIN = 30.0
"""Seconds, the wait for its turn included."""
MOST_WAITING = 3
_COMMAND = (sys.executable, "-m", "headway.what_if.worker")


class BusyError(HeadwayError):
    """Others have asked first."""

    code = "busy"


class SimulationTimeoutError(HeadwayError):
    code = "simulation_timeout"


class SimulationError(HeadwayError):
    """The process ended without an answer: a defect."""

    code = "simulation"


class _ToldError(HeadwayError):
    """What the process says is wrong with the question."""

    def __init__(self, code: str, message: str, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.code = code


class Simulator:
    """`command` is the process that answers; `within` the seconds that it has."""

    def __init__(self, command: Sequence[str] = _COMMAND, within: float = WITHIN) -> None:
        self._command = command
        self._within = within
        self._turn = asyncio.Lock()
        self._waiting = 0

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """For all that an answer takes, what is read for it included. Raises BusyError, SimulationTimeoutError."""
        if self._waiting >= MOST_WAITING:
            raise BusyError("others' simulations come first", hint="try again in some seconds")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._within):
                yield
        except TimeoutError as error:
            raise SimulationTimeoutError(
                f"the simulation has not ended within {self._within:g} s", hint="choose a shorter time"
            ) from error
        finally:
            self._waiting -= 1

    async def answer(self, records: Sequence[bytes], question: Mapping[str, Any]) -> dict[str, Any]:
        """What `worker` says; to be asked in a place. Raises SimulationError, and what `worker` says is wrong."""
        async with self._turn:
            told = await self._run(b"\n".join([*records, orjson.dumps(question)]))
        if "error" in told:
            raise _ToldError(**told["error"])
        return told

    async def _run(self, content: bytes) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            *keeper.command_line(self._command),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            output, complaint = await process.communicate(content)
        finally:
            await _end(process)
        if process.returncode:
            _logger.error("a simulation has failed: %s", complaint.decode(errors="replace")[-2000:])
            raise SimulationError(
                "the simulation has failed", hint="this is a defect of Headway; control's log says more"
            )
        told: dict[str, Any] = orjson.loads(output)
        return told


async def _end(process: Process) -> None:
    """Whoever asked may have left before it was done."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(keeper.END_ALL)
    await process.wait()
