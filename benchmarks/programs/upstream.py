"""A trivial upstream for gateways: answers a few bytes, streams chunks, or holds what it is given.

It does as little as an HTTP server can, so that a gateway in front of it is what is measured. Paths:
`/stream` sends chunks in a loop turn each, `/paced` every 2 ms, `/release` answers all that is held and holds
no more, `/order` tells the bodies in the order they came, `/held` says that nothing is held; anything else is
answered, or held.
"""

import argparse
import asyncio
import json
import signal
from typing import cast

import httptools
import uvloop

_CHUNKS = 50
_CHUNK_EVERY = 0.002
_CHUNK = b'22\r\ndata: {"token": "some text here"}\n\r\n'
_ANSWER = b'{"ok": true}'


class Records:
    """What all connections share: the bodies in arrival order and who waits for the release."""

    def __init__(self, *, holding: bool) -> None:
        self.holding = holding
        self.waiting: list[Connection] = []
        self.order: list[str] = []

    def release(self) -> None:
        self.holding = False
        waiting, self.waiting = self.waiting, []
        for connection in waiting:
            connection.answer(_ANSWER)


class Connection(asyncio.Protocol):
    def __init__(self, records: Records) -> None:
        self._records = records
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self._url, self._body = url, b""

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        records = self._records
        match self._url:
            case b"/stream" | b"/paced":
                self._transport.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
                )
                self._stream(_CHUNKS, _CHUNK_EVERY if self._url == b"/paced" else 0.0)
            case b"/release":
                records.release()
                self.answer(_ANSWER)
            case b"/order":
                self.answer(json.dumps(records.order).encode())
            case b"/held":
                self.answer(b"[]")
            case _ if records.holding:
                records.order.append(self._body.decode())
                records.waiting.append(self)
            case _:
                if records.order:
                    records.order.append(self._body.decode())
                self.answer(_ANSWER)

    def answer(self, body: bytes) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
            % (len(body), body)
        )

    def _stream(self, left: int, pause: float) -> None:
        if self._transport.is_closing():
            return
        if not left:
            self._transport.write(b"0\r\n\r\n")
            return
        self._transport.write(_CHUNK)
        loop = asyncio.get_running_loop()
        if pause:
            loop.call_later(pause, self._stream, left - 1, pause)
        else:
            loop.call_soon(self._stream, left - 1, pause)


async def serve(address: str, *, holding: bool) -> None:
    loop = asyncio.get_running_loop()
    records = Records(holding=holding)
    if address.startswith("unix:"):
        await loop.create_unix_server(lambda: Connection(records), address.removeprefix("unix:"))
    else:
        _, host, port = address.split(":")
        await loop.create_server(lambda: Connection(records), host, int(port), backlog=4096)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("address", help="unix:PATH or tcp:HOST:PORT")
    options.add_argument("--hold", action="store_true", help="answer nothing before /release")
    chosen = options.parse_args()
    uvloop.run(serve(chosen.address, holding=chosen.hold))
