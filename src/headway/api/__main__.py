"""Control's process: `python -m headway.api`, started by root. It runs the control plane and its API."""

import argparse
import asyncio
import contextlib
import importlib
import json
import logging
import os
import pkgutil
import signal
import sys
from functools import partial
from pathlib import Path
from socket import socket
from typing import NoReturn

import uvloop

from headway.api.uploads import discard_leftovers
from headway.backends.base import Backend
from headway.backends.isolation.ways import WORLDS, Ways
from headway.configuration import (
    KEEP_REQUEST_DAYS,
    KEEP_REQUESTS,
    Configuration,
    InvalidConfigurationError,
)
from headway.control.disk.pruning import PruneBounds
from headway.control.faults import lasting
from headway.control.operations.operations import Push
from headway.control.operations.watch import Watcher
from headway.control.plane import ControlPlane, PlaneOptions
from headway.control.running.run_directory import RunDirectoryLostError
from headway.control.store.ownership import OwnedElsewhereError
from headway.control.store.stored_requests import RequestBounds
from headway.core.entry import AllowedOrigins
from headway.core.errors import HeadwayError
from headway.core.isolation import Isolation
from headway.core.wire import EXIT_USAGE
from headway.http.limits import Limits
from headway.http.listener import inherited_socket
from headway.processes.allocator import hold_little
from headway.telemetry.logs import configure_logging

_logger = logging.getLogger(__name__)


def main() -> int:
    hold_little()
    options = _parser().parse_args()
    root = os.dup(options.root_fd)
    configuration = Configuration.load()
    as_json = configuration.log_format == "json"
    configure_logging("control", as_json=as_json, level=configuration.log_level.upper())
    try:
        return uvloop.run(_control(options))
    except HeadwayError as error:
        _logger.error("%s", error)  # noqa: TRY400 - the text is meant for people; a traceback would hide it
        if not error.may_pass:
            _tell_hopeless(root, error, always=isinstance(error, RunDirectoryLostError))
        return EXIT_USAGE


def _tell_hopeless(root: int, error: HeadwayError, *, always: bool) -> None:
    """Root need not try again: the same would come of it until somebody has seen to it. `always`: what runs is of no
    use any more either.
    """
    told = {"type": "hopeless", "message": error.message, "hint": error.hint, "always": always}
    with contextlib.suppress(OSError):
        os.write(root, json.dumps(told).encode() + b"\n")


async def _control(options: argparse.Namespace) -> NoReturn:
    await asyncio.to_thread(discard_leftovers, options.data_dir)
    connect = pkgutil.resolve_name(options.backend)
    backend: Backend = await connect(options.root_fd, options.run_dir, await _ways(options))
    configuration = Configuration.load()
    plane = await ControlPlane.open(
        PlaneOptions(
            data_dir=options.data_dir,
            link_path=options.link,
            database_url=_database_url(),
            secrets_dir=options.secrets_dir,
            model_cache_dir=options.model_cache_dir,
            inference_url=options.inference_url,
            is_exposed=bool(options.exposed),
            request_bounds=RequestBounds(options.keep_requests, options.keep_request_days),
            prune_bounds=PruneBounds(configuration.keep_deployments, configuration.keep_days),
            min_free=configuration.min_free,
            isolation=Isolation(configuration.isolation),
            allowed_origins=AllowedOrigins.of(filter(None, options.allowed_origins.split(","))),
        ),
        backend,
    )
    running = asyncio.get_running_loop().create_task(_run(plane, options))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        _logger.info("control stops; root decides about the replicas")
    except BaseExceptionGroup as group:
        for kind in (RunDirectoryLostError, OwnedElsewhereError):
            if lost := _first_of(kind, group):
                raise lost from group
        raise
    finally:
        await backend.close()
        await plane.persistence.close()
    _end_at_once()


