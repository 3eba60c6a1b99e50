"""Keeps records of the requests that ended lately, as gateways tell them: so many a deployment, and so many in all."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from headway.core.errors import UsageError
from headway.observed.records import STAGES, RequestRecord

KEPT_PER_DEPLOYMENT = 10_000
KEPT_IN_ALL = 100_000
SORTS = ("arrived_at", "seconds", *STAGES)
"""What records are asked for by: the newest first, or the longest, in all or in one stage."""


class RequestHistory:
    """The newest records. `sampled_out` says of how many requests no record came. `recorded` is told what comes."""

    def __init__(self, per_deployment: int = KEPT_PER_DEPLOYMENT, in_all: int = KEPT_IN_ALL) -> None:
        self.recorded: Callable[[Sequence[RequestRecord]], None] = lambda _: None
        self._per_deployment = per_deployment
        self._in_all = in_all
        self._records: dict[str, deque[RequestRecord]] = {}
        self._count = 0
        self._sampled_out: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._count

    def record(self, rows: Sequence[Mapping[str, Any]], sampled_out: Mapping[str, int]) -> None:
        """Take a gateway's report. Raises KeyError, TypeError or ValueError when a row is no record."""
        records = [RequestRecord.from_row(row) for row in rows]
        for record in records:
            ring = self._ring(record.deployment_id)
            self._count += len(ring) < self._per_deployment
            ring.append(record)
        self._sampled_out.update(sampled_out)
        while self._count > self._in_all:  # a busy deployment's go first: a quiet one keeps its few
            longest = max(self._records.values(), key=len)
            for _ in range(self._count - self._in_all):
                longest.popleft()
                self._count -= 1
                if len(longest) * len(self._records) <= self._in_all:
                    break
        self.recorded(records)

    def restore(self, deployment_id: str, records: Iterable[RequestRecord]) -> bool:
        """Take records older than all that are here, the newest first; returns whether there is room for more."""
        for record in records:
            ring = self._ring(deployment_id)
            if self._count >= self._in_all or len(ring) >= self._per_deployment:
                return False
            ring.appendleft(record)
            self._count += 1
        return True

    def latest(
        self, deployment_id: str, limit: int = 100, since: float = 0.0, sort_by: str = "arrived_at"
    ) -> list[RequestRecord]:
        """Up to `limit` records of requests that arrived after `since` (seconds since 1970), in the order of SORTS.

        Raises UsageError when there is no such order.
        """
        if sort_by not in SORTS:
            raise UsageError(f"requests cannot be sorted by {sort_by!r}; they can by {', '.join(SORTS)}")
        found = [one for one in self._records.get(deployment_id, ()) if one.arrived_at > since]
        if sort_by in STAGES:
            found = [one for one in found if sort_by in one.stages]
            found.sort(key=lambda one: one.stages[sort_by], reverse=True)
        else:
            found.sort(key=lambda one: float(getattr(one, sort_by)), reverse=True)
        return found[:limit]

    def find(self, deployment_id: str, request_id: str) -> RequestRecord | None:
        """The record of one request, if it is kept."""
        kept = reversed(self._records.get(deployment_id, ()))
        return next((one for one in kept if one.request_id == request_id), None)

    def sampled_out(self, deployment_id: str) -> int:
        """Of how many requests of the deployment there was never a record."""
        return self._sampled_out[deployment_id]

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone."""
        self._count -= len(self._records.pop(deployment_id, ()))
        self._sampled_out.pop(deployment_id, None)

    def _ring(self, deployment_id: str) -> deque[RequestRecord]:
        return self._records.setdefault(deployment_id, deque(maxlen=self._per_deployment))
