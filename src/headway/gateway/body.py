"""A request's body on its way: kept while the request queues, within bounds, then passed on as it comes."""


class BodyBudget:
    """How many bytes of bodies all queued requests together may keep in memory."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    @property
    def is_exhausted(self) -> bool:
        return self.used_bytes >= self.limit_bytes


class RequestBody:
    """What has been read of a body. What it keeps counts against the budget until `release`."""

    __slots__ = ("_budget", "_kept", "is_complete", "kept_bytes", "received_bytes")

    def __init__(self, budget: BodyBudget) -> None:
        self._budget = budget
        self._kept: list[bytes] = []
        self.kept_bytes = 0
        self.received_bytes = 0
        self.is_complete = False
        """It was read to its end."""

    @property
    def kept(self) -> list[bytes]:
        return self._kept

    def keep(self, data: bytes) -> None:
        self._kept.append(data)
        self.kept_bytes += len(data)
        self._budget.used_bytes += len(data)

    def is_full(self, limit_bytes: int) -> bool:
        """No more of it should be kept."""
        return self.kept_bytes >= limit_bytes or self._budget.is_exhausted

    def release(self) -> None:
        """What was kept is needed no more."""
        if self.kept_bytes:
            self._budget.used_bytes -= self.kept_bytes
            self.kept_bytes = 0
            self._kept = []
