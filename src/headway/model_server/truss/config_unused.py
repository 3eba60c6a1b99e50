"""Which fields of config.yaml are accepted and change nothing here, and why, so that the user is told.

What a field does depends on the machine in some cases; those are told by who looks at it.
"""

from collections.abc import Iterator
from typing import Any

from headway.model_server.truss.config_fields import expand


def unused_fields(expanded: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The fields that differ from their default and change nothing, each with the reason."""
    default = expand({})
    for path, reason in _UNUSED.items():
        if _at(expanded, path) != _at(default, path):
            yield path, reason


def _at(expanded: dict[str, Any], path: str) -> Any:
    found: Any = expanded
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


_CLOUD = "a service of Baseten's cloud, ignored here"
_IMAGE = "only used to build a container image, ignored here"

_UNUSED = {
    "resources.instance_type": _CLOUD,
    "resources.node_count": _CLOUD,
    "resources.fabric": _CLOUD,
    "runtime.oidc": _CLOUD,
    "runtime.remote_ssh": _CLOUD,
    "runtime.egress_restrictions": _CLOUD,
    "runtime.truss_server_version_override": _CLOUD,
    "training_checkpoints": _CLOUD,
    "bdn": _CLOUD,
    "trt_llm": "TensorRT-LLM engines are not built here, ignored",
    "bis_llm": _CLOUD,
    "build": _IMAGE,
    "base_image": _IMAGE,
    "live_reload": "a development container's setting, ignored here",
}
