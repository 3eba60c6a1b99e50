"""A request's body on its way: kept while the request queues, within bounds, then passed on as it comes."""


class BodyBudget:
    """How many bytes of bodies all queued requests together may keep in memory."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0


class RequestBody:
    """What has been read of a body. What it keeps counts against the budget until `release`."""

    __slots__ = ("_budget", "is_complete", "kept", "kept_bytes", "received_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self.kept: list[bytes] = []
        self.kept_bytes = 0
        self.received_bytes = 0
        self.is_complete = False
        """It was read to its end."""

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
