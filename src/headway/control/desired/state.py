"""What is desired: models' deployments with their settings, and where environments point.

Values are immutable; `DesiredState` holds the present ones and notes which of them differ from what is stored.
"""

import asyncio
import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from headway.core.isolation import Isolation
from headway.core.reconcile import Thresholds
from headway.core.settings import DeploymentSettings

PRODUCTION = "production"
_ID_DIGITS = 8
Target = tuple[str, str]
"""A model and one of its environments."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What preparation made of a Truss: all that is needed to start replicas of it."""

    interpreter: Path
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    predict_concurrency: int = 1
    use_gpu: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)
    warnings: tuple[str, ...] = ()
    example: Any = None
    """An input that the Truss gives as an example."""
    secrets: Mapping[str, bool] = field(default_factory=dict)
    """Those that it declares, and whether config.yaml has a value for it."""
    ways_in: tuple[str, ...] | None = None
    """Methods that requests reach, as far as its text shows; None where it does not."""
    isolation: Isolation | None = None
    """What config.yaml says of it; None: nothing."""
    attached: tuple[Path, ...] = ()
    """Files and folders that its directory leads to."""
    mounts: Mapping[str, Path] = field(default_factory=dict)
    """What it looks for at other absolute paths, by these."""

    @property
    def is_intact(self) -> bool:
        """Whether what it speaks of is still on this machine."""
        paths = self.interpreter, self.directory, Path(self.environment.get("PYTHONPATH", ".").split(":")[0])
        return all(path.exists() for path in paths)

    def to_json(self) -> dict[str, Any]:
        content = dataclasses.asdict(self)
        return {
            **content,
            "interpreter": str(self.interpreter),
            "directory": str(self.directory),
            "attached": [str(path) for path in self.attached],
            "mounts": {at: str(path) for at, path in self.mounts.items()},
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        changed = {
            "interpreter": Path(content["interpreter"]),
            "directory": Path(content["directory"]),
            "thresholds": Thresholds(**content["thresholds"]),
            "warnings": tuple(content["warnings"]),
            "ways_in": None if content.get("ways_in") is None else tuple(content["ways_in"]),
            "attached": tuple(map(Path, content.get("attached", ()))),
            "mounts": {at: Path(path) for at, path in content.get("mounts", {}).items()},
            "isolation": Isolation(content["isolation"]) if content.get("isolation") else None,
        }
        return cls(**{**content, **changed})


@dataclass(frozen=True, slots=True)
class Deployment:
    """One immutable version of a model's Truss with the settings that can change."""

    deployment_id: str
    model: str
    settings: DeploymentSettings = field(default_factory=DeploymentSettings)
    prepared: Prepared | None = None
    """None until its Truss is ready to run."""
    name: str = ""
    created_at: float = 0.0
    """Seconds since 1970, by the wall clock."""
    source: Path = field(default_factory=Path)
    """The Truss that it is made of, which never changes."""
    digest: str = ""
    declared: Mapping[str, Any] = field(default_factory=dict)
    """What its config.yaml says of the settings."""
    version: int = 1
    """Rises with each change of the settings."""
    is_active: bool = True
    """False: its owner switched it off."""
    is_retired: bool = False
    """Another one has taken its environment: it keeps no replica without load."""
    failure: str = ""
    """Why its Truss could not be made ready to run."""
    remarks: tuple[str, ...] = ()
    """What was told of its Truss when it was pushed, until it is prepared. It is not stored."""

    @property
    def scaling_settings(self) -> DeploymentSettings:
        """The settings as the autoscaler is to see them."""
        return dataclasses.replace(self.settings, min_replica=0) if self.is_retired else self.settings

    @property
    def thresholds(self) -> Thresholds:
        thresholds = Thresholds() if self.prepared is None else self.prepared.thresholds
        return dataclasses.replace(thresholds, drain=self.settings.drain_timeout)

    @property
    def warnings(self) -> tuple[str, ...]:
        if self.prepared is None:
            return self.remarks
        return (*self.prepared.warnings, *self.settings.warnings(self.prepared.predict_concurrency))


@dataclass(frozen=True, slots=True)
class Environment:
    """A name that points at one deployment of a model. While another takes its place, both are named."""

    model: str
    name: str
    deployment_id: str | None = None
    candidate_id: str | None = None
    """The deployment that is to take its place once it is ready."""
    replaced_id: str | None = None
    """The one that was stopped to make room, and comes back if the candidate does not start."""
    created_at: float = 0.0

    @property
    def target(self) -> Target:
        return self.model, self.name


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from what is stored: present values, and the names of what is gone.

    A deployment that was removed and put again is in both: it has nothing of the one that is gone.
    """

    models: Mapping[str, float]
    """When each was made."""
    deployments: tuple[Deployment, ...]
    environments: tuple[Environment, ...]
    gone_models: tuple[str, ...]
    gone_deployments: tuple[str, ...]
    gone_environments: tuple[Target, ...]

    def __bool__(self) -> bool:
        return any(getattr(self, field.name) for field in dataclasses.fields(self))


class DesiredState:
    """The desired state of everything that runs here."""

    def __init__(self) -> None:
        self.models: dict[str, float] = {}
        """When each was made, by its name."""
        self.deployments: dict[str, Deployment] = {}
        self.environments: dict[Target, Environment] = {}
        self.changed = asyncio.Event()
        """Something is to be stored."""
        self._changed_models: set[str] = set()
        self._changed_deployments: set[str] = set()
        self._removed_deployments: set[str] = set()
        self._changed_environments: set[Target] = set()

    def put(self, *values: Deployment | Environment) -> None:
        """Add or replace deployments and environments."""
        for value in values:
            if value.model not in self.models:
                self.models[value.model] = value.created_at
                self._changed_models.add(value.model)
            match value:
                case Deployment():
                    self.deployments[value.deployment_id] = value
                    self._changed_deployments.add(value.deployment_id)
                case Environment():
                    self.environments[value.target] = value
                    self._changed_environments.add(value.target)
        self.changed.set()

    def renew_model(self, name: str, created_at: float) -> None:
        """It was to go, and is made again."""
        self.models[name] = created_at
        self._changed_models.add(name)
        self.changed.set()

    def remove_model(self, name: str) -> None:
        """One that has neither deployments nor environments any more."""
        del self.models[name]
        self._changed_models.add(name)
        self.changed.set()

    def remove_deployment(self, deployment_id: str) -> None:
        del self.deployments[deployment_id]
        self._removed_deployments.add(deployment_id)
        self.changed.set()

    def remove_environment(self, target: Target) -> None:
        del self.environments[target]
        self._changed_environments.add(target)
        self.changed.set()

    def take_changes(self) -> Changes:
        """What was put and removed since the last time, as it is now."""
        models, environments = self._changed_models, self._changed_environments
        deployments, removed = self._changed_deployments, self._removed_deployments
        self._changed_models, self._changed_environments = set(), set()
        self._changed_deployments, self._removed_deployments = set(), set()
        self.changed.clear()
        return Changes(
            {name: self.models[name] for name in sorted(models & self.models.keys())},
            tuple(one for name, one in self.deployments.items() if name in deployments),
            tuple(one for target, one in self.environments.items() if target in environments),
            tuple(sorted(models - self.models.keys())),
            tuple(sorted(removed)),
            tuple(sorted(environments - self.environments.keys())),
        )

    def give_back(self, changes: Changes) -> None:
        """They could not be stored: take them again next time, in whatever state they are then."""
        self._changed_models |= {*changes.models, *changes.gone_models}
        self._changed_deployments |= {one.deployment_id for one in changes.deployments}
        self._removed_deployments |= {*changes.gone_deployments}
        self._changed_environments |= {one.target for one in changes.environments}
        self._changed_environments |= {*changes.gone_environments}
        self.changed.set()

    def points_at(self, target: Target) -> str | None:
        """The id of the deployment that serves the environment."""
        environment = self.environments.get(target)
        return None if environment is None else environment.deployment_id

    def deployments_of(self, model: str) -> list[Deployment]:
        return [one for one in self.deployments.values() if one.model == model]

    def environments_of(self, model: str) -> list[Environment]:
        return [one for one in self.environments.values() if one.model == model]

    def environments_at(self, deployment_id: str) -> list[Environment]:
        return [one for one in self.environments.values() if one.deployment_id == deployment_id]

    def is_set_aside(self, deployment_id: str) -> bool:
        """Whether it was stopped to make room for another one, and may come back."""
        return any(one.replaced_id == deployment_id for one in self.environments.values())

    def rollouts(self) -> Iterator[tuple[Environment, Deployment]]:
        """Environments that another deployment is about to take, with that one."""
        for environment in self.environments.values():
            if environment.candidate_id is not None:
                yield environment, self.deployments[environment.candidate_id]


def deployment_id_of(model: str, digest: str, present: Mapping[str, Deployment]) -> str:
    """Equal contents under one name are one deployment; its id is longer where another one has the short one."""
    whole = hashlib.sha256(f"{model}\0{digest}".encode()).hexdigest()
    shortened = (whole[:length] for length in range(_ID_DIGITS, len(whole), _ID_DIGITS))
    return next((one for one in shortened if _is(present.get(one), model, digest)), whole)


def _is(known: Deployment | None, model: str, digest: str) -> bool:
    return known is None or (known.model, known.digest) == (model, digest)
