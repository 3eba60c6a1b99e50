"""What answers of simulations look like."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from headway.api.schemas.traffic import Column

Durations = Annotated[
    dict[str, dict[str, float] | None],
    Field(
        description="seconds, p50, p95 and p99, of: wait (for a slot), gate_wait, predict, latency (in all)"
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """By columns: means of a bucket, but `desired` at its end, and percentiles of what ended in it."""

    at: Annotated[list[float], Field(description="begins of the buckets, in seconds since 1970")]
    queued: list[float]
    in_flight: list[float]
    present: Annotated[list[float], Field(description="replicas, those that start included")]
    ready: list[float]
    desired: list[int]
    arrivals: list[int]
    p95_wait: Column
    p95_latency: Column


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What certain settings would have made of the traffic."""

    settings: dict[str, Any]
    predict_concurrency: int
    requests: int
    outcomes: Annotated[dict[str, int], Field(description="how requests ended, as in their records")]
    stages: Durations
    slo_misses: Annotated[int, Field(description="requests that failed or took longer than slo")]
    slo_miss_share: float
    replica_hours: float
    most_replicas: int
    starts: Annotated[int, Field(description="replicas that were ordered")]
    cold_starts: Annotated[int, Field(description="requests that came while no replica was ready")]
    decisions: Annotated[int, Field(description="changes of the desired number")]
    curves: Curves


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The recorded requests of some time under the present settings and under others, simulated."""

    since: Annotated[float, Field(description="seconds since 1970; the first record's arrival")]
    until: float
    requests: Annotated[int, Field(description="recorded requests that were replayed")]
    sampled_out: Annotated[int, Field(description="other requests of that time, of which there is no record")]
    start_seconds: Annotated[float, Field(description="median of the starts of replicas that were assumed")]
    recorded: Annotated[Durations, Field(description="how the requests fared in truth")]
    before: Trial
    after: Trial
    warnings: Annotated[list[str], Field(description="of the changed settings")]
    notes: Annotated[list[str], Field(description="what was assumed, and what was left out")]
