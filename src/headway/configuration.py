"""Headway's own configuration: the only reader of its environment variables and of its settings file. Replicas have an
environment of their own, which `passed_on` makes.

It says where things lie and where Headway listens; it does not know models or deployments.
A value comes from the environment (`HEADWAY_PORT`), else the file, else the default.
"""

import dataclasses
import os
import tomllib
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from headway.core.entry import AllowedOrigins
from headway.core.errors import HeadwayError
from headway.core.forwarding import TrustedProxies
from headway.core.isolation import CHOICES, Isolation
from headway.core.settings import nearest
from headway.private_directory import PrivateDirectoryError, is_own, make_private

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("plain", "json")

KEEP_REQUESTS = 1_000_000
KEEP_REQUEST_DAYS = 7
KEEP_DEPLOYMENTS = 5
KEEP_DAYS = 7
MIN_FREE = 1024**3

_PREFIX = "HEADWAY_"
_SQLITE = "sqlite:///"
_HIGHEST_PORT = 65_535
_LONGEST_IDLE = 86_400
_MOST_KEPT = 1_000_000_000
_LONGEST_SOCKET_DIRECTORY = 70
"""A Unix socket's path ends at 107 bytes, and a replica's socket needs a name below the directory."""
_OWN_FOLDERS = (
    "headway.lock",
    "headway.db",
    "logs",
    "snapshots",
    "environments",
    "gateway",
    "control",
    "run",
)
"""By one of them a data directory is known."""


