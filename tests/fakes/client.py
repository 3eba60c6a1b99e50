"""A client that speaks bytes and reads whole answers."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httptools


@dataclass
class Answer:
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    is_complete: bool = False

    @property
    def error(self) -> dict[str, Any]:
        error = json.loads(self.body)["error"]
        assert set(error) in ({"code", "message", "hint"}, {"code", "message", "type", "param"})
        return error

    # What the parser tells.

    def on_header(self, name: bytes, value: bytes) -> None:
        key = name.decode().lower()
        assert key == "server-timing" or key not in self.headers, f"{key} comes twice"
        self.headers[key] = ", ".join(filter(None, (self.headers.get(key), value.decode())))

    def on_body(self, data: bytes) -> None:
        self.body += data

    def on_message_complete(self) -> None:
        self.is_complete = True


def read_answer(data: bytes) -> Answer:
    """One whole answer."""
    answer = Answer()
    parser = httptools.HttpResponseParser(answer)
    parser.feed_data(data)
    answer.status = parser.get_status_code()
    return answer


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, path: Path) -> "Client":
        return cls(*await asyncio.open_unix_connection(path))

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> Answer:
        """The next answer, to its end (of the connection, where nothing else tells it)."""
        answer = Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.is_complete and (data := await self.reader.read(65536)):
            parser.feed_data(data)
        answer.status = parser.get_status_code()
        return answer

    async def ends(self) -> bool:
        """Whether the server ends the connection without another byte."""
        try:
            return await self.reader.read() == b""
        except ConnectionResetError:
            return True

    def half_close(self) -> None:
        self.writer.write_eof()

    def leave(self) -> None:
        self.writer.transport.abort()
