"""Opens the sockets that Headway listens on, and says why one cannot be."""

import os
import socket

from headway.core.errors import HeadwayError

_BACKLOG = 4096


class RootError(HeadwayError):
    """Headway cannot start on this machine as asked."""

    code = "root"


def listen(host: str, port: int) -> socket.socket:
    """A listening socket: connections wait in its backlog while no process accepts. Raises RootError."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        raise RootError(
            f"cannot listen on {host}:{port}: {_reason(error)}",
            hint="stop what uses the port, or choose others with --port and --control-port; a Headway that runs takes "
            "another model with headway push",
        ) from error


def _reason(error: OSError) -> str:
    # asyncio's and socket's own additions to the text repeat the address.
    if error.errno is None or isinstance(error, socket.gaierror):
        return str(error.strerror or error)
    return os.strerror(error.errno)
