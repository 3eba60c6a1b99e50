"""The settings as JSON Schema for the API's description, from the one place where they are defined."""

import dataclasses
import math
from typing import Any

from headway.core.settings import Bounds, DeploymentSettings

_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def settings_schema() -> dict[str, Any]:
    """An object with any of the settings."""
    fields = dataclasses.fields(DeploymentSettings)
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {field.name: _property(field) for field in fields},
        "example": {"concurrency_target": 4, "max_replica": 2},
    }


def _property(field: "dataclasses.Field[Any]") -> dict[str, Any]:
    bounds: Bounds = field.metadata["bounds"]
    unit = f" ({bounds.unit})" if bounds.unit else ""
    schema: dict[str, Any] = {
        "type": _TYPES[type(field.default)],
        "description": f"{bounds.meaning}{unit}",
        "default": field.default,
    }
    if bounds.choices:
        schema["enum"] = list(bounds.choices)
    if math.isfinite(bounds.low):
        schema["minimum"] = bounds.low
    if math.isfinite(bounds.high):
        schema["maximum"] = bounds.high
    return schema
