"""The predict gate as coroutines wait at it; who enters when is decided in core/gate.py."""

import asyncio
from collections.abc import Hashable

from headway.core.gate import Gate, GateStatistics


class PredictGate:
    """At most `limit` requests between `enter` and `leave`, in order of arrival."""

    def __init__(self, limit: int) -> None:
        self._gate: Gate[Hashable] = Gate(limit)
        self._wakeups: dict[Hashable, asyncio.Future[None]] = {}

    def __repr__(self) -> str:
        return repr(self._gate)

    async def enter(self, request: Hashable) -> None:
        """Return when the request is inside; whoever was let in calls `leave` once. Cancelled, it is out."""
        if self._gate.arrive(request):
            return
        wakeup = self._wakeups[request] = asyncio.get_running_loop().create_future()
        try:
            await wakeup
        except asyncio.CancelledError:
            # It may have been let in and cancelled in the same turn of the loop: then its place is free again.
            if not self._gate.give_up(request):
                self.leave(request)
            raise
        finally:
            del self._wakeups[request]

    def leave(self, request: Hashable) -> bool:
        """The request's work inside has really stopped. True when that let another one in."""
        following = self._gate.leave(request)
        for entered in following:
            wakeup = self._wakeups[entered]
            if not wakeup.done():
                wakeup.set_result(None)
        return bool(following)

    def statistics(self) -> GateStatistics:
        return self._gate.statistics()
