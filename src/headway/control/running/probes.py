"""Asks replicas whether they are ready and healthy. What follows from the answers, reconcile decides."""

import asyncio
from enum import Enum

from headway.core.wire import READY_PATH
from headway.http.fetch import FetchError, fetch

PROBE_TIMEOUT = 5.0
PROBE_EVERY = 5.0
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 0.5
_OK = 200


class Health(Enum):
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    SILENT = "silent"
    """No answer came in time; a model that holds the interpreter's lock looks like this."""


async def probe(address: str) -> Health:
    try:
        answer = await fetch(address, READY_PATH, timeout=PROBE_TIMEOUT)
    except FetchError as error:
        return Health.SILENT if isinstance(error.__cause__, TimeoutError) else Health.UNHEALTHY
    return Health.HEALTHY if answer.status == _OK else Health.UNHEALTHY


async def until_ready(address: str, told: asyncio.Event) -> None:
    """Ask often at first, for a small model is ready soon, and again once it is `told` that the replica is.

    Its owner sets the limit and cancels.
    """
    pause = _FIRST_PAUSE
    while await probe(address) is not Health.HEALTHY:
        try:
            async with asyncio.timeout(pause):
                await told.wait()
        except TimeoutError:
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        else:
            told.clear()
            pause = _FIRST_PAUSE
