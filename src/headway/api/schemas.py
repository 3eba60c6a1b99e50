"""What answers and bodies look like. Names are Baseten's where Baseten has the thing."""

from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Scope = Literal["inference", "manage"]
Status = Literal[
    "BUILDING",
    "BUILD_FAILED",
    "DEPLOYING",
    "ACTIVE",
    "SCALED_TO_ZERO",
    "WAKING_UP",
    "UNHEALTHY",
    "FAILED",
    "INACTIVE",
    "DELETING",
]


class Body(BaseModel):
    """The base of request bodies: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class ErrorDetail(BaseModel):
    code: str
    message: str
    hint: str


class ErrorAnswer(BaseModel):
    error: ErrorDetail


class Replica(BaseModel):
    id: str
    generation: int
    state: str
    for_seconds: float = Field(description="since it entered its state")
    restarts: int
    last_exit: str
    held: int = Field(description="slots taken, as the gateways reported last")
    gpus: list[str]


class Preparation(BaseModel):
    """What goes on to make the Truss ready to run."""

    began_at: datetime
    line: str


class AutoscalingSettings(BaseModel):
    """Those settings that Baseten has too, under Baseten's names."""

    min_replica: int
    max_replica: int
    autoscaling_window: float
    scale_down_delay: float
    concurrency_target: int
    target_utilization_percentage: int
    max_scale_down_rate: int


class Settings(BaseModel):
    settings: dict[str, Any]
    version: int = Field(description="rises with each change; send it as If-Match to change what you saw")
    warnings: list[str]


class SettingsChange(Settings):
    status: Literal["ACCEPTED", "UNCHANGED"]
    message: str


class Deployment(BaseModel):
    id: str
    name: str
    model_id: str
    model_name: str
    created_at: datetime
    environments: list[str]
    environment: str | None
    is_production: bool
    status: Status
    reason: str = Field(description="why it does not serve, or what failed last")
    next_attempt_in: float | None = Field(description="seconds until the next start is tried")
    predict_concurrency: int | None
    concurrency_target: int
    autoscaling_settings: AutoscalingSettings
    settings: dict[str, Any]
    settings_version: int
    warnings: list[str]
    example_input: Any
    preparation: Preparation | None
    active_replica_count: int
    ready_replicas: int
    present_replicas: int
    desired_replicas: int
    desired_reason: str
    queued: int
    in_flight: int
    abandoned: int
    arrivals: int = Field(description="since the present gateways started")
    finished: int


class Deployments(BaseModel):
    deployments: list[Deployment]


class Model(BaseModel):
    id: str
    name: str
    created_at: datetime
    deployments_count: int
    production_deployment_id: str | None
    environments: list[str]
    status: Status | None = Field(description="of the production deployment")
    queued: int
    in_flight: int
    ready_replicas: int
    desired_replicas: int


class Models(BaseModel):
    models: list[Model]


class Replicas(BaseModel):
    replicas: list[Replica]


class Decision(BaseModel):
    at: datetime
    desired: int
    reason: str
    inputs: dict[str, Any]


class Decisions(BaseModel):
    decisions: list[Decision]


class Environment(BaseModel):
    name: str
    model_id: str
    created_at: datetime
    current_deployment: Deployment | None
    candidate_deployment: Deployment | None = Field(description="is to take its place once it is ready")


class Environments(BaseModel):
    environments: list[Environment]


class NewEnvironment(Body):
    name: str


class Promotion(Body):
    deployment_id: str


class NewKey(Body):
    name: str = Field(default="", max_length=128)
    scopes: list[Scope] = Field(default=["inference", "manage"], min_length=1)


class Key(BaseModel):
    prefix: str
    name: str
    scopes: list[str]
    created_at: datetime


class CreatedKey(Key):
    api_key: str = Field(description="shown this once")


class Keys(BaseModel):
    api_keys: list[Key]


class NewSecret(Body):
    name: str
    value: str


class Secret(BaseModel):
    name: str
    created_at: datetime


class Secrets(BaseModel):
    secrets: list[Secret]


class LiveDeployment(Deployment):
    replicas: list[Replica]


class LiveState(BaseModel):
    """Everything that can change by itself."""

    models: list[Model]
    deployments: list[LiveDeployment]


class Success(BaseModel):
    success: bool = True


def instant(seconds: float) -> datetime:
    """Seconds since 1970 as a time with its zone."""
    return datetime.fromtimestamp(seconds, UTC)
