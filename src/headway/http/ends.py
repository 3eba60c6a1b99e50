"""The end of a connection, told to the other side whoever else holds a copy of the socket."""

import asyncio
import contextlib
import socket


def shut_down(transport: asyncio.BaseTransport) -> None:
    """End both ways of a connection that is closed next: what was written has gone out, or is given up.

    Closing alone tells the other side nothing as long as another process, one that was forked, say, has a copy.
    """
    peer = transport.get_extra_info("socket")
    if peer is None or (descriptor := peer.fileno()) < 0:
        return
    # The transport's own object cannot shut down. Which family is said does not matter, and saving the question does.
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
    with contextlib.suppress(OSError):  # the other side has ended it already
        own.shutdown(socket.SHUT_RDWR)
    own.detach()
