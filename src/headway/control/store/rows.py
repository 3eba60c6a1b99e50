"""What the store keeps, as plain values. Times are seconds of the wall clock (UTC, since 1970)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headway.observed.records import RequestRecord


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A named model."""

    name: str
    created_at: float


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """One version of a model's Truss, with the settings that can change."""

    deployment_id: str
    model: str
    name: str
    created_at: float
    source: str
    """Path of the content-addressed Truss that it is made from."""
    digest: str
    """Of that content."""
    settings: Mapping[str, Any]
    """Every setting by its name."""
    declared: Mapping[str, Any]
    """What its config.yaml itself says about settings."""
    version: int
    """Of its settings; it rises by one with each change."""
    is_active: bool
    """False: its owner switched it off."""
    prepared: Mapping[str, Any] | None
    """What preparation made of it; None before."""
    failure: str
    """Why preparation failed; empty when it did not."""
    is_retired: bool = False
    """Another one has taken its environment."""


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """A name that points at one of its model's deployments, or at none yet or any more."""

    model: str
    name: str
    deployment_id: str | None
    created_at: float
    candidate_id: str | None = None
    """The deployment that is about to take its place."""
    replaced_id: str | None = None
    """The one that made room for the candidate, and comes back if that does not start."""


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key that requests may carry, without the key itself."""

    prefix: str
    """How it begins, by which it is told from others."""
    digest: str
    """SHA-256 of the whole key, in hexadecimal digits."""
    name: str
    scopes: tuple[str, ...]
    created_at: float


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A secret that models may read."""

    name: str
    value: str = field(repr=False)
    created_at: float


@dataclass(frozen=True, slots=True)
class LifeRow:
    """What became of a deployment's replicas."""

    deployment_id: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """How many replicas a deployment was to have from `at` on, and why."""

    deployment_id: str
    at: float
    desired: int
    reason: str
    inputs: Mapping[str, Any]


ChangeKind = Literal[
    "setting",
    "push",
    "promotion",
    "rollback",
    "takeover",
    "given_up",
    "activation",
    "deactivation",
    "deletion",
    "environment_creation",
    "environment_deletion",
    "model_deletion",
]
"""`takeover` and `given_up` tell how what a push, promotion or rollback has begun came to its end."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What somebody changed of a model."""

    model: str
    deployment_id: str
    """Empty for what belongs to an environment or the whole model."""
    kind: ChangeKind
    field: str = ""
    """The setting, or the environment that moves."""
    before: Any = None
    after: Any = None
    reason: str = ""
    at: float = 0.0
    author: str = ""
    """The name of the key that it was asked for with, or who it was without one."""
    key_prefix: str = ""
    """How the key begins; empty without one."""


@dataclass(frozen=True, slots=True)
class PointRow:
    """How a deployment fared in the `step` seconds from `at` on."""

    deployment_id: str
    step: int
    at: float
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which records of a deployment's requests are asked for."""

    deployment_id: str
    up_to: int
    """Those that were added later are left out: an answer that is read page by page comes to its end."""
    since: float | None = None
    """Arrived at this instant or later."""
    until: float | None = None
    """Arrived before this one."""


Place = tuple[float, int]
"""Where a record is among those of its deployment: when the request arrived, and the record's number."""


@dataclass(frozen=True, slots=True)
class RequestPage:
    """Some records in their order, and where the last of them is; None when none come after it."""

    records: tuple[RequestRecord, ...]
    end: Place | None


@dataclass(frozen=True, slots=True)
class StoredState:
    """Everything but decisions, points and requests, each in order of creation."""

    models: tuple[ModelRow, ...]
    deployments: tuple[DeploymentRow, ...]
    environments: tuple[EnvironmentRow, ...]
    keys: tuple[KeyRow, ...]
    secrets: tuple[SecretRow, ...]
    lives: tuple[LifeRow, ...] = ()
