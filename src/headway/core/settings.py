"""The settings of a deployment: every number, its default, its bounds and its error text, in one place.

API, CLI, console and `model_metadata.headway` derive from `DeploymentSettings`; nothing is said twice.
"""

import dataclasses
import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from headway.core.errors import InvalidSettingError

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one setting accepts: inclusive limits in `unit`, or one of `choices`."""

    meaning: str
    low: float = -math.inf
    high: float = math.inf
    unit: str = ""
    choices: tuple[str, ...] = ()


def _setting(default: Any, meaning: str, **limits: Any) -> Any:
    return dataclasses.field(default=default, metadata={"bounds": Bounds(meaning, **limits)})


@dataclass(frozen=True, slots=True)
class DeploymentSettings:
    """What the owner of a deployment can change while it runs. Durations are seconds.

    Raises InvalidSettingError when a value is outside its bounds or two values contradict each other.
    """

    concurrency_target: int = _setting(1, "requests that one replica holds at once", low=1, high=100_000)
    min_replica: int = _setting(0, "replicas kept when there is no load", low=0, high=10_000)
    max_replica: int = _setting(1, "replicas at most", low=1, high=10_000)
    autoscaling_window: float = _setting(
        60.0, "time over which load is averaged", low=10, high=3600, unit="s"
    )
    scale_down_delay: float = _setting(
        900.0, "time that load stays low before replicas go", low=0, high=3600, unit="s"
    )
    target_utilization_percentage: int = _setting(
        70, "share of the concurrency target to plan for", low=1, high=100, unit="%"
    )
    max_scale_down_rate: int = _setting(
        50, "share of the surplus replicas removed at a time", low=1, high=100, unit="%"
    )
    backlog_drain: float = _setting(
        30.0, "time in which a backlog is to be worked off", low=1, high=3600, unit="s"
    )
    queue_limit: int = _setting(10_000, "requests that may wait", low=0, high=1_000_000)
    queue_timeout: float = _setting(1200.0, "longest wait in the queue", low=0.01, high=86_400, unit="s")
    request_timeout: float = _setting(
        1200.0, "longest time a request may hold its slot", low=0.01, high=86_400, unit="s"
    )
    send_timeout: float = _setting(
        60.0, "longest time a client may take no byte of its answer", low=0.1, high=3600, unit="s"
    )
    body_limit_bytes: int = _setting(
        100 * _MEBIBYTE, "largest request body", low=1, high=100 * 1024 * _MEBIBYTE, unit="bytes"
    )
    body_buffer_bytes: int = _setting(
        64 * 1024,
        "bytes of a body that are read while it queues",
        low=1024,
        high=64 * _MEBIBYTE,
        unit="bytes",
    )
    abandon_grace: float = _setting(
        60.0,
        "time after which a replica that holds only abandoned requests is replaced",
        low=0.1,
        high=86_400,
        unit="s",
    )
    drain_timeout: float = _setting(
        3600.0, "longest time that a draining replica is waited for", low=0, high=86_400, unit="s"
    )
    retry_on_crash: bool = _setting(
        default=False, meaning="send a wholly buffered request again when its replica dies"
    )
    pass_authorization: bool = _setting(
        default=False, meaning="give the model the Authorization header in which a caller's API key stands"
    )
    rollout: str = _setting("surge", "how an environment moves", choices=("surge", "replace"))

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field, getattr(self, field.name)))
        if self.min_replica > self.max_replica:
            raise InvalidSettingError(
                f"min_replica is {self.min_replica} and max_replica is {self.max_replica}",
                hint="raise max_replica or lower min_replica",
            )

    def with_changes(self, changes: Mapping[str, Any]) -> Self:
        """These settings with some replaced. Raises InvalidSettingError for an unknown name too."""
        refuse_unknown(changes)
        return dataclasses.replace(self, **changes)

    def warnings(self, predict_concurrency: int) -> tuple[str, ...]:
        """What is allowed but cannot be meant, in words (I8)."""
        if self.concurrency_target < predict_concurrency:
            return (
                f"concurrency_target {self.concurrency_target} is below predict_concurrency "
                f"{predict_concurrency}: a replica never holds enough requests to use all "
                f"{predict_concurrency} places in predict; raise concurrency_target to at least "
                f"{predict_concurrency}",
            )
        return ()


def bounds_of(name: str) -> Bounds:
    """The bounds of the setting called `name`. Raises InvalidSettingError when there is none."""
    refuse_unknown([name])
    bounds: Bounds = DeploymentSettings.__dataclass_fields__[name].metadata["bounds"]
    return bounds


def refuse_unknown(names: Iterable[str]) -> None:
    """Raise InvalidSettingError, naming the nearest setting, when one of `names` is no setting."""
    known = tuple(DeploymentSettings.__dataclass_fields__)
    for name in names:
        if name in OF_THE_TRUSS:
            raise InvalidSettingError(
                f"{name} is no setting of a deployment: it is {OF_THE_TRUSS[name]} in config.yaml",
                hint="a deployment's Truss never changes: change it there and push again",
            )
        if name not in known:
            raise InvalidSettingError(f"unknown setting {name!r}", hint=nearest(str(name), known))


OF_THE_TRUSS = {
    "predict_concurrency": "runtime.predict_concurrency",
    "streaming_read_timeout": "runtime.streaming_read_timeout",
    "gated": "model_metadata.headway.gated",
    "on_disconnect": "model_metadata.headway.on_disconnect",
    "isolation": "model_metadata.headway.isolation",
    "environment_variables": "environment_variables",
    "python_version": "python_version",
    "accelerator": "resources.accelerator",
}
"""What people look for among the settings, and where it is."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A hint that names what was probably meant, or everything there is."""
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    if close:
        return f"did you mean {' or '.join(close)}?"
    return f"known are {', '.join(known)}" if known else "there are none"


def _checked(field: dataclasses.Field[Any], value: Any) -> Any:
    bounds: Bounds = field.metadata["bounds"]
    kind: type = type(field.default)
    accepted: tuple[type, ...] = (float, int) if kind is float else (kind,)
    if type(value) not in accepted:
        raise InvalidSettingError(
            f"{field.name} is {value!r}, which is not {_WORDS[kind]}", hint=f"it means: {bounds.meaning}"
        )
    if bounds.choices and value not in bounds.choices:
        raise InvalidSettingError(f"{field.name} is {value!r}", hint=f"it is {' or '.join(bounds.choices)}")
    # Written so that NaN, which no comparison holds for, is refused as well.
    if isinstance(value, int | float) and not bounds.low <= value <= bounds.high:
        raise InvalidSettingError(
            f"{field.name} is {value}",
            hint=f"it lies between {bounds.low} and {bounds.high} {bounds.unit}".rstrip(),
        )
    return kind(value)


_WORDS = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}
