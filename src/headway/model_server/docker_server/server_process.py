"""The program of a `docker_server` as a child of the replica: its port, its start, its end, and nothing left behind.

It runs under a keeper, which kills what is left of it when it has ended or the replica is gone.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from headway.core.errors import HeadwayError
from headway.model_server.docker_server.settings import PORT_VARIABLES, DockerServer
from headway.processes import keeper

HOST = "127.0.0.1"
_KEEPER_ENDS_WITHIN = 5.0


class PortTakenError(HeadwayError):
    """The only port that the program can use is in use."""

    code = "port_taken"


class ServerProcess:
    """The running program; `port` is where it is to listen. Output goes to the replica's own."""

    def __init__(self, server: DockerServer, directory: Path, environment: Mapping[str, str]) -> None:
        """Start it. Raises PortTakenError."""
        self._claim = None if server.takes_port else _claim(server.server_port)
        self.port = server.server_port if self._claim is not None else _free_port()
        self._process = subprocess.Popen(  # noqa: S603 - what the Truss is there for
            keeper.command_line(server.words(self.port), "group"),
            stdin=subprocess.DEVNULL,
            env={**environment, **dict.fromkeys(PORT_VARIABLES, str(self.port))},
            cwd=directory,
            start_new_session=True,
        )
        self._end = os.pidfd_open(self._process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Kill whatever is left of it."""
        self._signal(keeper.END_ALL)
        try:
            self._process.wait(_KEEPER_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._end)
        if self._claim is not None:
            self._claim.close()

    @property
    def address(self) -> str:
        return f"tcp:{HOST}:{self.port}"

    async def ended(self) -> int:
        """Wait for the program's end, which the owner may have asked for; its exit code (128 and more: a signal)."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._end, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self._end)
        code = self._process.wait()
        return code if code >= 0 else 128 - code

    def terminate(self) -> None:
        """Ask the program, and all that it started, to end."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)


def _free_port() -> int:
    """A port that was free a moment ago. Should the program find it taken, it ends, and is started anew."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        port: int = one.getsockname()[1]
        return port


def _claim(port: int) -> socket.socket:
    """Keep the port from other replicas, which could otherwise be reached by mistake, as long as this is open."""
    claim = socket.socket(socket.AF_UNIX)
    try:
        if sys.platform == "linux":  # a name without a file, in the same network namespace as the port
            claim.bind(f"\0headway-server-port-{port}")
        with socket.create_connection((HOST, port), timeout=1.0):
            is_free = False
    except ConnectionRefusedError:
        is_free = True
    except OSError:
        is_free = False
    if not is_free:
        claim.close()
        raise PortTakenError(
            f"port {port} is taken, and docker_server.start_command does not say its port, so that no other can do",
            hint=f"run one replica on this machine, or have the command take its port from ${PORT_VARIABLES[0]}",
        )
    return claim
