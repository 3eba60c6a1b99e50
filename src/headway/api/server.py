"""Serves the API on a listening socket, with uvicorn, inside the loop of control's process."""

import asyncio
import contextlib
from collections.abc import Iterator
from functools import partial
from math import ceil
from socket import socket
from typing import cast

import uvicorn

from headway.api.application import application
from headway.api.connections import Connection
from headway.api.last_resort import LastResort
from headway.api.own_users import OwnUsersOnly
from headway.control.plane import ControlPlane
from headway.core.sharing import Sharing
from headway.http.limits import Limits
from headway.processes.open_files import raise_file_limit

_HTTP_GRACE = 1
_WANTED_FILES = 8192


async def serve(plane: ControlPlane, listening: socket, limits: Limits | None = None) -> None:
    """Until cancelled."""
    raise_file_limit(_WANTED_FILES)
    limits, keys = limits or Limits(), plane.credentials.keyring
    sharing = Sharing(plane.options.allowed_origins)
    connection = partial(Connection, limits=limits, keys=keys, sharing=sharing)
    server = _Server(
        uvicorn.Config(
            LastResort(OwnUsersOnly(application(plane), keys, sharing), sharing),
            loop="none",
            http=cast("type[asyncio.Protocol]", connection),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=ceil(limits.idle_timeout),
            timeout_graceful_shutdown=_HTTP_GRACE,
        )
    )
    looking = asyncio.create_task(_look(server, limits.sweep))
    try:
        await server.serve(sockets=[listening])
    finally:
        looking.cancel()
        server.should_exit = True
        for one in getattr(server, "servers", ()):  # uvicorn leaves them open when it is cancelled
            one.close()


async def _look(server: uvicorn.Server, every: float) -> None:
    """Have each connection see whether it waits for too long."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(every)
        for one in list(server.server_state.connections):
            if isinstance(one, Connection):
                one.look(loop.time())


class _Server(uvicorn.Server):
    """Leaves the signals to this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
