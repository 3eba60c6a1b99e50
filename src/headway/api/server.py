"""Serves the API on a listening socket, with uvicorn, inside the loop of control's process."""

import contextlib
from collections.abc import Iterator
from socket import socket

import uvicorn

from headway.api.application import application
from headway.control.plane import ControlPlane

_HTTP_GRACE = 1


async def serve(plane: ControlPlane, listening: socket, idle_timeout: int = 120) -> None:
    """Until cancelled. A connection without a request is kept for `idle_timeout` seconds."""
    server = _Server(
        uvicorn.Config(
            application(plane),
            loop="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=idle_timeout,
            timeout_graceful_shutdown=_HTTP_GRACE,
        )
    )
    try:
        await server.serve(sockets=[listening])
    finally:
        server.should_exit = True


class _Server(uvicorn.Server):
    """Leaves the signals to this process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
