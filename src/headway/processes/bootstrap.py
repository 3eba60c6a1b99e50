"""Wires root, gateway and control on one machine. The only file that names concrete backends."""

import asyncio
import contextlib
import ipaddress
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headway.configuration import KEEP_REQUEST_DAYS, KEEP_REQUESTS, Configuration
from headway.passed_on import for_headway
from headway.processes.child import Program
from headway.processes.folders import fresh_run_directory, in_words, make_passing, passing, sole_user_of
from headway.processes.listening import RootError, listen
from headway.processes.root import Root
from headway.telemetry.log_follower import LogFollower
from headway.telemetry.logs import configure_logging

_BACKEND = "headway.backends.local:connect"
_DATABASE = "headway.db"
_DATABASE_VARIABLE = "HEADWAY_DATABASE_URL"
_LOGS_END_WITHIN = 2.0
_DATABASE_ANSWERS_WITHIN = 90.0
_HAS_KEYS, _HAS_NO_KEYS = 0, 3


@dataclass(frozen=True, slots=True)
class LocalPlatform:
    """What to run on this machine. `settings` are changes to the deployment's settings by their names."""

    data_directory: Path
    truss_directory: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    model_name: str | None = None
    host: str = "127.0.0.1"
    port: int = 8080
    control_host: str = "127.0.0.1"
    control_port: int = 8081
    secrets_directory: Path | None = None
    """One file per secret, named as the secret."""
    model_cache_directory: Path | None = None
    watch: bool = False
    """Whether changes of the Truss are served as they come."""
    database_url: str | None = None
    """Where the desired state is stored. None: with a Truss only as long as this Headway runs, else in a file of
    the data directory."""
    keep_requests: int = KEEP_REQUESTS
    """Records of requests that are stored at most."""
    keep_request_days: int = KEEP_REQUEST_DAYS
    allowed_origins: tuple[str, ...] = ()
    """Origins whose pages may use both ports."""
    trusted_proxies: tuple[str, ...] = ()
    """Whom the gateway believes where a request comes from."""

    @property
    def is_exposed(self) -> bool:
        """Whether others than this machine's users reach one of its ports."""
        return not (is_loopback(self.host) and is_loopback(self.control_host))

    @property
    def is_lasting(self) -> bool:
        """Whether its state outlives it."""
        return self.truss_directory is None or self.database_url is not None


def serve(
    platform: LocalPlatform, show_log_line: Callable[[str, str], None], announce: Callable[[], None]
) -> int:
    """Run in the foreground until told to stop (SIGINT, SIGTERM); return the exit code.

    Call it in the main thread: the children die with the thread that started them. `announce` is called once
    the ports are open, from when on connections wait for their answer. `show_log_line(name, line)` gets each
    new log line of each process, in a thread of its own. Raises RootError when a port is
    taken, another Headway runs on the same data directory, or others could reach it without a key.
    """
    logs = _log_directory(platform)
    stopped = threading.Event()
    follower = LogFollower(logs, show_log_line)
    # A daemon: a terminal that takes no more lines must not keep Headway from ending.
    thread = threading.Thread(target=follower.run, args=(stopped,), name="logs", daemon=True)
    thread.start()
    try:
        return up(platform, announce)
    finally:
        stopped.set()
        thread.join(_LOGS_END_WITHIN)


def require_place(platform: LocalPlatform) -> None:
    """Raise RootError now, not after minutes of preparation, when a port or the data directory is taken, or when
    others could reach it without a key.
    """
    with (
        sole_user_of(platform.data_directory),
        listen(platform.host, platform.port),
        listen(platform.control_host, platform.control_port),
    ):
        _require_keys(platform)


def up(platform: LocalPlatform, announce: Callable[[], None] = lambda: None) -> int:
    """The same without a terminal: logs go to their files only."""
    configuration = Configuration.load()
    configure_logging(
        "root", as_json=configuration.log_format == "json", level=configuration.log_level.upper()
    )
    with sole_user_of(platform.data_directory), contextlib.ExitStack() as sockets:
        _require_keys(platform)
        with in_words("cannot make the folders that Headway needs"):
            run_directory = fresh_run_directory(platform.data_directory)
            if not platform.is_lasting:
                make_passing(platform.data_directory)
        inference = sockets.enter_context(listen(platform.host, platform.port))
        control = sockets.enter_context(listen(platform.control_host, platform.control_port))
        announce()
        link = run_directory / "link"
        gateway = _gateway(platform, inference.fileno(), link)
        root = Root(
            gateway,
            lambda descriptor: _control(
                platform, (descriptor, control.fileno()), link, reached_at(inference.getsockname())
            ),
            [inference, control],
        )
        asyncio.run(root.run())
        shutil.rmtree(run_directory, ignore_errors=True)
        shutil.rmtree(passing(platform.data_directory), ignore_errors=True)
    return 0


