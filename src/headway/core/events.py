"""The facts that core reports, one vocabulary for instruction, log, metric, console and trace.

A request is named by whatever object its shell submitted; a replica by its id. Instants are monotonic seconds,
durations seconds.

Nobody changes a fact. They are no dataclasses, because to make one of those is Python's work in compiled code too,
a third of a microsecond each, and a request makes three.
"""

from enum import Enum
from typing import ClassVar, Generic, TypeVar

Request = TypeVar("Request")


class Expiry(Enum):
    """Which bound a request ran into while it queued."""

    QUEUE_TIMEOUT = "queue_timeout"
    DEADLINE = "deadline"


class Fact:
    """Facts of one kind that say the same are equal."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]] = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(
            getattr(self, name) == getattr(other, name) for name in self.__match_args__
        )

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.__match_args__))

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
        return f"{type(self).__name__}({said})"


class Queued(Fact, Generic[Request]):
    """The request waits; `place` 1 is the head of the queue."""

    __match_args__ = ("request", "at", "place")
    __slots__ = __match_args__

    def __init__(self, request: Request, at: float, place: int) -> None:
        self.request = request
        self.at = at
        self.place = place


class Refused(Fact, Generic[Request]):
    """The queue is full: the request was turned away."""

    __match_args__ = ("request", "at", "queued")
    __slots__ = __match_args__

    def __init__(self, request: Request, at: float, queued: int) -> None:
        self.request = request
        self.at = at
        self.queued = queued


class Dispatched(Fact, Generic[Request]):
    """The request holds a slot of the replica from now on: send it there."""

    __match_args__ = ("request", "replica_id", "at", "waited")
    __slots__ = __match_args__

    def __init__(self, request: Request, replica_id: str, at: float, waited: float) -> None:
        self.request = request
        self.replica_id = replica_id
        self.at = at
        self.waited = waited


class Returned(Fact, Generic[Request]):
    """The replica never took the request up: it is back in the queue at its old place."""

    __match_args__ = ("request", "replica_id", "at")
    __slots__ = __match_args__

    def __init__(self, request: Request, replica_id: str, at: float) -> None:
        self.request = request
        self.replica_id = replica_id
        self.at = at


class Expired(Fact, Generic[Request]):
    """The request waited too long and is out of the queue; `place` is where it stood."""

    __match_args__ = ("request", "at", "waited", "place", "cause")
    __slots__ = __match_args__

    def __init__(self, request: Request, at: float, waited: float, place: int, cause: Expiry) -> None:
        self.request = request
        self.at = at
        self.waited = waited
        self.place = place
        self.cause = cause


class Overran(Fact, Generic[Request]):
    """The request held its slot for `held`, longer than request_timeout: answer it, and stop its work.

    It still holds the slot, as abandoned, until it is finished.
    """

    __match_args__ = ("request", "replica_id", "at", "held")
    __slots__ = __match_args__

    def __init__(self, request: Request, replica_id: str, at: float, held: float) -> None:
        self.request = request
        self.replica_id = replica_id
        self.at = at
        self.held = held


class Abandoned(Fact, Generic[Request]):
    """The client left. With a `replica_id` the work still runs there and holds its slot; without, it queued."""

    __match_args__ = ("request", "at", "replica_id")
    __slots__ = __match_args__

    def __init__(self, request: Request, at: float, replica_id: str | None) -> None:
        self.request = request
        self.at = at
        self.replica_id = replica_id


class Finished(Fact, Generic[Request]):
    """The replica is done with the request, and its slot is free again."""

    __match_args__ = ("request", "replica_id", "at", "held", "abandoned")
    __slots__ = __match_args__

    def __init__(self, request: Request, replica_id: str, at: float, held: float, abandoned: bool) -> None:
        self.request = request
        self.replica_id = replica_id
        self.at = at
        self.held = held
        self.abandoned = abandoned


class Lost(Fact, Generic[Request]):
    """The replica went away while it held the request."""

    __match_args__ = ("request", "replica_id", "at", "abandoned")
    __slots__ = __match_args__

    def __init__(self, request: Request, replica_id: str, at: float, abandoned: bool) -> None:
        self.request = request
        self.replica_id = replica_id
        self.at = at
        self.abandoned = abandoned


class Drained(Fact):
    """A draining replica holds nothing any more."""

    __match_args__ = ("replica_id", "at")
    __slots__ = __match_args__

    def __init__(self, replica_id: str, at: float) -> None:
        self.replica_id = replica_id
        self.at = at


class Stuck(Fact):
    """Every slot of the replica has been held by abandoned work since `since`: it wants replacing."""

    __match_args__ = ("replica_id", "at", "since")
    __slots__ = __match_args__

    def __init__(self, replica_id: str, at: float, since: float) -> None:
        self.replica_id = replica_id
        self.at = at
        self.since = since


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
