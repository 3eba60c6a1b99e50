"""The gateway's process: `python -m headway.gateway`."""

import argparse
import asyncio
import contextlib
import gc
import logging
import signal
import sys
from pathlib import Path
from socket import socket

import uvloop

from headway.configuration import variables_of_opentelemetry
from headway.core.entry import AllowedOrigins
from headway.core.errors import HeadwayError
from headway.core.forwarding import TrustedProxies
from headway.core.wire import EXIT_USAGE
from headway.gateway.admission import Admission
from headway.gateway.link import Link
from headway.gateway.table import RoutingTable
from headway.gateway.tracing import Tracer
from headway.http.limits import IDLE_TIMEOUT, Limits
from headway.http.listener import HttpServer, inherited_socket, tcp_socket, unix_socket
from headway.processes.open_files import raise_file_limit
from headway.telemetry.logs import configure_logging

_log = logging.getLogger(__name__)

_WANTED_FILES = 65_536
_FIRST_TABLE_WITHIN = 10.0
"""Seconds in which control is to tell the first table. Until then connections wait, and nobody is refused for it."""


def main() -> int:
    options = _parser().parse_args()
    as_json = options.log_format == "json"
    configure_logging("gateway", as_json=as_json, level=options.log_level.upper())
    raise_file_limit(_WANTED_FILES)
    _collect_rarely()
    try:
        return uvloop.run(_serve(options))
    except (HeadwayError, OSError) as error:
        sys.stderr.write(f"headway gateway: {error}\n")
        return EXIT_USAGE


async def _serve(options: argparse.Namespace) -> int:
    allowed = AllowedOrigins.of(filter(None, options.allowed_origins.split(",")))
    proxies = TrustedProxies(filter(None, options.trusted_proxies.split(",")))
    link = Link(options.link or "", options.saved_table, Admission(allowed, proxies))
    if variables := variables_of_opentelemetry():
        link.gateway.reception.tracer = Tracer.told(variables)
    link.restore()
    if options.table is not None:
        link.gateway.apply(RoutingTable.from_json(options.table.read_bytes()))
    listening = _listening(options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    task = loop.create_task(link.run())
    stopping = loop.create_task(stop.wait())
    telling = loop.create_task(link.until_told(_FIRST_TABLE_WITHIN))
    await asyncio.wait((task, stopping, telling), return_when=asyncio.FIRST_COMPLETED)
    telling.cancel()
    gateway = link.gateway
    limits = Limits(idle_timeout=options.idle_timeout)
    server = HttpServer(gateway.serve, limits, gateway.lines_of_refusal)
    await server.start([listening])
    await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    link.gateway.stop()
    finished = await server.stop(options.grace)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return 0 if finished else 1


def _listening(options: argparse.Namespace) -> socket:
    if options.listen_fd is not None:
        return inherited_socket(options.listen_fd)
    kind, _, place = options.listen.partition(":")
    if kind == "unix":
        return unix_socket(Path(place))
    host, _, port = options.listen.rpartition(":")
    return tcp_socket(host.strip("[]"), int(port))


def _collect_rarely() -> None:
    """Requests leave no cycles behind, and each look for some walks over all that queue: look every 50,000 objects.

    What was there at the start is not looked at. This takes about 1 of 20 microseconds off each request.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="headway.gateway", description=__doc__)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--listen", metavar="ADDRESS", help="HOST:PORT or unix:/path to listen on")
    where.add_argument(
        "--listen-fd", type=int, metavar="N", help="a listening socket passed down by the parent"
    )
    parser.add_argument(
        "--link", metavar="PATH", help="control's Unix socket, from which routing tables come"
    )
    parser.add_argument("--saved-table", type=Path, metavar="FILE", help="where the newest table is kept")
    parser.add_argument(
        "--table", type=Path, metavar="FILE", help="a routing table to begin with, without control"
    )
    parser.add_argument(
        "--grace", type=float, default=30.0, help="seconds to finish what is in flight on a stop"
    )
    parser.add_argument(
        "--idle-timeout",
        type=float,
        default=IDLE_TIMEOUT,
        help="seconds of a connection without a request",
    )
    parser.add_argument("--log-level", default="info", metavar="LEVEL", help="debug, info, warning or error")
    parser.add_argument("--log-format", default="plain", choices=("plain", "json"))
    parser.add_argument("--allowed-origins", default="", help="with commas: whose pages may ask")
    parser.add_argument(
        "--trusted-proxies", default="", help="with commas: who is believed where requests come from"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
