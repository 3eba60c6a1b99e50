"""What answers and bodies look like. Names are Baseten's where Baseten has the thing.

Answers are plain values, checked by types alone: the live state is made of hundreds of them twice a second. What
comes from outside is checked at run time (`bodies`).
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import Field

Scope = Literal["inference", "manage", "metrics"]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """What goes on to make the Truss ready to run."""

    began_at: datetime
    line: str


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
class QueuedRequest:
    request_id: str
    seconds: Annotated[float, Field(description="for so long it has queued")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    count: int
    shown: Annotated[list[QueuedRequest], Field(description="the first of them, in order")]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRequest:
    request_id: str
    stage: str
    seconds: Annotated[float, Field(description="for so long it has been in its stage")]
    abandoned: Annotated[bool, Field(description="its client has left, its work goes on")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes(Replica):
    """A replica with what it holds, by stage."""

    slots: Annotated[int, Field(description="the concurrency target")]
    lanes: Annotated[
        dict[str, int] | None,
        Field(description="requests by stage, and those abandoned; null when the replica did not say"),
    ]
    requests: Annotated[list[HeldRequest], Field(description="some of them")]


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


Column = list[float | None]
"""One value per bucket; null where nothing is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """By columns: one value for each bucket."""

    step: Annotated[int, Field(description="seconds of a bucket")]
    at: Annotated[list[int], Field(description="begins of the buckets, in seconds since 1970")]
    queued: Annotated[Column, Field(description="means")]
    in_flight: Annotated[Column, Field(description="means")]
    capacity: Annotated[Column, Field(description="requests that the ready replicas hold at once")]
    desired: Column
    ready: Column
    statuses: Annotated[dict[str, Column], Field(description="requests per second by class of status")]
    stages: Annotated[
        dict[str, dict[str, Column]], Field(description="seconds: p50, p95 and p99 by stage, and in total")
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How the recorded requests fare with certain settings, simulated. Times are in seconds."""

    wait_p50: Annotated[float | None, Field(description="for a slot")]
    wait_p95: float | None
    latency_p95: float | None
    replica_hours: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    code: str
    title: str
    text: str
    arithmetic: list[str]
    change: Annotated[dict[str, Any], Field(description="settings to change; empty if it is none of them")]
    before: Annotated[Outlook | None, Field(description="with the present settings, if simulated")] = None
    after: Annotated[Outlook | None, Field(description="with the change")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Advices:
    seconds: Annotated[int, Field(description="how far back was looked")]
    requests: Annotated[int, Field(description="finished requests with records in that time")]
    advice: Annotated[list[Advice], Field(description="the most telling first")]
    note: Annotated[str, Field(description="why nothing is advised; may be empty")]
    simulation: Annotated[str, Field(description="what was simulated, or why not; empty if not asked")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    at: datetime
    desired: int
    reason: str
    inputs: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    decisions: list[Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRecord:
    request_id: str
    deployment_id: str
    model: str
    replica_id: str
    arrived_at: Annotated[float, Field(description="seconds since 1970")]
    status: Annotated[int, Field(description="what the client was told; 0 when it was told nothing")]
    outcome: str
    seconds: Annotated[float, Field(description="from its head's arrival to its end for the client")]
    stages: Annotated[dict[str, float], Field(description="seconds by stage, as far as they are known")]
    request_bytes: int
    response_bytes: int
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    requests: list[RequestRecord]
    sampled_out: Annotated[int, Field(description="requests of which there was never a record")]


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
class Key:
    prefix: str
    name: str
    scopes: list[str]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedKey(Key):
    api_key: Annotated[str, Field(description="shown this once")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    api_keys: list[Key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    secrets: list[Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveDeployment(Deployment):
    """Without what never changes and may be large: `example_input` is null."""

    replicas: list[Replica]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One deployment with all that queues and runs. Its `example_input` is null."""

    deployment: Deployment
    queue: Queue
    replicas: list[Lanes]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveState:
    """Everything that can change by itself."""

    models: list[Model]
    deployments: list[LiveDeployment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    success: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    url: Annotated[str, Field(description="where models answer, as control's own machine reaches it")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    free_bytes: int
    total_bytes: int
    min_free_bytes: Annotated[int, Field(description="what a push has to leave free")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskEntry:
    what: Annotated[
        str, Field(description="snapshots, environments, downloads, logs, or what else lies there")
    ]
    name: str
    size_bytes: int
    used_by: Annotated[list[str], Field(description="the deployments, as model: id")]
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    data_dir: str
    free_bytes: int
    total_bytes: int
    min_free_bytes: Annotated[int, Field(description="what a push has to leave free")]
    entries: list[DiskEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    what: Annotated[str, Field(description="deployments, or a kind of files")]
    name: str
    size_bytes: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    dry_run: Annotated[bool, Field(description="whether this is only what would be removed")]
    removed: list[Removed]
    size_bytes: int


def instant(seconds: float) -> datetime:
    """Seconds since 1970 as a time with its zone."""
    return datetime.fromtimestamp(seconds, UTC)
