"""Control and its real API in a thread, over a backend in memory whose replicas are ready at once; and the command."""

import asyncio
import contextlib
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from typer.testing import CliRunner

from backends.contract.fake import FakeBackend
from control.gateway_double import GatewayDouble
from headway.api.application import application
from headway.cli.app import app
from headway.cli.exit_codes import exit_code_of
from headway.control.operations import preparations
from headway.control.packages.entries import PreparationError
from headway.control.packages.findings import warnings_of
from headway.control.packages.lint import of_serving
from headway.control.packages.machine import this_machine
from headway.control.packages.preparation import PreparedModel
from headway.control.plane import ControlPlane, PlaneOptions
from headway.control.running import replicas
from headway.core.errors import HeadwayError
from headway.model_server.truss.truss_config import read_truss


class Running:
    """`plane` may be looked at while nothing is asked of it."""

    def __init__(self, data_dir, **options):
        self._options = PlaneOptions(
            data_dir, data_dir / "link", f"sqlite:///{data_dir / 'headway.db'}", **options
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._begun = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self):
        self._thread.start()
        assert self._begun.wait(20)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(20)
        self._socket.close()

    async def _main(self):
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self.plane = await ControlPlane.open(self._options, FakeBackend())
        config = uvicorn.Config(
            application(self.plane), loop="none", lifespan="off", log_config=None, ws="none"
        )
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.plane.run())
                tasks.create_task(uvicorn.Server(config).serve(sockets=[self._socket]))
                gateway = await GatewayDouble.dial(self._options.link_path)
                self._begun.set()
        gateway.close()
        await self.plane.persistence.close()


def make_ready_at_once(monkeypatch):
    """Models need no environment, and replicas no process. A Truss with a file `broken` cannot be prepared."""

    def prepare(directory, *, progress, **_):
        progress("making an environment")
        if (directory / "broken").exists():
            raise PreparationError("no such package: nonsense")
        config = read_truss(directory)
        warnings = warnings_of(of_serving(config, this_machine(directory)))
        return PreparedModel(config, directory, Path(sys.executable), {}, warnings)

    async def until_ready(*_): ...

    monkeypatch.setattr(preparations, "prepare", prepare)
    monkeypatch.setattr(replicas, "until_ready", until_ready)


def run(*arguments, **options):
    """The result of the command, with the exit code that a shell would see."""
    result = CliRunner().invoke(app, [str(one) for one in arguments], **options)
    if isinstance(result.exception, HeadwayError):
        result.exit_code = exit_code_of(result.exception)
    return result
