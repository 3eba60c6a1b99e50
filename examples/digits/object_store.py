"""An S3-compatible server on this machine, as a process that cannot outlive the one that opened it.

Run as a program it is that process: it prints its address and serves until its standard input ends.
"""

import contextlib
import logging
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

STARTING_LIMIT = 60.0  # seconds; on a busy machine the server's imports alone take many
STOPPING_LIMIT = 5.0
REGION = "us-east-1"
KEY = "local"  # the server takes any key


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Where the server listens, and what its clients need to know."""

    endpoint_url: str

    def client(self) -> Any:
        """A new boto3 client of this server."""
        import boto3

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            region_name=REGION,
            aws_access_key_id=KEY,
            aws_secret_access_key=KEY,
        )

    def environment(self) -> dict[str, str]:
        """The variables that lead boto3, and the secrets of a Truss, to this server."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "HEADWAY_PASS_ENVIRONMENT": "AWS_ENDPOINT_URL_S3",
            "TRUSS_SECRET_aws_access_key_id": KEY,
            "TRUSS_SECRET_aws_secret_access_key": KEY,
        }


@contextlib.contextmanager
def object_store() -> Iterator[ObjectStore]:
    """Run a server on a free port of the loopback interface while the block runs.

    Raises RuntimeError when it does not come up within STARTING_LIMIT seconds.
    """
    # A process group of its own: Ctrl-C must not end it before the requests in flight have stored their results.
    server = subprocess.Popen(
        [sys.executable, __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        yield ObjectStore(_address(server))
    finally:
        _stop(server)


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    readable, _, _ = select.select([server.stdout], [], [], STARTING_LIMIT)
    if readable and (line := server.stdout.readline().strip()):
        return line
    raise RuntimeError(f"the S3-compatible server did not start within {STARTING_LIMIT:.0f} s, or died")


def _stop(server: subprocess.Popen[str]) -> None:
    try:
        server.communicate(timeout=STOPPING_LIMIT)  # ends its standard input
    except subprocess.TimeoutExpired:
        server.kill()
        server.communicate()


def _serve() -> None:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else one line for each request
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(f"http://{host}:{port}", flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    _serve()
