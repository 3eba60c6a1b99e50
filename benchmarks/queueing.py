"""What a gateway's queue costs and how exactly it keeps time, seen only through its sockets."""

import json
import math
import socket
import subprocess
import sys
import time
import urllib.request
from urllib.parse import urlsplit

from benchmarks.contenders import Running
from benchmarks.load import Figures
from benchmarks.processes import LOAD_CORE
from benchmarks.replicas import PROGRAMS

HELD = 10_000
DISCONNECT_WITHIN = 0.050
TIMEOUT_WITHIN = 0.020
_SETTLE = 1.0
_ANSWER_WITHIN = 150.0
_IS_QUEUED_AFTER = 0.040
_TRIES = 1000
_QUEUE_TIMEOUT = 0.5


def hold_many(running: Running, _seconds: float) -> Figures:
    """Queue HELD requests behind one that holds the only slot, then let them through one at a time."""
    where = urlsplit(running.url)
    before = running.usage()
    command = ["taskset", "-c", str(LOAD_CORE), sys.executable, str(PROGRAMS / "queue_holder.py")]
    with subprocess.Popen(
        [*command, "127.0.0.1", str(where.port), where.path, str(HELD + 1)], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None  # noqa: S101  # it was asked for
            holder.stdout.readline()
            time.sleep(_SETTLE)
            held = running.usage()
            _get(f"{running.upstream_url}/release")
            statuses = json.loads(holder.communicate(timeout=_ANSWER_WITHIN)[0] or "{}")
        finally:
            holder.kill()
    order = [int(body) for body in json.loads(_get(f"{running.upstream_url}/order"))]
    return {
        "per_request": (held.memory_bytes - before.memory_bytes) / HELD,
        "memory": held.memory_bytes,
        "answered": statuses.get("200", 0),
        "out_of_order": sum(1 for place, number in enumerate(order) if place != number),
        "cpu": (running.usage().cpu - held.cpu) / HELD,
    }


def leave_queue(running: Running, _seconds: float) -> Figures:
    """With room for one in the queue: how soon after its client left another finds that room.

    A newcomer that gets no 429 has found it; when it was looked at is told by how long a refusal took.
    """
    with _ask(running) as _holds_the_slot:
        time.sleep(_IS_QUEUED_AFTER)
        leaver = _ask(running)
        time.sleep(_IS_QUEUED_AFTER)
        asked = time.monotonic()
        with _ask(running) as refused:
            if _status(refused, _ANSWER_WITHIN) != "429":
                return {"dequeued": math.inf}
        looked_at_within = time.monotonic() - asked
        leaver.close()
        left = time.monotonic()
        for _ in range(_TRIES):
            asked = time.monotonic()
            with _ask(running) as newcomer:
                if _status(newcomer, _IS_QUEUED_AFTER) is None:
                    return {"dequeued": asked - left + looked_at_within}
    return {"dequeued": math.inf}


def wait_out_queue(running: Running, _seconds: float) -> Figures:
    """How far from the queue timeout the 504 comes."""
    with _ask(running) as _holds_the_slot:
        time.sleep(_IS_QUEUED_AFTER)
        asked = time.monotonic()
        with _ask(running) as waiting:
            status = _status(waiting, 10 * _QUEUE_TIMEOUT)
        waited = time.monotonic() - asked
    return {"error": abs(waited - _QUEUE_TIMEOUT) if status == "504" else math.inf}


def _ask(running: Running) -> socket.socket:
    where = urlsplit(running.url)
    connection = socket.create_connection(("127.0.0.1", where.port or 80), timeout=5)
    connection.sendall(
        f"POST {where.path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\n\r\n1".encode()
    )
    return connection


def _status(connection: socket.socket, within: float) -> str | None:
    """The answer's status, or None when there is none within that time."""
    connection.settimeout(within)
    try:
        head = connection.recv(4096)
    except TimeoutError:
        return None
    return head.split(b" ", 2)[1].decode() if head else "closed"


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=30) as answer:
        content: bytes = answer.read()
        return content