class InvalidConfigurationError(HeadwayError):
    """The settings file or an environment variable says something that cannot be."""

    code = "invalid_configuration"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Where Headway keeps its files and where it listens."""

    data_dir: Path
    """Prepared models, state and logs; it outlives a restart."""
    run_dir: Path
    """Sockets; it may be emptied at any reboot."""
    host: str = "127.0.0.1"
    port: int = 8080
    control_host: str = "127.0.0.1"
    control_port: int = 8081
    log_level: str = "info"
    log_format: str = "plain"
    """Of the lines of Headway's own processes."""
    secrets_dir: Path | None = None
    """One file per secret, named as the secret."""
    model_cache_dir: Path | None = None
    """Models of hubs: a folder for each by its id; `model_cache` in data_dir if not told."""
    cache_dir: Path | None = None
    """What models in sandboxes download into `~/.cache`, for all of them; each has its own in data_dir if not told."""
    database_url: str | None = field(default=None, repr=False)
    """Where the desired state is stored; a file in data_dir if not told. It may hold a password."""
    keep_requests: int = KEEP_REQUESTS
    """Records of requests that are stored at most."""
    keep_request_days: int = KEEP_REQUEST_DAYS
    """Days after which they go."""
    keep_deployments: int = KEEP_DEPLOYMENTS
    """Replaced deployments of each model that are kept, however long ago they were in use."""
    keep_days: int = KEEP_DAYS
    """Days for which others are kept, and files that no deployment needs any more."""
    min_free: int = MIN_FREE
    """Bytes that stay free on the disk of data_dir: a push that would leave less is refused."""
    allowed_origins: tuple[str, ...] = ()
    """Origins whose pages may use both ports, or `*`."""
    idle_timeout: int = 120
    """Seconds for which a client's connection is kept without a request."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of proxies before the gateway, whose X-Forwarded-For and so on are believed."""
    pass_environment: tuple[str, ...] = ()
    """Names of environment variables that models and builds get too, with `*` for any part of one."""
    isolation: str = Isolation.NONE.value
    """How replicas are kept apart whose config.yaml does not say it."""
    url: str | None = None
    """Where client commands send requests; this machine if not told."""
    control_url: str | None = None
    """Where client commands find control; this machine if not told."""
    api_key: str | None = field(default=None, repr=False)
    """What client commands show where API keys exist."""

    def __post_init__(self) -> None:
        for port in (self.port, self.control_port):
            if not 0 <= port <= _HIGHEST_PORT:
                raise InvalidConfigurationError(
                    f"{port} is no port", hint=f"it lies between 0 and {_HIGHEST_PORT}"
                )
        self._require_bounds()
        _require_bearable(self.idle_timeout)
        _require_readable(self.allowed_origins, self.trusted_proxies)
        if self.log_level not in LOG_LEVELS:
            raise InvalidConfigurationError(
                f"unknown log level {self.log_level!r}", hint=nearest(self.log_level, LOG_LEVELS)
            )
        if self.log_format not in LOG_FORMATS:
            raise InvalidConfigurationError(
                f"unknown log format {self.log_format!r}", hint=nearest(self.log_format, LOG_FORMATS)
            )
        if self.isolation not in CHOICES:
            raise InvalidConfigurationError(
                f"unknown isolation {self.isolation!r}", hint=nearest(self.isolation, CHOICES)
            )
        if len(os.fsencode(self.run_dir)) > _LONGEST_SOCKET_DIRECTORY:
            raise InvalidConfigurationError(
                f"the path of run_dir, {self.run_dir}, is too long for sockets",
                hint=f"set HEADWAY_RUN_DIR to one of at most {_LONGEST_SOCKET_DIRECTORY} bytes",
            )

    def _require_bounds(self) -> None:
        """Of what is kept."""
        if self.min_free < 0:
            raise InvalidConfigurationError(f"min_free is {self.min_free}", hint="it is a number of bytes")
        for count in (self.keep_requests, self.keep_request_days, self.keep_deployments, self.keep_days):
            if not 0 <= count <= _MOST_KEPT:
                raise InvalidConfigurationError(
                    f"{count} is no number of records, deployments or days",
                    hint=f"it lies between 0 and {_MOST_KEPT:,}",
                )

    @classmethod
    def load(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """Read the settings file and the environment. Raises InvalidConfigurationError."""
        values: dict[str, Any] = {
            "data_dir": _state_home(environment) / "headway",
            "run_dir": _run_dir(environment),
        }
        values |= _from_file(_settings_file(environment))
        values |= _from_environment(environment)
        return cls(**values)

    def with_changes(self, **changes: Any) -> Self:
        """Replace some of the values; None leaves a value as it is."""
        return dataclasses.replace(
            self, **{name: value for name, value in changes.items() if value is not None}
        )

    def private_places(self, environment: Mapping[str, str] = os.environ) -> tuple[Path, ...]:
        """Folders and files of Headway's own that no model is to see, wherever they lie."""
        places = [self.data_dir, self.run_dir, _settings_file(environment)]
        if self.secrets_dir is not None:
            places.append(self.secrets_dir)
        if self.database_url is not None and self.database_url.startswith(_SQLITE):
            database = self.database_url.removeprefix(_SQLITE)
            places += [Path(f"{database}{end}").absolute() for end in ("", "-wal", "-shm")]
        return tuple(places)

    def make_directories(self) -> None:
        """Make both directories, for this user alone. Raises InvalidConfigurationError when that fails."""
        _make_private(self.data_dir, marks=_OWN_FOLDERS, may_be_link=True)
        self.make_run_directory()

    def make_run_directory(self) -> None:
        """The one with the sockets alone. Raises InvalidConfigurationError when that fails."""
        _make_private(self.run_dir)


def _require_bearable(idle_timeout: int) -> None:
    if not 1 <= idle_timeout <= _LONGEST_IDLE:
        raise InvalidConfigurationError(
            f"idle_timeout is {idle_timeout}", hint=f"it lies between 1 and {_LONGEST_IDLE:,} seconds"
        )


def variables_of_opentelemetry() -> dict[str, str]:
    """Where spans go, and what they say of this process."""
    return {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}


def _make_private(directory: Path, *, marks: Sequence[str] = (), may_be_link: bool = False) -> None:
    try:
        make_private(directory, marks=marks, may_be_link=may_be_link)
    except PrivateDirectoryError as error:
        raise InvalidConfigurationError(
            error.message, hint=f"{error.hint} (HEADWAY_DATA_DIR, HEADWAY_RUN_DIR)"
        ) from error
    except OSError as error:
        raise InvalidConfigurationError(
            f"cannot make {directory}: {error.strerror}",
            hint="set HEADWAY_DATA_DIR and HEADWAY_RUN_DIR to directories that you may write to",
        ) from error


def _state_home(environment: Mapping[str, str]) -> Path:
    return _base_directory(environment, "XDG_STATE_HOME", ".local/state")


def _settings_file(environment: Mapping[str, str]) -> Path:
    return _config_home(environment) / "headway" / "config.toml"


def _config_home(environment: Mapping[str, str]) -> Path:
    return _base_directory(environment, "XDG_CONFIG_HOME", ".config")


def _base_directory(environment: Mapping[str, str], variable: str, default: str) -> Path:
    """A base directory as the XDG specification has it: a relative path counts as unset."""
    named = Path(environment.get(variable, ""))
    return named if named.is_absolute() else Path(environment.get("HOME") or Path.home()) / default


def _run_dir(environment: Mapping[str, str]) -> Path:
    """Where nobody else can write: what the session has for it, else a folder beside our own files."""
    runtime = Path(environment.get("XDG_RUNTIME_DIR") or f"/run/user/{os.geteuid()}")
    if runtime.is_absolute() and is_own(runtime):
        return runtime / "headway"
    beside = _state_home(environment) / "headway" / "run"
    return beside if len(os.fsencode(beside)) <= _LONGEST_SOCKET_DIRECTORY else _temporary_run_dir()


def _temporary_run_dir() -> Path:
    # /tmp and not the temporary directory of the session, which may lie deep: sockets need a short path.
    return Path(f"/tmp/headway-{os.geteuid()}")  # noqa: S108  # make_directories refuses one that is not ours


def _from_file(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise InvalidConfigurationError(
            f"cannot read {path}: {error}", hint="it is TOML, with lines such as port = 8080"
        ) from error
    return {name: _typed(name, value, f"{path}: {name}") for name, value in content.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    fields = {one.name for one in dataclasses.fields(Configuration)}
    return {
        name: _typed(name, environment[variable], variable)
        for name in sorted(fields)
        if environment.get(variable := _PREFIX + name.upper())
    }


def _typed(name: str, value: Any, source: str) -> Any:
    fields = {one.name: one.type for one in dataclasses.fields(Configuration)}
    if name not in fields:
        raise InvalidConfigurationError(f"unknown name in {source}", hint=nearest(name, fields))
    if typing.get_origin(fields[name]) is tuple:
        return _listed(value, source)
    try:
        if fields[name] is int:
            return int(value)
    except (TypeError, ValueError) as error:
        raise InvalidConfigurationError(
            f"{source} is {value!r}, which is no number", hint="write digits only"
        ) from error
    is_text = str in {fields[name], *typing.get_args(fields[name])}
    return str(value) if is_text else Path(value).expanduser().absolute()


def _require_readable(origins: tuple[str, ...], proxies: tuple[str, ...]) -> None:
    try:
        AllowedOrigins.of(origins)
        TrustedProxies(proxies)
    except HeadwayError as error:
        raise InvalidConfigurationError(error.message, hint=error.hint) from error


def _listed(value: Any, source: str) -> tuple[str, ...]:
    """A list of texts: as such in the file, with commas in a variable."""
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        raise InvalidConfigurationError(
            f"{source} is {value!r}, which is no list of texts", hint='write it as in ["first", "second"]'
        )
    return tuple(one.strip() for one in given if one.strip())
