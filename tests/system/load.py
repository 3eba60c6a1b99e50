"""Steady load that is counted to the last request: clients that each ask one after another over a kept connection."""

import asyncio
import json
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import urlsplit

import uvloop

_TIMEOUT = 60.0


@dataclass(slots=True)
class Account:
    """What was sent and what came of it. `broken`: the connection ended before an answer, by what it said."""

    sent: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    """The bodies of the first answers that are not 200."""

    @property
    def is_balanced(self) -> bool:
        return self.sent == self.answered.total() + self.broken.total()


class Load:
    """`with Load(url, body, clients) as load:` asks all the time; at the end every request under way is awaited."""

    def __init__(self, url: str, body: object, clients: int, *, headers: str = "") -> None:
        parts = urlsplit(url)
        self._address = parts.hostname, parts.port
        text = json.dumps(body).encode()
        head = (
            f"POST {parts.path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {len(text)}\r\n{headers}\r\n"
        )
        self._request = head.encode() + text
        self._clients = clients
        self._over = threading.Event()
        self._thread = threading.Thread(target=lambda: uvloop.run(self._run()))
        self.account = Account()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(_TIMEOUT)
        assert not self._thread.is_alive(), "a request was never answered"

    async def _run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(self._clients):
                group.create_task(self._client())

    async def _client(self) -> None:
        while not self._over.is_set():
            reader, writer = await asyncio.open_connection(*self._address)
            try:
                await self._converse(reader, writer)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.account.broken[type(error).__name__] += 1
            finally:
                writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._over.is_set():
            self.account.sent += 1
            writer.write(self._request)
            async with asyncio.timeout(_TIMEOUT):
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").lower().split("\r\n")
                length = next(int(line[15:]) for line in lines if line.startswith("content-length:"))
                text = await reader.readexactly(length)
            status = int(lines[0].split()[1])
            self.account.answered[status] += 1
            if status != 200 and len(self.account.refusals) < 20:
                self.account.refusals.append(text.decode())
            if "connection: close" in lines:
                return
