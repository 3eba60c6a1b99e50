"""Reads a Truss's config.yaml: every default filled in, every value checked, every ignored field told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from headway.core.errors import HeadwayError


class InvalidTrussError(HeadwayError):
    """A Truss that cannot be served; the message names the field and what is wrong with it."""

    code = "invalid_truss"


@dataclass(frozen=True, slots=True)
class HealthChecks:
    """Seconds after which a failing replica changes state; None leaves it to the platform's default."""

    restart_check_delay_seconds: int | None
    restart_threshold_seconds: int | None
    stop_traffic_threshold_seconds: int | None
    startup_threshold_seconds: int | None


@dataclass(frozen=True, slots=True)
class Transport:
    """How clients talk to the model. Ping settings are seconds, for WebSockets only; None is the library's default."""

    kind: Literal["http", "websocket", "grpc"]
    ping_interval: float | None = None
    ping_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class HeadwayOptions:
    """`model_metadata.headway`: what Truss has no field for."""

    gated: tuple[str, ...] = ("predict",)
    on_disconnect: Literal["cancel", "finish"] = "cancel"
    settings: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrussConfig:
    """A checked config.yaml. Paths are absolute; `expanded` is the dict that the model gets as `config`."""

    directory: Path
    expanded: dict[str, Any]
    warnings: tuple[str, ...]
    headway: HeadwayOptions
    model_name: str | None
    model_module_dir: str
    model_class_filename: str
    model_class_name: str
    data_dir: str
    bundled_packages_dir: str
    external_package_dirs: tuple[str, ...]
    requirements: tuple[str, ...]
    requirements_file: str | None
    python_version: str
    environment_variables: Mapping[str, str]
    secrets: Mapping[str, str | None]
    predict_concurrency: int
    streaming_read_timeout: float
    health_checks: HealthChecks
    transport: Transport
    enable_debug_logs: bool
    model_metadata: Mapping[str, Any]
    example_model_input: Any
    use_gpu: bool
    system_packages: tuple[str, ...]
    docker_server: Mapping[str, Any] | None


def read_truss(directory: Path) -> TrussConfig:
    """The config of the Truss in `directory`. Raises InvalidTrussError."""
    raise NotImplementedError


def parse_config(text: str, directory: Path) -> TrussConfig:
    """The same from the file's text. Raises InvalidTrussError."""
    raise NotImplementedError
