"""What is kept of one request that is over, and how many such records a second are kept: pure, told the time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from sys import intern
from typing import Any, Self

from headway.core.stages import Stage

_CLIENT_ERROR, _SERVER_ERROR = 400, 500
STAGES = tuple(stage.value for stage in Stage)
FIRST_BYTE = "first_byte"
"""Not a stage: the time until the answer began, most stages' sum."""


def status_class(status: int) -> str:
    """`2xx` and so on; `none` for a client that was told nothing."""
    return f"{status // 100}xx" if status else "none"


class Outcome(StrEnum):
    """How a request ended for its client. Strings, so that their hash is cheap: each request is counted by it."""

    FINISHED = "finished"
    """The replica's answer was passed on whole."""
    REFUSED = "refused"
    EXPIRED = "expired"
    """It waited too long."""
    OVERRAN = "overran"
    """It held its slot too long."""
    ABANDONED = "abandoned"
    """The client left."""
    LOST = "lost"
    """Its replica went away, or answered what cannot be passed on."""


FINISHED_4XX, FINISHED_5XX = "finished_4xx", "finished_5xx"
ERRORS = (FINISHED_4XX, FINISHED_5XX, *(one.value for one in Outcome if one is not Outcome.FINISHED))
"""The kinds of ends that are not what the client wanted."""


def kind_of(outcome: Outcome, status: int) -> str:
    """One of ERRORS, or `finished`."""
    if outcome is Outcome.FINISHED and status >= _CLIENT_ERROR:
        return FINISHED_4XX if status < _SERVER_ERROR else FINISHED_5XX
    return outcome.value


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request. `status` is what the client was told, 0 when it was told nothing.

    `stages` holds seconds by the names in STAGES, as far as they are known. `response_bytes` counts the body as it
    came from the replica, its framing included.
    """

    request_id: str
    deployment_id: str
    model: str
    replica_id: str
    arrived_at: float
    """Seconds since 1970."""
    status: int
    outcome: Outcome
    seconds: float
    """From its head's arrival to its end for the client."""
    stages: Mapping[str, float] = field(default_factory=dict)
    request_bytes: int = 0
    response_bytes: int = 0
    trace_id: str = ""
    """Of the W3C trace that the client named; empty when it named none."""
    ended_in: str = ""
    """The stage that it was in when it ended without a whole answer; empty where it had one, was refused, or that is
    not known."""

    @property
    def ended_at(self) -> float:
        """Seconds since 1970."""
        return self.arrived_at + self.seconds

    @property
    def first_byte(self) -> float | None:
        """Seconds until its answer began; None when it had none of a replica."""
        send = self.stages.get(Stage.SEND)
        return None if send is None else max(0.0, round(self.seconds - send, 6))

    @property
    def stage(self) -> str:
        """The one that it ended in, or took longest where it was answered whole; empty when none is known."""
        if self.outcome is not Outcome.FINISHED:
            return self.ended_in
        return max(self.stages, key=self.stages.__getitem__, default="")

    @property
    def kind(self) -> str:
        return kind_of(self.outcome, self.status)

    def as_row(self) -> dict[str, Any]:
        """The record in JSON's types."""
        return {
            "request_id": self.request_id,
            "deployment_id": self.deployment_id,
            "model": self.model,
            "replica_id": self.replica_id,
            "arrived_at": self.arrived_at,
            "status": self.status,
            "outcome": self.outcome.value,
            "seconds": self.seconds,
            "stages": dict(self.stages),
            "request_bytes": self.request_bytes,
            "response_bytes": self.response_bytes,
            "trace_id": self.trace_id,
            "ended_in": self.ended_in,
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The record that `as_row` made. Raises KeyError, TypeError or ValueError when it is none."""
        stages = row["stages"]
        return cls(
            request_id=str(row["request_id"]),
            # Records are kept in great number, and most of them name the same few.
            deployment_id=intern(row["deployment_id"]),
            model=intern(row["model"]),
            replica_id=intern(row["replica_id"]),
            arrived_at=float(row["arrived_at"]),
            status=int(row["status"]),
            outcome=Outcome(row["outcome"]),
            seconds=float(row["seconds"]),
            stages={stage: float(stages[stage]) for stage in STAGES if stage in stages},
            request_bytes=int(row["request_bytes"]),
            response_bytes=int(row["response_bytes"]),
            trace_id=str(row["trace_id"]),
            ended_in=intern(row.get("ended_in", "")),  # former versions do not tell
        )


class TokenBucket:
    """Lets `rate` things a second pass, and up to `capacity` at once after a pause."""

    def __init__(self, rate: float, capacity: float, now: float) -> None:
        self._rate = rate
        self._capacity = capacity
        self._tokens = capacity
        self._at = now

    def available(self, now: float) -> int:
        """How many may pass now. A clock that goes back gives nothing."""
        elapsed = max(0.0, now - self._at)
        self._at += elapsed
        self._tokens = min(self._capacity, self._tokens + elapsed * self._rate)
        return int(self._tokens)

    def take(self, wanted: int, now: float) -> int:
        """How many of `wanted` pass now."""
        granted = min(wanted, self.available(now))
        self._tokens -= granted
        return granted


def fair_shares(counts: Sequence[int], room: int) -> list[int]:
    """How many of each there is room for: small ones whole, and what they leave is shared evenly by the others."""
    shares = [0] * len(counts)
    for waiting, place in enumerate(sorted(range(len(counts)), key=counts.__getitem__)):
        shares[place] = min(counts[place], room // (len(counts) - waiting))
        room -= shares[place]
    return shares