async def _ways(options: argparse.Namespace) -> Ways:
    """Nothing of Headway's own is to be seen in a sandbox. Where sandboxes are the rule they are tried now."""
    configuration = Configuration.load().with_changes(
        data_dir=options.data_dir, secrets_dir=options.secrets_dir
    )
    ways = Ways(options.data_dir / WORLDS, (*configuration.private_places(), options.run_dir))
    if configuration.isolation != Isolation.NONE:
        await ways.chosen(Isolation.AUTO)
    return ways


def _end_at_once() -> NoReturn:
    """Without waiting for threads: one may wait for a download, or for a disk."""
    logging.shutdown()
    os._exit(0)


def _first_of(kind: type[HeadwayError], group: BaseExceptionGroup) -> HeadwayError | None:
    found: BaseException | None = group.subgroup(kind)
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    return found if isinstance(found, kind) else None


def _database_url() -> str:
    """From the environment, which only this user may read: it may hold a password."""
    url = Configuration.load().database_url
    if url is None:
        raise InvalidConfigurationError("control is not told where to store its state")
    return url


async def _run(plane: ControlPlane, options: argparse.Namespace) -> None:
    if options.truss is not None:
        await _deploy(plane, options)  # before gateways are told anything, so that they never deny the model
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(plane.run())
        tasks.create_task(_serve_api(plane, inherited_socket(options.listen_fd)))
        if options.watch:
            tasks.create_task(lasting("changes of the Truss are served", partial(_watch, plane, options)))


async def _watch(plane: ControlPlane, options: argparse.Namespace) -> None:
    again = Push(model=options.model_name)
    await Watcher(options.truss, lambda: plane.operations.push(options.truss, again)).run()


async def _serve_api(plane: ControlPlane, listening: socket) -> None:
    """FastAPI takes half of control's start to import: replicas are seen to meanwhile."""
    server = await asyncio.to_thread(importlib.import_module, "headway.api.server")
    await server.serve(plane, listening, Limits(idle_timeout=Configuration.load().idle_timeout))


async def _deploy(plane: ControlPlane, options: argparse.Namespace) -> None:
    """Deploy the one Truss that this Headway was started for, unless an earlier life of control has done it."""
    if plane.desired_state.models:
        return
    order = Push(model=options.model_name, settings=json.loads(options.settings))
    try:
        await plane.operations.push(options.truss, order)
    except (HeadwayError, OSError) as error:
        _logger.error("the Truss is not deployed: %s", error)  # noqa: TRY400  # the text is meant for people


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="headway.api", description=__doc__)
    parser.add_argument("--root-fd", type=int, required=True, help="control's end of the link to root")
    parser.add_argument("--listen-fd", type=int, required=True, help="a listening socket passed down by root")
    parser.add_argument("--link", type=Path, required=True, help="the Unix socket that gateways dial")
    parser.add_argument("--data-dir", type=Path, required=True, help="prepared models, state and logs")
    parser.add_argument("--run-dir", type=Path, required=True, help="a short path for replicas' sockets")
    parser.add_argument("--backend", required=True, help="module:function that connects the backend")
    parser.add_argument("--inference-url", required=True, help="where the gateway answers on this machine")
    parser.add_argument("--exposed", type=int, default=0, help="1: a port is reached from other machines")
    parser.add_argument("--truss", type=Path, help="a Truss to deploy")
    parser.add_argument("--model-name", help="its name in URLs, if not its own")
    parser.add_argument("--settings", default="{}", help="changes to its first settings, as JSON")
    parser.add_argument("--secrets-dir", type=Path, help="one file per secret")
    parser.add_argument("--model-cache-dir", type=Path, help="a folder for each model of a hub")
    parser.add_argument("--watch", type=int, default=0, help="1: serve changes of the Truss as they come")
    parser.add_argument("--keep-requests", type=int, default=KEEP_REQUESTS, help="records stored at most")
    parser.add_argument(
        "--keep-request-days", type=int, default=KEEP_REQUEST_DAYS, help="days after which records go"
    )
    parser.add_argument("--allowed-origins", default="", help="with commas: whose pages may use the API")
    return parser


if __name__ == "__main__":
    sys.exit(main())
