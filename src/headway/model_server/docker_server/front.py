"""One replica of a Truss that brings its own server: starts the program, stands before it, ends with it."""

import asyncio
import contextlib
import logging
import os
import socket

from headway.core.wire import EXIT_LOAD_FAILED
from headway.http.limits import Limits
from headway.http.listener import HttpServer
from headway.model_server.app import PrivateRoutes
from headway.model_server.docker_server.proxy import ProxyRoutes
from headway.model_server.docker_server.server_process import HOST, PortTakenError, ServerProcess
from headway.model_server.docker_server.settings import docker_server
from headway.model_server.readiness import Readiness
from headway.model_server.truss.truss_config import TrussConfig
from headway.telemetry.stage_board import board_beside

PROGRAM_GRACE = 30.0
"""How long the program may take to end after SIGTERM, with no request left."""
_FLUSH_GRACE = 5.0
"""How long clients may take for the rest of their answers once the program is gone."""
_TRIED_EVERY = 0.05
"""Seconds between attempts to reach a program that does not listen yet."""
_ANOTHER_ADDRESS = "127.0.0.2"
_ENDED_UNASKED = 1
_log = logging.getLogger(__name__)


async def serve_front(
    config: TrussConfig,
    public: socket.socket,
    private: socket.socket | None,
    limits: Limits | None,
    stopping: asyncio.Event,
    grace: float,
) -> int:
    """Serve until the program ends or `stopping` is set, requests then having `grace` seconds; the exit code."""
    server, readiness = docker_server(config.expanded), Readiness(os.environ)
    environment = {**os.environ, **config.environment_variables}
    try:
        process = ServerProcess(server, config.directory, environment)
    except PortTakenError as error:
        _log.error("%s", error)
        return EXIT_LOAD_FAILED
    with process:
        _log.info("Started for port %d: %s", process.port, server.start_command)
        routes = ProxyRoutes(server, process.address, board_beside(private))
        front, inspection = HttpServer(routes, limits), HttpServer(PrivateRoutes(routes.calls))
        await front.start([public])
        await inspection.start([private] if private is not None else [])
        ended = asyncio.create_task(process.ended())
        stopped = asyncio.create_task(stopping.wait())
        listens = asyncio.create_task(say_when_it_listens(process.port, readiness))
        await asyncio.wait([ended, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        listens.cancel()
        code = _code(ended.result(), routes) if ended.done() else 0
        closing = asyncio.create_task(front.stop(grace + PROGRAM_GRACE))
        if not ended.done():
            await _finish_requests(routes, grace)
            process.terminate()
            await asyncio.wait([ended], timeout=PROGRAM_GRACE)
            ended.cancel()
        await asyncio.wait([closing], timeout=_FLUSH_GRACE)
        await inspection.stop(0.0)
    return code


async def say_when_it_listens(port: int, readiness: Readiness) -> None:
    """Most programs listen once they are ready. One that answers its readiness endpoint later is asked until then."""
    while not await _listens(port):  # noqa: ASYNC110  # another process's doing: no event tells of it
        await asyncio.sleep(_TRIED_EVERY)
    readiness.say()


async def _listens(port: int) -> bool:
    with socket.socket() as one:
        one.setblocking(False)
        # From another address, or Linux would now and then connect it with itself, and so take the port.
        one.bind((_ANOTHER_ADDRESS, 0))
        try:
            await asyncio.get_running_loop().sock_connect(one, (HOST, port))
        except OSError:
            return False
    return True


async def _finish_requests(routes: ProxyRoutes, grace: float) -> None:
    """Wait for the requests in flight; a WebSocket has no end but the program's."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(grace):
            while working := [call.task for call in routes.calls if not call.is_tunnel]:
                await asyncio.wait(working)


def _code(ended: int, routes: ProxyRoutes) -> int:
    """The exit code of a replica whose program ended by itself: never 0, for that is no success."""
    _log.error("The server of the Truss ended by itself with exit code %d", ended)
    return (ended or _ENDED_UNASKED) if routes.was_reached else EXIT_LOAD_FAILED
