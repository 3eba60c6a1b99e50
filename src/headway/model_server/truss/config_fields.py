"""The fields of config.yaml as a table: what each accepts, its default, and which exclude each other."""

import re
from typing import Any

from headway.model_server.truss.config_values import (
    LEFT_OUT,
    REQUIRED,
    InvalidTrussError,
    at_least,
    flag,
    integer,
    list_of,
    mapping_of,
    number,
    one_of,
    optional,
    record,
    table,
    text,
)

PYTHON_VERSIONS = ("py39", "py310", "py311", "py312", "py313", "py314")

_ACCELERATORS = (
    "A10G, A100, A100_40GB, B200, B300, GB300, H100, H100_40GB, H200, L4, L40S, RTX_PRO_6000, T4, V100"
)
_CPU = re.compile(r"\d+\.?\d*m?|\.\d+m?")
_MEMORY = re.compile(r"(\d+\.?\d*(e\d+)?|\.\d+)([kMGTPE]|[KMGTPE]i)?")


def expand(given: dict[str, Any]) -> dict[str, Any]:
    """The whole configuration that `given` stands for. Raises InvalidTrussError."""
    expanded: dict[str, Any] = _CONFIG({**given, "environment_variables": _stringified(given)}, "")
    _check_exclusive(expanded)
    return expanded


def _stringified(given: dict[str, Any]) -> Any:
    variables = given.get("environment_variables", {})
    if not isinstance(variables, dict):
        return variables
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in variables.items()
    }


def _cpu(value: Any, field: str) -> str:
    if not _CPU.fullmatch(text(value, field)):
        raise InvalidTrussError(
            f"{field} is {value!r}", hint='write cores, "2", or thousandths of one, "500m"'
        )
    return str(value)


def _memory(value: Any, field: str) -> str:
    if not _MEMORY.fullmatch(text(value, field)):
        raise InvalidTrussError(
            f"{field} is {value!r}", hint="write a number and a unit, such as 512Mi, 2Gi or 2G"
        )
    return str(value)


def _accelerator(value: Any, field: str) -> str:
    kind, colon, count = text(value, field).strip().partition(":")
    if kind not in _ACCELERATORS.split(", "):
        raise InvalidTrussError(f"{field} is {value!r}", hint=f"known are {_ACCELERATORS}")
    if colon and not (count.isdecimal() and int(count) >= 1):
        raise InvalidTrussError(
            f"{field} is {value!r}, whose count is no number from 1", hint=f"write {kind}:1"
        )
    return f"{kind}:{int(count)}" if colon and int(count) > 1 else kind


def _resources(value: Any, field: str) -> dict[str, Any]:
    expanded: dict[str, Any] = _RESOURCES(value, field)
    return expanded | {"use_gpu": expanded["accelerator"] is not None}


def _runtime(value: Any, field: str) -> dict[str, Any]:
    given = {} if value is None else table(value, field)
    if given.get("num_workers", 1) != 1:
        raise InvalidTrussError(
            f"{field}.num_workers is {given['num_workers']!r}; one replica is one process",
            hint="raise predict_concurrency, or run more replicas",
        )
    expanded: dict[str, Any] = _RUNTIME(given, field)
    if expanded["is_websocket_endpoint"] and expanded["transport"]["kind"] != "websocket":
        expanded["transport"] = _transport({"kind": "websocket"}, f"{field}.transport")
    expanded["is_websocket_endpoint"] = expanded["transport"]["kind"] == "websocket"
    return expanded


def _transport(value: Any, field: str) -> dict[str, Any]:
    expanded: dict[str, Any] = _TRANSPORT(value, field)
    if expanded["kind"] == "websocket":
        expanded = _WEBSOCKET(expanded, field)
    return expanded


def _build(value: Any, field: str) -> dict[str, Any]:
    expanded: dict[str, Any] = _BUILD(value, field)
    if expanded["no_cache"]:
        raise InvalidTrussError(f"{field}.no_cache cannot be set in config.yaml", hint="remove the line")
    return expanded


def _docker_server(value: Any, field: str) -> dict[str, Any]:
    expanded: dict[str, Any] = _DOCKER_SERVER(value, field)
    if expanded["start_command"] is None and not expanded["no_build"]:
        raise InvalidTrussError(
            f"{field}.start_command is missing", hint="name the command that starts the server"
        )
    return expanded


def _base_image(value: Any, field: str) -> dict[str, Any]:
    expanded: dict[str, Any] = _BASE_IMAGE(value, field)
    path = expanded["python_executable_path"]
    if path and not path.startswith("/"):
        raise InvalidTrussError(f"{field}.python_executable_path is {path!r}", hint="write an absolute path")
    return expanded


def _version(value: Any, field: str) -> str:
    # Truss refuses `2.0` without quotes, and several published Trusses have it.
    return str(value) if isinstance(value, float) else text(value, field)


def _check_exclusive(expanded: dict[str, Any]) -> None:
    for one, other in (("requirements", "requirements_file"), ("model_cache", "weights")):
        if expanded[one] and expanded[other]:
            raise InvalidTrussError(f"both {one} and {other} are given", hint="keep one of them")
    if expanded["runtime"]["transport"]["kind"] == "grpc" and expanded["docker_server"] is None:
        raise InvalidTrussError(
            "runtime.transport.kind is grpc, which a Model class cannot speak",
            hint="use http or websocket, or a docker_server",
        )


_POSITIVE = at_least(1, integer, "leave it out for the default")
_SECONDS = optional(at_least(0, integer, "seconds, or leave it out for the default"))
_PATTERNS = optional(list_of(text))
_PING = optional(at_least(0, number, "seconds; 0 is the default, 20"))

