"""Drives the gate Truss: begins requests, lets them go, and waits for what its model tells."""

import contextlib
import socket
from collections.abc import Iterator

from system.contract.server import Replica, until
from system.contract.table import PREDICT


class Gated:
    """Names begin with the kind of predict, as the model explains. Every connection is closed at the end."""

    def __init__(self, replica: Replica, connections: contextlib.ExitStack) -> None:
        self.replica = replica
        self._connections = connections

    def begin(self, name: str, path: str = PREDICT, **headers: str) -> socket.socket:
        return self.keep(self.replica.begin({"name": name}, path, **headers))

    def keep(self, connection: socket.socket) -> socket.socket:
        return self._connections.enter_context(contextlib.closing(connection))

    def predicting(self, name: str) -> socket.socket:
        connection = self.begin(name)
        self.wait_for(f"predicting {name}")
        return connection

    def waiting(self, name: str) -> socket.socket:
        """Begins a request and returns when only the gate is before it."""
        connection = self.begin(name)
        self.wait_for(f"preprocessed {name}")
        return connection

    def release(self, *names: str) -> None:
        self.replica.post(names, "/v1/completions").raise_for_status()

    def story(self) -> list[str]:
        return self.replica.post(None, "/v1/embeddings").json()

    def wait_for(self, *events: str) -> None:
        until(lambda: set(events) <= set(self.story()))

    def happened(self, event: str) -> bool:
        return event in self.story()

    def collect_garbage(self) -> None:
        self.replica.post(None, "/v1/messages").raise_for_status()

    def answers_next_predict(self, name: str) -> bool:
        """Whether a new request is let into predict while nothing else is released."""
        self.begin(name)
        try:
            until(lambda: self.happened(f"predicting {name}"), 0.5)
        except AssertionError:
            return False
        finally:
            self.release(name)
        self.wait_for(f"stopped {name}")
        return True


def answer(connection: socket.socket, received: bytes = b"") -> bytes:
    """What was received already and the rest, until the body is complete or the server closes."""
    while not complete(received) and (chunk := connection.recv(65536)):
        received += chunk
    return received


def complete(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    lengths = [
        line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length")
    ]
    return body.endswith(b"0\r\n\r\n") or bool(lengths and len(body) == int(lengths[0]))


@contextlib.contextmanager
def gated(replica: Replica) -> Iterator[Gated]:
    with contextlib.ExitStack() as connections:
        yield Gated(replica, connections)
