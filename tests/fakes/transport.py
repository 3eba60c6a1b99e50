"""A transport that only remembers: tests play the network by calling the protocol themselves."""

import asyncio


class FakeTransport(asyncio.Transport):
    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.unsent_bytes = 0
        self.is_reading = True
        self.has_written_eof = False
        self.closed = False
        self.aborted = False

    def take(self) -> bytes:
        """What was written since the last call."""
        written, self.written = self.written, b""
        return written

    def write(self, data) -> None:
        assert not self.has_written_eof
        if not self.closed:
            self.written += data

    def write_eof(self) -> None:
        self.has_written_eof = True

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = self.aborted = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        assert self.is_reading
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True

    def set_write_buffer_limits(self, high=None, low=None) -> None: ...

    def get_write_buffer_size(self) -> int:
        return self.unsent_bytes
