"""Control's process: `python -m headway.control`, started by root."""

import argparse
import asyncio
import functools
import json
import logging
import pkgutil
import signal
import sys
from pathlib import Path

import uvloop

from headway.backends.base import Backend
from headway.configuration import Configuration
from headway.control.packages.preparation import first_settings, prepare, served_name
from headway.control.platform import Deployment, Platform, deployment_of
from headway.control.status import StatusPages
from headway.control.supervisor import Supervisor
from headway.control.table_store import TableStore
from headway.control.watch import Watcher
from headway.core.errors import HeadwayError
from headway.core.wire import EXIT_USAGE
from headway.http.listener import HttpServer, inherited_socket
from headway.telemetry.logs import configure_logging

_logger = logging.getLogger(__name__)

_HTTP_GRACE = 1.0


def main() -> int:
    options = _parser().parse_args()
    configure_logging("control", level=Configuration.load().log_level.upper())
    try:
        return uvloop.run(_control(options))
    except HeadwayError as error:
        _logger.error("%s", error)  # noqa: TRY400 - the text is meant for people; a traceback would hide it
        return EXIT_USAGE


async def _control(options: argparse.Namespace) -> int:
    platform = Platform()
    if options.truss is not None:
        platform.deploy(await asyncio.to_thread(_deployment, options))
    connect = pkgutil.resolve_name(options.backend)
    backend: Backend = await connect(options.root_fd, options.run_dir)
    store = TableStore(options.data_dir / "control" / "table.json")
    logs = options.data_dir / "logs"
    supervisor = Supervisor(platform, backend, store, link_path=options.link, log_directory=logs)
    server = HttpServer(StatusPages(supervisor).serve)
    await server.start([inherited_socket(options.listen_fd)])
    loop = asyncio.get_running_loop()
    supervising = loop.create_task(_supervise(supervisor, options))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, supervising.cancel)
    try:
        await supervising
    except asyncio.CancelledError:
        _logger.info("control stops; root decides about the replicas")
    finally:
        await server.stop(_HTTP_GRACE)
        await backend.close()
    return 0


async def _supervise(supervisor: Supervisor, options: argparse.Namespace) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(supervisor.run())
        if options.watch and options.truss is not None:
            prepare_again = functools.partial(_deployment, options)
            tasks.create_task(Watcher(options.truss, prepare_again, supervisor.roll_out).run())


def _deployment(options: argparse.Namespace) -> Deployment:
    prepared = prepare(
        options.truss,
        data_dir=options.data_dir,
        progress=_logger.info,
        model_cache_dir=options.model_cache_dir,
    )
    settings = first_settings(prepared.config).with_changes(json.loads(options.settings))
    return deployment_of(
        prepared,
        model=options.model_name or served_name(prepared.config, options.truss),
        settings=settings,
        environment={"HEADWAY_SECRETS_DIR": str(options.secrets_dir)} if options.secrets_dir else {},
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="headway.control", description=__doc__)
    parser.add_argument("--root-fd", type=int, required=True, help="control's end of the link to root")
    parser.add_argument("--listen-fd", type=int, required=True, help="a listening socket passed down by root")
    parser.add_argument("--link", type=Path, required=True, help="the Unix socket that gateways dial")
    parser.add_argument("--data-dir", type=Path, required=True, help="prepared models, state and logs")
    parser.add_argument("--run-dir", type=Path, required=True, help="a short path for replicas' sockets")
    parser.add_argument("--backend", required=True, help="module:function that connects the backend")
    parser.add_argument("--truss", type=Path, help="a Truss to deploy")
    parser.add_argument("--model-name", help="its name in URLs, if not its own")
    parser.add_argument("--settings", default="{}", help="changes to its first settings, as JSON")
    parser.add_argument("--secrets-dir", type=Path, help="one file per secret")
    parser.add_argument("--model-cache-dir", type=Path, help="a folder for each model of a hub")
    parser.add_argument("--watch", type=int, default=0, help="1: serve changes of the Truss as they come")
    return parser


if __name__ == "__main__":
    sys.exit(main())
