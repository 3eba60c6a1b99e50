"""Models, their deployments, environments and replicas, and errors."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from headway.observed.saturation.hindrance import Code
from headway.observed.saturation.verdict import Level

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

WayIn = Literal[
    "predict", "chat_completions", "completions", "embeddings", "messages", "responses", "websocket"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorDetail:
    code: str
    message: str
    hint: Annotated[str, Field(description="what to do about it; may be empty")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorAnswer:
    error: ErrorDetail


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    id: str
    generation: int
    state: str
    since: Annotated[datetime, Field(description="when it entered its state")]
    restarts: int
    last_exit: str
    held: Annotated[int, Field(description="slots taken, as the gateways reported last")]
    gpus: list[str]
    isolation: Annotated[str, Field(description="how it is kept apart: none or sandbox")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What goes on to make the Truss ready to run."""

    began_at: datetime
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Saturation:
    """Why who comes now waits for a slot, or is refused."""

    code: Code
    level: Annotated[
        Level,
        Field(
            description="note: nobody waits, who comes now would; wait: requests wait; refused: they are turned away"
        ),
    ]
    text: Annotated[str, Field(description="one sentence, for people")]
    advice: Annotated[str, Field(description="what to do; may be empty")]
    setting: Annotated[str | None, Field(description="the setting that the advice is about")]
    see: Annotated[Literal["settings", "logs", "decisions"] | None, Field(description="where more is told")]
    wait_seconds: Annotated[
        float | None,
        Field(description="an estimate of the wait of who comes now; null: it is refused, or not known"),
    ]
    wait: Annotated[str, Field(description="the same in words, or why it is not known; may be empty")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoscalingSettings:
    """Those settings that Baseten has too, under Baseten's names."""

    min_replica: int
    max_replica: int
    autoscaling_window: float
    scale_down_delay: float
    concurrency_target: int
    target_utilization_percentage: int
    max_scale_down_rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    settings: dict[str, Any]
    version: Annotated[
        int, Field(description="rises with each change; send it as If-Match to change what you saw")
    ]
    warnings: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsChange(Settings):
    status: Literal["ACCEPTED", "UNCHANGED"]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPreview:
    """What a change of settings would do now."""

    settings: dict[str, Any]
    warnings: list[str]
    present: Annotated[int, Field(description="replicas there are, those that start included")]
    desired: Annotated[int, Field(description="replicas that would be wanted at once")]
    needed: Annotated[int, Field(description="replicas that the present load asks for, within the bounds")]
    capacity: Annotated[int, Field(description="requests that the needed replicas hold at once")]
    reason: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    id: str
    name: str
    model_id: str
    model_name: str
    created_at: datetime
    environments: list[str]
    environment: str | None
    is_production: bool
    status: Status
    reason: Annotated[str, Field(description="why it does not serve, or what failed last")]
    next_attempt_at: Annotated[datetime | None, Field(description="when the next start is tried")]
    predict_concurrency: int | None
    concurrency_target: int
    autoscaling_settings: AutoscalingSettings
    settings: dict[str, Any]
    settings_version: int
    warnings: list[str]
    example_input: Any
    ways_in: Annotated[
        list[WayIn] | None,
        Field(description="its methods that requests reach; null where its Truss's text does not show them"),
    ]
    isolation: Annotated[
        str, Field(description="how its replicas are to be kept apart: none, sandbox, or auto")
    ]
    preparation: Preparation | None
    active_replica_count: int
    ready_replicas: int
    present_replicas: int
    desired_replicas: int
    desired_reason: str
    queued: int
    in_flight: int
    abandoned: int
    arrivals: Annotated[int, Field(description="since the present gateways started")]
    finished: int
    requests_per_second: Annotated[float, Field(description="that ended, over the last half minute")]
    saturation: Annotated[
        Saturation | None,
        Field(description="why who comes now waits; null: a slot is free, or will be at once"),
    ]
    p95_seconds: Annotated[float | None, Field(description="over the last half minute")]
    sparkline: Annotated[
        tuple[float, ...], Field(description="requests per second, ten seconds each, the oldest first")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployments:
    deployments: list[Deployment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    id: str
    name: str
    created_at: datetime
    deployments_count: int
    production_deployment_id: str | None
    environments: list[str]
    status: Annotated[Status | None, Field(description="of the production deployment")]
    reason: Annotated[
        str, Field(description="why the production deployment does not start; empty when it does")
    ]
    saturation: Annotated[Saturation | None, Field(description="of the production deployment")]
    queued: int
    in_flight: int
    ready_replicas: int
    desired_replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    models: list[Model]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicas:
    replicas: list[Replica]


"""One value per bucket; null where nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    name: str
    model_id: str
    created_at: datetime
    current_deployment: Deployment | None
    candidate_deployment: Annotated[
        Deployment | None, Field(description="is to take its place once it is ready")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Environments:
    environments: list[Environment]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDeployment(Deployment):
    """Without what never changes and may be large: `example_input` is null."""

    replicas: list[Replica]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveEnvironment:
    """Where an environment points, and what is about to take its place."""

    name: str
    model_name: str
    deployment_id: str | None
    candidate_id: Annotated[str | None, Field(description="takes its place once it is ready")]
    replaced_id: Annotated[str | None, Field(description="made room for the candidate")]
    needed_replicas: Annotated[int, Field(description="that the candidate needs ready for that")]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """Everything that can change by itself."""

    models: list[Model]
    environments: list[LiveEnvironment]
    deployments: list[LiveDeployment]
