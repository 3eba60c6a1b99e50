"""Makes the end of a connection look like what it is, where a body has no other end: a reset, not a close."""

import asyncio

_TO_NOWHERE = bytes(16)
"""An address of no family: who connects to it ends the connection that there is."""


def reset(transport: asyncio.Transport) -> None:
    """Reset a TCP connection, whoever else holds a copy of it; what was not sent yet is dropped."""
    import ctypes  # few processes ever need it

    known = transport.get_extra_info("socket")
    if known is not None and known.fileno() >= 0:
        ctypes.CDLL(None).connect(known.fileno(), _TO_NOWHERE, len(_TO_NOWHERE))
    transport.abort()
