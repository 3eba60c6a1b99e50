"""Reads a Truss's config.yaml: every default filled in, every value checked, every ignored field told.

The fields themselves are in config_fields; here are the file, what the runtime reads of it, and
`model_metadata.headway`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from headway.core.isolation import CHOICES, Isolation
from headway.core.settings import OF_THE_TRUSS, DeploymentSettings, nearest
from headway.model_server.docker_server.settings import docker_warnings
from headway.model_server.truss.config_fields import expand
from headway.model_server.truss.config_unused import unused_fields
from headway.model_server.truss.config_values import (
    InvalidTrussError,
    list_of,
    one_of,
    optional,
    record,
    table,
)
from headway.model_server.truss.no_truss import not_a_truss

__all__ = [
    "HeadwayOptions",
    "HealthChecks",
    "InvalidTrussError",
    "Transport",
    "TrussConfig",
    "parse_config",
    "read_truss",
]

GATEABLE = ("predict", "chat_completions", "completions", "embeddings", "messages", "responses")
"""The methods that the gate can limit."""

_RESERVED_VARIABLES = ("HOSTNAME", "PORT")


@dataclass(frozen=True, slots=True)
class HealthChecks:
    """Seconds after which a failing replica changes state; None leaves it to the platform's default."""

    restart_check_delay_seconds: int | None = None
    restart_threshold_seconds: int | None = None
    stop_traffic_threshold_seconds: int | None = None
    startup_threshold_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """How clients talk to the model. Ping settings are for WebSockets; None is the library's default."""

    kind: Literal["http", "websocket", "grpc"] = "http"
    ping_interval: float | None = None
    ping_timeout: float | None = None


@dataclass(frozen=True, slots=True)
class HeadwayOptions:
    """`model_metadata.headway`: what Truss has no field for. `settings` are not checked beyond their names."""

    gated: tuple[str, ...] = ("predict",)
    on_disconnect: Literal["cancel", "finish"] = "cancel"
    isolation: Isolation | None = None
    """None: as the operator has it."""
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrussConfig:
    """A checked config.yaml. `expanded` is the dict that the model gets as `config`."""

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

    @property
    def model_file(self) -> Path:
        """The file with the model class."""
        return self.directory / self.model_module_dir / self.model_class_filename

    @property
    def package_paths(self) -> tuple[Path, ...]:
        """The folders whose contents the model imports by name; the bundled one may not exist."""
        return tuple(
            self.directory / path for path in (self.bundled_packages_dir, *self.external_package_dirs)
        )


def read_truss(directory: Path) -> TrussConfig:
    """The config of the Truss in `directory`, whose files are looked at too. Raises InvalidTrussError."""
    path = directory / "config.yaml"
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InvalidTrussError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from error
    except OSError as error:
        raise not_a_truss(directory, error) from error
    config = parse_config(text, directory)
    _check_files(config)
    return config


def parse_config(text: str, directory: Path) -> TrussConfig:
    """The same from the file's text, without a look at any file. Raises InvalidTrussError."""
    given, repeated = _load_yaml(text)
    warnings = [*repeated, *_renamed(given)]
    expanded = expand(given)
    runtime, metadata = expanded["runtime"], expanded["model_metadata"]
    return TrussConfig(
        directory=directory.resolve(),
        expanded=expanded,
        warnings=(*warnings, *_warnings(expanded)),
        headway=_headway_options(metadata.get("headway", {})),
        **{name: expanded[name] for name in _SAME},
        external_package_dirs=tuple(expanded["external_package_dirs"]),
        requirements=tuple(expanded["requirements"]),
        system_packages=tuple(expanded["system_packages"]),
        predict_concurrency=runtime["predict_concurrency"],
        streaming_read_timeout=float(runtime["streaming_read_timeout"]),
        health_checks=HealthChecks(**{name: runtime["health_checks"][name] for name in _HEALTH_CHECKS}),
        transport=_transport(runtime["transport"]),
        enable_debug_logs=runtime["enable_debug_logs"],
        example_model_input=metadata.get("example_model_input"),
        use_gpu=expanded["resources"]["use_gpu"],
    )


