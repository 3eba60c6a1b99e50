"""Both sides of a test with bad clients: steady good traffic whose every answer is checked, and raw connections."""

import http.client
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from system.serving import Serving, wait_until

_CLIENTS = 3
_PACE = 0.005
_TIMEOUT = 10.0


@dataclass(slots=True)
class Traffic:
    """A few clients that ask one thing after the other on kept-alive connections, until `stop`."""

    serve: Serving
    failures: list[str] = field(default_factory=list)
    answered: list[int] = field(default_factory=lambda: [0] * _CLIENTS)
    _idle: list[bool] = field(default_factory=lambda: [True] * _CLIENTS)
    _running: threading.Event = field(default_factory=threading.Event)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._ask, args=(one,)) for one in range(_CLIENTS)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._running.set()
        for thread in self._threads:
            thread.join(_TIMEOUT)

    def pause(self) -> None:
        self._running.clear()
        wait_until(lambda: all(self._idle), _TIMEOUT, "the good traffic pauses")

    def resume(self) -> None:
        self._running.set()

    def check(self) -> None:
        """Each client has been answered since, and never wrongly."""
        before = list(self.answered)

        def gone_on() -> bool:
            return all(now > then + 1 for now, then in zip(self.answered, before, strict=True))

        wait_until(lambda: self.failures or gone_on(), 5, "the good traffic goes on")
        assert self.failures == []

    def _ask(self, client: int) -> None:
        address = urlsplit(self.serve.model_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_TIMEOUT)
        while self._running.wait() and not self._stopped.is_set():
            self._idle[client] = False
            if self._running.is_set():
                self._ask_once(connection, address.path, client)
            self._idle[client] = True
            time.sleep(_PACE)
        connection.close()

    def _ask_once(self, connection: http.client.HTTPConnection, path: str, client: int) -> None:
        question = {"client": client, "number": self.answered[client], "predict": 0.001, "ballast": "x" * 999}
        try:
            connection.request("POST", path, json.dumps(question))
            answer = connection.getresponse()
            body = answer.read()
        except OSError as error:
            self.failures.append(f"client {client}: {error!r}")
            return
        if answer.status != 200 or json.loads(body) != question:
            self.failures.append(f"client {client}: {answer.status} {body[:200]!r}")
        self.answered[client] += 1


@dataclass(slots=True)
class Victim:
    """What is attacked, and how it is found unharmed."""

    serve: Serving
    data_dir: Path
    traffic: Traffic
    open_files: int = 0

    def connect(self) -> socket.socket:
        address = urlsplit(self.serve.url)
        return socket.create_connection((address.hostname, address.port), timeout=_TIMEOUT)

    def talk(self, sent: bytes, *, until: bytes | None = None) -> bytes:
        """What is answered to the bytes, up to the connection's end, or up to `until`."""
        with self.connect() as connection:
            connection.sendall(sent)
            return hear(connection, until=until)

    def flood(self, begun: bytes, filler: bytes) -> None:
        """Go on with the filler until the connection breaks, or for a thousand times."""
        with self.connect() as connection:
            connection.sendall(begun)
            for _ in range(1000):
                connection.sendall(filler)
                time.sleep(0.01)

    def settle(self) -> None:
        """Without the good traffic, nothing is held or queued."""
        self.traffic.pause()
        wait_until(self._is_empty, 10, "slots and queue are empty")
        self.traffic.resume()

    def count_open_files(self) -> None:
        self.open_files = self._files()

    def check_open_files(self) -> None:
        """The gateway has no more of them than when they were counted, but for what opens and closes by itself."""
        most = self.open_files + 2
        wait_until(lambda: self._files() <= most, 5, f"at most {most} files are open")

    def check_logs(self) -> None:
        """Gateway and control took nothing for an error of their own."""
        for name in ("gateway", "control"):
            text = (self.data_dir / "logs" / f"{name}.log").read_text()
            assert not re.search(r"Traceback| error (?!control: replica has failed)", text), text

    def _is_empty(self) -> bool:
        text = httpx.get(f"{self.serve.url}/metrics", timeout=5).text
        found = re.findall(r"^headway_(?:queued|in_flight|abandoned){.*} (.+)$", text, re.MULTILINE)
        return len(found) == 3 and all(float(value) == 0 for value in found)

    def _files(self) -> int:
        (gateway,) = [
            number for number, command in self.serve.processes().items() if "headway.gateway" in command
        ]
        return len(list(Path(f"/proc/{gateway}/fd").iterdir()))


def hear(connection: socket.socket, *, until: bytes | None = None) -> bytes:
    heard = b""
    while until is None or until not in heard:
        data = connection.recv(65536)
        if not data:
            break
        heard += data
    return heard


def statuses(heard: bytes) -> list[int]:
    """The status of each answer on a connection."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", heard)]


def request(
    body: bytes = b"{}",
    *lines: bytes,
    method: bytes = b"POST",
    target: bytes = b"/models/unruly/predict",
    version: bytes = b"HTTP/1.1",
    host: bytes = b"host: localhost\r\n",
    length: bool = True,
) -> bytes:
    """The bytes of a request after whose answer the connection should end."""
    head = b"%s %s %s\r\n%sconnection: close\r\n" % (method, target, version, host)
    if length:
        head += b"content-length: %d\r\n" % len(body)
    return head + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body
