"""The facts that core reports, one vocabulary for instruction, log, metric, console and trace.

A request is named by whatever object its shell submitted; a replica by its id. Instants are monotonic seconds,
durations seconds.

Nobody changes a fact. They are not frozen all the same: to make a frozen one takes twice as long (0.6 instead of
0.3 microseconds), and each request makes three.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

Request = TypeVar("Request")


class Expiry(Enum):
    """Which bound a request ran into while it queued."""

    QUEUE_TIMEOUT = "queue_timeout"
    DEADLINE = "deadline"


@dataclass(slots=True)
class Queued(Generic[Request]):
    """The request waits; `place` 1 is the head of the queue."""

    request: Request
    at: float
    place: int


@dataclass(slots=True)
class Refused(Generic[Request]):
    """The queue is full: the request was turned away."""

    request: Request
    at: float
    queued: int


@dataclass(slots=True)
class Dispatched(Generic[Request]):
    """The request holds a slot of the replica from now on: send it there."""

    request: Request
    replica_id: str
    at: float
    waited: float


@dataclass(slots=True)
class Returned(Generic[Request]):
    """The replica never took the request up: it is back in the queue at its old place."""

    request: Request
    replica_id: str
    at: float


@dataclass(slots=True)
class Expired(Generic[Request]):
    """The request waited too long and is out of the queue; `place` is where it stood."""

    request: Request
    at: float
    waited: float
    place: int
    cause: Expiry


@dataclass(slots=True)
class Overran(Generic[Request]):
    """The request held its slot for `held`, longer than request_timeout: answer it, and stop its work.

    It still holds the slot, as abandoned, until it is finished.
    """

    request: Request
    replica_id: str
    at: float
    held: float


@dataclass(slots=True)
class Abandoned(Generic[Request]):
    """The client left. With a `replica_id` the work still runs there and holds its slot; without, it queued."""

    request: Request
    at: float
    replica_id: str | None


@dataclass(slots=True)
class Finished(Generic[Request]):
    """The replica is done with the request, and its slot is free again."""

    request: Request
    replica_id: str
    at: float
    held: float
    abandoned: bool


@dataclass(slots=True)
class Lost(Generic[Request]):
    """The replica went away while it held the request."""

    request: Request
    replica_id: str
    at: float
    abandoned: bool


@dataclass(slots=True)
class Drained:
    """A draining replica holds nothing any more."""

    replica_id: str
    at: float


@dataclass(slots=True)
class Stuck:
    """Every slot of the replica has been held by abandoned work since `since`: it wants replacing."""

    replica_id: str
    at: float
    since: float


RequestEvent = (
    Queued[Request]
    | Refused[Request]
    | Dispatched[Request]
    | Returned[Request]
    | Expired[Request]
    | Overran[Request]
    | Abandoned[Request]
    | Finished[Request]
    | Lost[Request]
)
Event = RequestEvent[Request] | Drained | Stuck