_SAME = (
    "model_name",
    "model_module_dir",
    "model_class_filename",
    "model_class_name",
    "data_dir",
    "bundled_packages_dir",
    "requirements_file",
    "python_version",
    "environment_variables",
    "secrets",
    "model_metadata",
    "docker_server",
)
_HEALTH_CHECKS = tuple(HealthChecks.__dataclass_fields__)


def _load_yaml(text: str) -> tuple[dict[str, Any], list[str]]:
    """The file's mapping, and a warning for each key that stands twice."""
    # Only a start reads YAML; a replica that serves never does again.
    import yaml

    from headway.model_server.truss.config_yaml import load

    try:
        given, repeated = load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise InvalidTrussError(
            f"config.yaml is no valid YAML: {reason}", hint="mind indentation and colons"
        ) from error
    if given is None:
        given = {}
    if not isinstance(given, dict):
        raise InvalidTrussError("config.yaml is no mapping", hint="write `field: value` lines")
    return given, repeated


def _renamed(given: dict[str, Any]) -> Iterator[str]:
    """Put the value of a field's old name under its new one."""
    if "hf_cache" in given and "model_cache" not in given:
        given["model_cache"] = given.pop("hf_cache") or []
        yield "hf_cache is an old name: write model_cache"


def _warnings(expanded: dict[str, Any]) -> Iterator[str]:
    for path, reason in unused_fields(expanded):
        yield f"{path}: {reason}"
    for name in _RESERVED_VARIABLES:
        if name in expanded["environment_variables"]:
            yield f"environment_variables.{name} is reserved and will be overwritten"
    yield from docker_warnings(expanded)
    if expanded["python_version"] == "py39":
        yield "python_version: Python 3.9 gets no more fixes; choose a newer one"


def _transport(expanded: dict[str, Any]) -> Transport:
    # 0 stands for the library's default, as None does.
    interval, timeout = expanded.get("ping_interval_seconds"), expanded.get("ping_timeout_seconds")
    return Transport(expanded["kind"], interval or None, timeout or None)


def _headway_options(given: Any) -> HeadwayOptions:
    where = "model_metadata.headway"
    given = table(given, where)
    settings = tuple(DeploymentSettings.__dataclass_fields__)
    for name in given:
        if name not in {*_OPTIONS, *settings}:
            place = OF_THE_TRUSS.get(name)
            hint = f"write {place}" if place else nearest(str(name), [*_OPTIONS, *settings])
            raise InvalidTrussError(f"{where}.{name} does not exist", hint=hint)
    checked = record(_OPTIONS)(given, where)
    isolation = checked.pop("isolation")
    return HeadwayOptions(
        gated=tuple(checked.pop("gated")),
        on_disconnect=checked.pop("on_disconnect"),
        isolation=None if isolation is None else Isolation(isolation),
        settings=checked,
    )


_OPTIONS: dict[str, Any] = {
    "gated": (list_of(one_of(*GATEABLE)), ["predict"]),
    "on_disconnect": (one_of("cancel", "finish"), "cancel"),
    "isolation": (optional(one_of(*CHOICES)), None),
}


def _refuse_engine(config: TrussConfig) -> None:
    for engine, name in (("trt_llm", "TensorRT-LLM engine"), ("bis_llm", "engine of Baseten's cloud")):
        if config.expanded[engine] is not None:
            raise InvalidTrussError(
                f"{engine}: the Truss is only a {name}, which Headway neither builds nor runs",
                hint="add a model class, or a docker_server whose start_command serves the model",
            )


def _check_files(config: TrussConfig) -> None:
    """Raise InvalidTrussError when a file or folder that the config names is not there."""
    if config.docker_server is None and not config.model_file.is_file():
        _refuse_engine(config)
        raise InvalidTrussError(
            f"the model file {config.model_module_dir}/{config.model_class_filename} does not exist",
            hint="add it, or name yours in `model_module_dir` and `model_class_filename`",
        )
    for path in config.external_package_dirs:
        if not (config.directory / path).is_dir():
            raise InvalidTrussError(
                f"external_package_dirs: {path} is no folder", hint="it is relative to the Truss"
            )
    if config.requirements_file and not (config.directory / config.requirements_file).is_file():
        raise InvalidTrussError(
            f"requirements_file: {config.requirements_file} does not exist",
            hint="it is relative to the Truss",
        )
