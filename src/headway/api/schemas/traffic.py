"""What passes through a deployment, at this moment and lately, and what was decided from it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import Field

from headway.api.schemas.resources import Deployment, Replica
from headway.observed.records import Outcome

Column = list[float | None]


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
    errors: Annotated[
        dict[str, Column],
        Field(
            description="requests per second that did not end well, by outcome; of finished ones by status"
        ),
    ]
    stages: Annotated[
        dict[str, dict[str, Column]],
        Field(
            description="seconds: p50, p90, p95 and p99 by stage, in total, and until the first byte of the answer"
        ),
    ]
    sizes: Annotated[
        dict[str, dict[str, Column]],
        Field(description="p50, p90, p95 and p99 of request_bytes and response_bytes"),
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
    outcome: Outcome
    seconds: Annotated[float, Field(description="from its head's arrival to its end for the client")]
    first_byte: Annotated[
        float | None, Field(description="seconds until the first byte of the answer; null when it had none")
    ]
    stages: Annotated[dict[str, float], Field(description="seconds by stage, as far as they are known")]
    ended_at: Annotated[float, Field(description="seconds since 1970")]
    ended_in: Annotated[
        str,
        Field(description="the stage it was in then; empty if answered whole, refused, or not known"),
    ]
    request_bytes: int
    response_bytes: int
    trace_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantiles:
    p50: float
    p90: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How many requests there are records of, the most first; up to 100 of each."""

    status: dict[str, int]
    outcome: dict[str, int]
    replica: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    requests: list[RequestRecord]
    matched: Annotated[int, Field(description="so many fit the filters, listed here or not")]
    times: Annotated[
        dict[str, Quantiles],
        Field(description="seconds of all that fit: in all (`seconds`), until `first_byte`, and by stage"),
    ]
    kept: Annotated[int, Field(description="records of the deployment, whether they fit or not")]
    counts: Annotated[Kept, Field(description="those records by what they can be filtered by")]
    sampled_out: Annotated[int, Field(description="requests of which there was never a record")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One deployment with all that queues and runs. Its `example_input` is null."""

    deployment: Deployment
    queue: Queue
    replicas: list[Lanes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Success:
    success: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Inference:
    url: Annotated[str, Field(description="where models answer, as control's own machine reaches it")]


def instant(seconds: float) -> datetime:
    """Seconds since 1970 as a time with its zone."""
    return datetime.fromtimestamp(seconds, UTC)
