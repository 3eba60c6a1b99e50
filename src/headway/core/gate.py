"""The predict gate of one replica: at most `limit` requests inside, the others wait in order of arrival.

Rules (I4):
- a request is inside from `Entered` until `leave`; who calls `leave` says that its work has really stopped;
- a newcomer never overtakes: it enters at once only when nobody waits;
- a waiter that gives up is out in one step and never entered later;
- leaving twice, or leaving without being inside, is a defect of the caller and raises UsageError.

The replica and the simulator use this same object.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from headway.core.errors import UsageError

Request = TypeVar("Request", bound=Hashable)


@dataclass(frozen=True, slots=True)
class GateStatistics:
    limit: int
    inside: int
    waiting: int


class Gate(Generic[Request]):
    """Who may be inside the limited stage. Each call returns the requests that enter by it, in order."""

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise UsageError(f"a gate of {limit} places would let nobody in")
        self._limit = limit
        self._inside: set[Request] = set()
        self._waiting: OrderedDict[Request, None] = OrderedDict()

    def __repr__(self) -> str:
        return f"<Gate {len(self._inside)}/{self._limit} inside, {len(self._waiting)} waiting>"

    def arrive(self, request: Request) -> tuple[Request, ...]:
        """A request wants in: it enters now, or waits behind those before it."""
        if request in self._inside or request in self._waiting:
            raise UsageError(f"{request!r} is at the gate already")
        if len(self._inside) < self._limit:  # then nobody waits
            return (self._enter(request),)
        self._waiting[request] = None
        return ()

    def leave(self, request: Request) -> tuple[Request, ...]:
        """A request's work inside has really stopped: the next one enters."""
        try:
            self._inside.remove(request)
        except KeyError:
            raise UsageError(f"{request!r} is not inside the gate") from None
        if not self._waiting:
            return ()
        following, _ = self._waiting.popitem(last=False)
        return (self._enter(following),)

    def give_up(self, request: Request) -> bool:
        """A waiting request is gone. False when it does not wait (it entered, or was never here)."""
        if request not in self._waiting:
            return False
        del self._waiting[request]
        return True

    def statistics(self) -> GateStatistics:
        return GateStatistics(self._limit, len(self._inside), len(self._waiting))

    def _enter(self, request: Request) -> Request:
        self._inside.add(request)
        return request
