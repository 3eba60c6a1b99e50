"""What an exchange may ask of the connection that it came on."""

import asyncio
from abc import ABC, abstractmethod
from typing import cast

from headway.http.peer import NOBODY


class Connection(ABC):
    """The connection of one client, as the exchange sees it whose turn it is."""

    __slots__ = ("peer", "send_timeout", "stopping", "transport")

    def __init__(self, send_timeout: float) -> None:
        self.transport: asyncio.Transport = cast("asyncio.Transport", None)
        self.peer = NOBODY
        self.send_timeout = send_timeout
        """The client has left when it takes no byte for so many seconds."""
        self.stopping = False
        """No further request follows."""

    @property
    def buffered_bytes(self) -> int:
        """Bytes that were written and not yet taken (beyond what the kernel holds)."""
        return self.transport.get_write_buffer_size()

    @abstractmethod
    def exchange_ended(self, *, keep: bool) -> None:
        """The answer went out whole; `keep` says that it told the client that the connection stays open."""

    @abstractmethod
    def pause_body(self) -> None:
        """Read no more of the request's body for now."""

    @abstractmethod
    def resume_body(self) -> None:
        """Read on."""

    @abstractmethod
    def open_tunnel(self) -> None:
        """Hand on what comes from now on as it is."""

    @abstractmethod
    def half_close(self) -> None:
        """Send nothing more, and take no further request."""

    @abstractmethod
    def close(self) -> None:
        """End it once what was written has gone out."""

    @abstractmethod
    def abort(self) -> None:
        """End it now."""
