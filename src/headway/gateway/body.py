"""A request's body on its way: kept while the request queues, within bounds, then passed on as it comes; and whether it
may be sent once more.
"""

from headway.core.wire import TAKEN_UP_WHOLE_BYTES

_MOST_SENDS = 3
"""A request on which replicas die is sent no more often than this, however its owner wants it retried."""
_MOST_RETURNS = 5
"""Nor does it come back more often from replicas that say, or show, that they did not take it up."""


class BodyBudget:
    """How many bytes of bodies all queued requests together may keep in memory."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0


class RequestBody:
    """What has been read of a body. What it keeps counts against the budget until `release`."""

    __slots__ = (
        "_budget",
        "_returns",
        "_sends",
        "is_at_hand",
        "is_complete",
        "kept",
        "kept_bytes",
        "received_bytes",
    )

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.kept: list[bytes] = []
        self.kept_bytes = 0
        self.received_bytes = 0
        self.is_complete = False
        """It was read to its end."""
        self.is_at_hand = False
        """All of it was sent, and is kept still."""
        self._sends = self._returns = 0

    def note_sent(self) -> None:
        """A replica is sent what was read so far; unless that is all of it, it is kept no more."""
        self._sends += 1
        self.is_at_hand = self.is_complete
        if not self.is_complete:
            self.release()

    def may_return(self) -> bool:
        """Whether it goes back to the queue, as its replica did not take it up; that is counted."""
        if not self.is_at_hand or self._returns >= _MOST_RETURNS:
            return False
        self._returns += 1
        return True

    def was_never_begun(self) -> bool:
        """Of one that its replica did not read to its end."""
        return self.is_at_hand and self.received_bytes <= TAKEN_UP_WHOLE_BYTES

    def may_be_retried(self) -> bool:
        return self.is_at_hand and self._sends < _MOST_SENDS

    def keep(self, data: bytes, limit_bytes: int) -> bool:
        """Whether more of it may be kept."""
        budget, size = self._budget, len(data)
        self.kept.append(data)
        self.kept_bytes += size
        budget.used_bytes += size
        return self.kept_bytes < limit_bytes and budget.used_bytes < budget.limit_bytes

    def release(self) -> None:
        """What was kept is needed no more."""
        if self.kept_bytes:
            self._budget.used_bytes -= self.kept_bytes
            self.kept_bytes = 0
            self.kept = []
