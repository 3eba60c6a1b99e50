"""What `docker_server` in config.yaml asks for: a program that serves HTTP by itself, run here without an image.

This says which words to run and on which port; it starts nothing.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from headway.model_server.truss.config_values import InvalidTrussError

PORT_VARIABLES = ("HEADWAY_SERVER_PORT", "PORT")
"""What tells the program its port. The first is nobody else's, so a command can name it and run elsewhere too."""
_VARIABLE = re.compile(rf"\$\{{?({'|'.join(PORT_VARIABLES)})\b")


@dataclass(frozen=True, slots=True)
class DockerServer:
    """A program and its endpoints. `start_command` is words as a shell would split them; no shell runs them."""

    start_command: str
    server_port: int
    predict_endpoint: bytes
    readiness_endpoint: bytes
    liveness_endpoint: bytes

    @property
    def takes_port(self) -> bool:
        """Whether the command says its port, so that every replica on a machine can have one of its own."""
        return bool(self._port_places().search(self.start_command) or _VARIABLE.search(self.start_command))

    def words(self, port: int) -> tuple[str, ...]:
        """The command to run for that port."""
        return tuple(shlex.split(self._port_places().sub(rf"\g<1>{port}", self.start_command)))

    def _port_places(self) -> re.Pattern[str]:
        """Where the number can be nothing but the port: `--port 8000`, `--http-port=8000`, `0.0.0.0:8000`."""
        return re.compile(rf"""(port["']?(?:\s*=\s*|\s+)["']?|:){self.server_port}(?!\d)""", re.IGNORECASE)


def docker_server(expanded: dict[str, Any]) -> DockerServer:
    """The program that an expanded config with `docker_server` names. Raises InvalidTrussError."""
    given = expanded["docker_server"]
    command = given["start_command"]
    if command is None:
        raise InvalidTrussError(
            "docker_server.no_build leaves the command to an image, which Headway does not run",
            hint="name the program in docker_server.start_command",
        )
    if expanded["runtime"]["transport"]["kind"] == "grpc":
        raise InvalidTrussError(
            "docker_server: Headway speaks HTTP/1.1 with the program, not gRPC",
            hint="let the program serve http, and set runtime.transport.kind to http",
        )
    endpoints = {
        name: _path(given[name], name)
        for name in ("predict_endpoint", "readiness_endpoint", "liveness_endpoint")
    }
    server = DockerServer(start_command=command, server_port=given["server_port"], **endpoints)
    try:
        words = server.words(server.server_port)
    except ValueError as error:
        raise InvalidTrussError(
            f"docker_server.start_command cannot be split into words: {error}", hint="mind the quotes"
        ) from error
    if not words:
        raise InvalidTrussError(
            "docker_server.start_command is empty", hint="name the command that starts the server"
        )
    return server


def docker_warnings(expanded: dict[str, Any]) -> Iterator[str]:
    """What the author of a valid `docker_server` should know."""
    given = expanded["docker_server"]
    if given is None or given["start_command"] is None:
        return
    port = given["server_port"]
    if not DockerServer(given["start_command"], port, b"", b"", b"").takes_port:
        yield (
            f"docker_server.start_command does not say port {port}, so only one replica can run on a machine; "
            f"have it take ${PORT_VARIABLES[0]}, or write --port {port} if the program knows that option"
        )
    if expanded["runtime"]["predict_concurrency"] != 1:
        yield (
            "runtime.predict_concurrency limits nothing in a docker_server; it is only the first value of "
            "the concurrency target"
        )
    if given["run_as_user_id"] is not None:
        yield "docker_server.run_as_user_id: ignored here, the program runs as whoever runs Headway"


def _path(endpoint: str, name: str) -> bytes:
    if not re.fullmatch(r"/[!-~]*", endpoint):
        raise InvalidTrussError(
            f"docker_server.{name} is {endpoint!r}", hint="write a path such as /v1/chat/completions"
        )
    return endpoint.encode()
