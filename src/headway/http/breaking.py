"""Makes the end of a connection look like what it is, where a body has no other end: a reset, not a close."""

import asyncio
import contextlib
import os
import socket
import struct

_NO_LINGER = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Have the transport's end reset the connection; what was not sent yet is dropped."""
    known = transport.get_extra_info("socket")
    if known is not None:
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(known.fileno())) as peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    transport.abort()
