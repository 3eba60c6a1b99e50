"""Runs a real PostgreSQL server from this machine's packages, in a directory of its own, on a Unix socket only."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import threading
from collections import deque
from pathlib import Path

import psycopg

_UNPRIVILEGED = "postgres"  # the user that Debian's package makes; the server refuses to run as root
_SETTINGS = {"listen_addresses": "", "fsync": "off", "max_connections": "20", "shared_buffers": "16MB"}


class PostgresqlServer:
    """`start` and `stop` may be called again and again; `remove` ends it."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._directory = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
        if os.getuid() == 0:
            shutil.chown(self._directory, _UNPRIVILEGED)
        initialise = [programs / "initdb", "--no-sync", "--auth=trust", "--username=ada", "--encoding=UTF8"]
        subprocess.run(
            [*_as_its_user(), *initialise, "--locale=C", "--pgdata", self._directory / "data"],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd="/",
        )

    def start(self) -> None:
        settings = [f"--{name}={value}" for name, value in _SETTINGS.items()]
        place = ["-D", self._directory / "data", "-k", self._directory]
        self._process = subprocess.Popen(
            [*_as_its_user(), self._programs / "postgres", *place, *settings],
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        told = []
        for line in self._process.stderr:
            told.append(line)
            if "ready to accept connections" in line:
                break
        else:
            raise AssertionError("".join(told))
        # Nobody reads on, but a full pipe would hold the server up.
        self._drain = threading.Thread(target=deque, args=(self._process.stderr, 0))
        self._drain.start()

    def stop(self) -> None:
        """With all connections cut off."""
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(30) == 0
        self._drain.join(30)
        self._process.stderr.close()

    def remove(self) -> None:
        shutil.rmtree(self._directory)

    def empty_database(self) -> str:
        """The URL of the one database that all stories use, without what the story before left in it."""
        with self._connect() as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        return f"postgresql://ada@/postgres?host={self._directory}"

    def cut_connections(self) -> None:
        with self._connect() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(f"user=ada dbname=postgres host={self._directory}", autocommit=True)


def installed_programs() -> Path | None:
    """Where the newest server's programs are, if there is one."""
    folders = [found.parent for found in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    newest = max(folders, key=lambda folder: int(folder.parent.name), default=None)
    return newest or (Path(on_path).resolve().parent if on_path else None)


def why_not() -> str:
    """Why no server can run here; empty when one can."""
    if installed_programs() is None:
        return "PostgreSQL is missing: apt-get install postgresql"
    if os.getuid() == 0 and _UNPRIVILEGED not in {user.pw_name for user in pwd.getpwall()}:
        return f"PostgreSQL does not run as root, and there is no user {_UNPRIVILEGED}"
    return ""


def _as_its_user() -> list[str]:
    """It dies with the tests, however they end."""
    mortal = ["setpriv", "--pdeathsig", "INT"]
    if os.getuid() != 0:
        return mortal
    return [*mortal, f"--reuid={_UNPRIVILEGED}", f"--regid={_UNPRIVILEGED}", "--clear-groups"]