def _gateway(platform: LocalPlatform, listening: int, link: Path) -> Program:
    saved_table = _saved_table(platform.data_directory)
    with in_words(f"cannot use {saved_table.parent}"):
        saved_table.parent.mkdir(parents=True, exist_ok=True)
    configuration = Configuration.load()
    is_unguarded = platform.is_exposed and not _has_table_with_keys(saved_table)
    if is_unguarded or not platform.is_lasting:  # a former Headway's may be of other models
        saved_table.unlink(missing_ok=True)
    options = {
        "--listen-fd": str(listening),
        "--link": str(link),
        "--saved-table": str(saved_table),
        "--idle-timeout": configuration.idle_timeout,
        "--log-level": configuration.log_level,
        "--log-format": configuration.log_format,
        "--allowed-origins": ",".join(platform.allowed_origins),
        "--trusted-proxies": ",".join(platform.trusted_proxies),
    }
    return Program(
        name="gateway",
        command=(sys.executable, "-m", "headway.gateway", *_arguments(options)),
        log_path=_log_directory(platform) / "gateway.log",
        environment=for_headway(),
        descriptors=(listening,),
        way="alone",
    )


def reached_at(address: tuple[Any, ...]) -> str:
    """How this machine itself reaches what listens on `address`."""
    host, port = address[:2]
    listens_on = ipaddress.ip_address(str(host).partition("%")[0])
    if listens_on.is_unspecified:
        host = "127.0.0.1" if listens_on.version == 4 else "::1"  # noqa: PLR2004  # IP's versions
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _control(
    platform: LocalPlatform, descriptors: tuple[int, int], link: Path, inference_url: str
) -> Program:
    root, listening = descriptors
    options = {
        "--root-fd": root,
        "--listen-fd": listening,
        "--link": link,
        "--data-dir": platform.data_directory,
        "--run-dir": link.parent,
        "--backend": _BACKEND,
        "--inference-url": inference_url,
        "--exposed": int(platform.is_exposed),
        "--settings": json.dumps(dict(platform.settings)),
        "--truss": platform.truss_directory,
        "--model-name": platform.model_name,
        "--secrets-dir": platform.secrets_directory,
        "--model-cache-dir": platform.model_cache_directory,
        "--watch": int(platform.watch),
        "--keep-requests": platform.keep_requests,
        "--keep-request-days": platform.keep_request_days,
        "--allowed-origins": ",".join(platform.allowed_origins),
    }
    return Program(
        name="control",
        command=(sys.executable, "-m", "headway.api", *_arguments(options)),
        log_path=_log_directory(platform) / "control.log",
        environment=for_headway(**{_DATABASE_VARIABLE: _database_url(platform)}),
        descriptors=descriptors,
        way="alone",
    )


def _database_url(platform: LocalPlatform) -> str:
    if platform.is_lasting:
        return platform.database_url or lasting_database_url(platform.data_directory)
    return f"sqlite:///{passing(platform.data_directory).resolve() / _DATABASE}"


def lasting_database_url(data_directory: Path) -> str:
    """Where a lasting Headway stores its state if it is not told otherwise."""
    return f"sqlite:///{data_directory.resolve() / _DATABASE}"


def _require_keys(platform: LocalPlatform) -> None:
    """Raise RootError when others than this machine's users would reach a Headway that has no keys."""
    if not platform.is_exposed:
        return
    exposed = f"{platform.host}:{platform.port} and {platform.control_host}:{platform.control_port}"
    if not platform.is_lasting:
        raise RootError(
            f"without API keys only this machine may reach Headway, not {exposed}",
            hint="serve keeps no keys: make one with headway keys create, then use headway up and headway push",
        )
    if not _has_keys(platform):
        raise RootError(
            f"there are no API keys yet, and without them only this machine may reach Headway, not {exposed}",
            hint="make one first: headway keys create --scope inference --scope manage",
        )


def _has_keys(platform: LocalPlatform) -> bool:
    """Asked by a process of its own, for root knows no SQL; and not in its arguments, which others can read."""
    url = platform.database_url or lasting_database_url(platform.data_directory)
    try:
        asked = subprocess.run(
            [sys.executable, "-m", "headway.control.store.has_keys"],
            env=for_headway(**{_DATABASE_VARIABLE: url}),
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=_DATABASE_ANSWERS_WITHIN,
        )
    except subprocess.TimeoutExpired as error:
        raise RootError("cannot see whether there are API keys: the database does not answer") from error
    if asked.returncode not in {_HAS_KEYS, _HAS_NO_KEYS}:
        raise RootError("cannot see whether there are API keys", hint=asked.stderr.strip())
    return asked.returncode == _HAS_KEYS


def forget_saved_table(data_directory: Path) -> None:
    """Keys have changed while nothing ran: the next gateway must not begin with the table of the last one."""
    _saved_table(data_directory).unlink(missing_ok=True)


def _saved_table(data_directory: Path) -> Path:
    """With it a gateway goes on at once, before control has told it anything."""
    return data_directory / "gateway" / "table.json"


def _has_table_with_keys(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_bytes())["keys"])
    except (OSError, ValueError, LookupError, TypeError):
        return False


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _arguments(options: Mapping[str, object]) -> list[str]:
    """Options as a command's arguments, without those that are None."""
    return [text for name, value in options.items() if value is not None for text in (name, str(value))]


def _log_directory(platform: LocalPlatform) -> Path:
    return platform.data_directory / "logs"