_TRANSPORT = record({"kind": (one_of("http", "websocket", "grpc"), "http")})
_WEBSOCKET = record(
    {
        "kind": (text, "websocket"),
        "ping_interval_seconds": (_PING, None),
        "ping_timeout_seconds": (_PING, None),
    }
)
_HEALTH_CHECKS = record(
    {
        "restart_check_delay_seconds": (_SECONDS, None),
        "restart_threshold_seconds": (_SECONDS, None),
        "stop_traffic_threshold_seconds": (_SECONDS, None),
        "startup_threshold_seconds": (_SECONDS, None),
    }
)
_RUNTIME = record(
    {
        "predict_concurrency": (at_least(1, integer, "with less than 1 no predict would ever run"), 1),
        "streaming_read_timeout": (at_least(1, integer, "seconds that may pass between two chunks"), 60),
        "enable_tracing_data": (flag, False),
        "enable_debug_logs": (flag, False),
        "transport": (_transport, {}),
        "is_websocket_endpoint": (optional(flag), None),
        "health_checks": (_HEALTH_CHECKS, {}),
        "oidc": (record({"enabled": (optional(flag), None)}), {}),
        "remote_ssh": (record({"enabled": (flag, False)}), {}),
        "egress_restrictions": (optional(table), None),
        "truss_server_version_override": (optional(text), None),
    }
)
_RESOURCES = record(
    {
        "cpu": (_cpu, "1"),
        "memory": (_memory, "2Gi"),
        "accelerator": (optional(_accelerator), None),
        "instance_type": (optional(text), LEFT_OUT),
        "node_count": (optional(_POSITIVE), LEFT_OUT),
        "fabric": (optional(table), LEFT_OUT),
    }
)
_BUILD = record(
    {
        "model_server": (one_of("TrussServer", "TRT_LLM"), "TrussServer"),
        "arguments": (table, {}),
        "secret_to_path_mapping": (mapping_of(text), {}),
        "no_cache": (flag, False),
    }
)
_DOCKER_SERVER = record(
    {
        "start_command": (optional(text), None),
        "server_port": (_POSITIVE, REQUIRED),
        "predict_endpoint": (text, REQUIRED),
        "readiness_endpoint": (text, REQUIRED),
        "liveness_endpoint": (text, REQUIRED),
        "run_as_user_id": (optional(integer), None),
        "no_build": (optional(flag), None),
    }
)
_BASE_IMAGE = record(
    {"image": (text, ""), "python_executable_path": (text, ""), "docker_auth": (optional(table), None)}
)
_EXTERNAL_DATA = record(
    {
        "url": (text, REQUIRED),
        "local_data_path": (text, REQUIRED),
        "backend": (text, "http_public"),
        "name": (optional(text), None),
    }
)
# Truss wants `use_volume` to be given, and several published Trusses do not give it.
_MODEL_CACHE = record(
    {
        "repo_id": (text, REQUIRED),
        "revision": (optional(text), None),
        "allow_patterns": (_PATTERNS, None),
        "ignore_patterns": (_PATTERNS, None),
        "volume_folder": (optional(text), None),
        "use_volume": (flag, False),
        "kind": (one_of("hf", "gcs", "s3", "azure"), "hf"),
        "runtime_secret_name": (text, "hf_access_token"),
    }
)
_WEIGHTS = record(
    {
        "source": (text, REQUIRED),
        "mount_location": (text, REQUIRED),
        "auth": (optional(table), None),
        "auth_secret_name": (optional(text), None),
        "allow_patterns": (_PATTERNS, None),
        "ignore_patterns": (_PATTERNS, None),
    }
)
_BDN = record(
    {
        "mounts": (list_of(table), []),
        "access": (list_of(table), []),
        "hotload": (record({"enabled": (flag, False)}), {}),
    }
)
_CONFIG = record(
    {
        "model_name": (optional(text), None),
        "model_metadata": (table, {}),
        "description": (optional(text), None),
        "examples_filename": (text, "examples.yaml"),
        "data_dir": (text, "data"),
        "external_data": (optional(list_of(_EXTERNAL_DATA)), None),
        "external_package_dirs": (list_of(text), []),
        "python_version": (one_of(*PYTHON_VERSIONS), "py313"),
        "base_image": (optional(_base_image), None),
        "requirements_file": (optional(text), None),
        "requirements": (list_of(text), []),
        "system_packages": (list_of(text), []),
        "environment_variables": (mapping_of(text), {}),
        "secrets": (mapping_of(optional(text)), {}),
        "resources": (_resources, {}),
        "runtime": (_runtime, {}),
        "build": (_build, {}),
        "build_commands": (list_of(text), []),
        "docker_server": (optional(_docker_server), None),
        "model_cache": (list_of(_MODEL_CACHE), []),
        "weights": (list_of(_WEIGHTS), []),
        "bdn": (_BDN, {}),
        "trt_llm": (optional(table), None),
        "training_checkpoints": (optional(table), None),
        "bis_llm": (optional(table), None),
        "input_type": (text, "Any"),
        "model_framework": (text, "custom"),
        "model_type": (text, "Model"),
        "model_module_dir": (text, "model"),
        "model_class_filename": (text, "model.py"),
        "model_class_name": (text, "Model"),
        "bundled_packages_dir": (text, "packages"),
        "use_local_src": (flag, False),
        "cache_internal": (lambda value, _field: value or [], []),
        "live_reload": (flag, False),
        "apply_library_patches": (flag, True),
        "spec_version": (_version, "2.0"),
    }
)
