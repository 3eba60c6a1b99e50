"""The end of a connection, told to the other side whoever else holds a copy of the socket."""

import asyncio
import contextlib
import socket


def shut_down(transport: asyncio.BaseTransport) -> bool:
    """End both ways of a connection that is closed next: what was written has gone out, or is given up. Whether the
    other side had reset it, which over a Unix socket means that it had not read all.

    Closing alone tells the other side nothing as long as another process, one that was forked, say, has a copy.
    """
    peer = transport.get_extra_info("socket")
    if peer is None or (descriptor := peer.fileno()) < 0:
        return False
    # The transport's own object cannot shut down. Which family is said does not matter, and saving the question does.
    own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, descriptor)
    was_reset = bool(own.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
    with contextlib.suppress(OSError):  # the other side has ended it already
        own.shutdown(socket.SHUT_RDWR)
    own.detach()
    return was_reset
