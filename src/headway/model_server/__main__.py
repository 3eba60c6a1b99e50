"""`python -m headway.model_server DIR`: runs one replica of a Truss until it is told to stop.

The server answers while the model loads. SIGTERM (or SIGINT) stops accepting, lets the requests in flight finish,
and ends with 0; a second one ends at once. A model that does not load ends with 70, a Truss that is not valid with 65.
"""

import argparse
import asyncio
import dataclasses
import logging
import math
import os
import signal
import socket
import sys
from pathlib import Path
from typing import NoReturn

import uvloop

from headway.core.wire import EXIT_BAD_TRUSS, EXIT_LOAD_FAILED, EXIT_USAGE
from headway.http.limits import Limits
from headway.http.listener import HttpServer, tcp_socket, unix_socket
from headway.model_server.app import PrivateRoutes, PublicRoutes
from headway.model_server.borrowed import ReplicaLoop, watch_anyio
from headway.model_server.forks import guard
from headway.model_server.logs import configure_logging
from headway.model_server.readiness import Readiness
from headway.model_server.replica import ServedModel
from headway.model_server.truss.loader import LoadFailedError
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig, read_truss
from headway.telemetry.outputs import outlive_full_disks
from headway.telemetry.stage_board import board_beside

STOP_GRACE = 3600.0
"""How long requests in flight may go on after SIGTERM."""
_BEHIND_GATEWAY = Limits(
    idle_timeout=math.inf, head_timeout=math.inf, body_timeout=math.inf, send_timeout=math.inf
)
"""The gateway bounds its clients and keeps its connections; to end one from here could cross a request on its way."""
_log = logging.getLogger("headway.model_server")


def main() -> int:
    options = _options()
    outlive_full_disks()
    try:
        config = read_truss(options.directory.resolve())
    except InvalidTrussError as error:
        configure_logging(debug=False)
        _log.error("%s", error)
        return EXIT_BAD_TRUSS
    configure_logging(debug=config.enable_debug_logs)
    if options.predict_concurrency is not None:
        config = dataclasses.replace(config, predict_concurrency=options.predict_concurrency)
    for warning in config.warnings:
        _log.warning("%s", warning)
    try:
        public = unix_socket(options.uds.resolve()) if options.uds else tcp_socket(options.host, options.port)
        private = unix_socket(options.private_uds.resolve()) if options.private_uds else None
    except OSError as error:
        _log.error("Cannot listen: %s", error)
        return EXIT_USAGE
    serve = _serve if config.docker_server is None else _serve_front
    return uvloop.run(serve(options, config, public, private), loop_factory=ReplicaLoop)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="headway.model_server", description=__doc__)
    parser.add_argument(
        "directory", type=Path, help="the Truss: a folder with config.yaml and model/model.py"
    )
    parser.add_argument("--uds", type=Path, help="listen on this Unix socket, not on a port")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--private-uds", type=Path, help="answer GET /held on this Unix socket")
    parser.add_argument(
        "--predict-concurrency", type=_at_least_one, help="in place of the Truss's own, to try another one"
    )
    parser.add_argument("--replica-id", default="", help="names this replica in its log")
    parser.add_argument("--secrets-directory", type=Path, default=Path("/secrets"))
    parser.add_argument("--environment-file", type=Path, default=Path("/etc/b10_dynamic_config/environment"))
    return parser.parse_args()


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("with less than 1 no predict would ever run")
    return number


async def _serve(
    options: argparse.Namespace, config: TrussConfig, public: socket.socket, private: socket.socket | None
) -> int:
    stopping, readiness = _stop_on_signals(), Readiness(os.environ)
    watch_anyio()
    replica = ServedModel(
        config,
        secrets_directory=options.secrets_directory,
        environment_file=options.environment_file,
        board=board_beside(private),
    )
    server = HttpServer(PublicRoutes(replica), _BEHIND_GATEWAY if options.uds else None)
    await server.start([public])
    inspection = HttpServer(PrivateRoutes(replica.calls))
    await inspection.start([private] if private is not None else [])
    guard([public] if private is None else [public, private])
    _log.info("Replica %s listens on %s", options.replica_id, options.uds or f"{options.host}:{options.port}")
    life = asyncio.create_task(_live(replica, readiness))
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait([life, stopped], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if life.done() and (error := life.exception()) is not None:
        _die(error)
    life.cancel()
    replica.stop()
    await server.stop(STOP_GRACE)
    await inspection.stop(0.0)
    return 0


async def _serve_front(
    options: argparse.Namespace, config: TrussConfig, public: socket.socket, private: socket.socket | None
) -> int:
    from headway.model_server.docker_server.front import serve_front  # few replicas need it

    _log.info("Replica %s stands before the Truss's own server", options.replica_id)
    return await serve_front(
        config, public, private, _BEHIND_GATEWAY if options.uds else None, _stop_on_signals(), STOP_GRACE
    )


async def _live(replica: ServedModel, readiness: Readiness) -> None:
    await replica.load()
    readiness.say()
    await replica.follow_environment()


def _stop_on_signals() -> asyncio.Event:
    """An event that the first SIGTERM or SIGINT sets; the second one then ends the process.

    Not by the loop's own handlers: it believes what is written to a pipe of which a child that was forked has a copy.
    """
    stopping, loop, process_id = asyncio.Event(), asyncio.get_running_loop(), os.getpid()

    def stop(number: int, _: object) -> None:
        for one in (signal.SIGTERM, signal.SIGINT):
            signal.signal(one, signal.SIG_DFL)
        if os.getpid() == process_id:
            loop.call_soon_threadsafe(stopping.set)
        else:
            os.kill(os.getpid(), number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
        signal.siginterrupt(number, False)  # system calls of a model's threads go on
    return stopping


def _die(error: BaseException) -> NoReturn:
    """End the process without waiting for threads that a half-loaded model may have left."""
    text = error.traceback if isinstance(error, LoadFailedError) else ""
    _log.error("Exception while loading model: %s\n%s", error, text, exc_info=None if text else error)
    logging.shutdown()
    sys.stdout.flush()
    os._exit(EXIT_LOAD_FAILED)


if __name__ == "__main__":
    sys.exit(main())
