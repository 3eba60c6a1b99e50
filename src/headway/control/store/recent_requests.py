"""Keeps records of the requests that ended lately, as gateways tell them: so many a deployment, and so many in all."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from headway.observed.records import RequestRecord

KEPT_PER_DEPLOYMENT = 10_000
KEPT_IN_ALL = 100_000


class _Kept:
    """One deployment's, by the kind of their end. Where there are too many, that of the most numerous kind goes which
    came first: thousands that were refused leave those that were answered alone.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kinds: dict[str, deque[RequestRecord]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[RequestRecord]:
        return chain.from_iterable(self._kinds.values())

    def add(self, record: RequestRecord) -> None:
        self._kinds.setdefault(record.kind, deque()).append(record)
        self._count += 1
        if self._count > self._most:
            self.drop_oldest()

    def add_oldest(self, record: RequestRecord) -> None:
        self._kinds.setdefault(record.kind, deque()).appendleft(record)
        self._count += 1

    def drop_oldest(self) -> None:
        max(self._kinds.values(), key=len).popleft()
        self._count -= 1


class RequestHistory:
    """The newest records. `sampled_out` says of how many requests no record came. `recorded` is told what comes."""

    def __init__(self, per_deployment: int = KEPT_PER_DEPLOYMENT, in_all: int = KEPT_IN_ALL) -> None:
        self.recorded: Callable[[Sequence[RequestRecord]], None] = lambda _: None
        self._per_deployment = per_deployment
        self._in_all = in_all
        self._kept: dict[str, _Kept] = {}
        self._count = 0
        self._sampled_out: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._count

    def record(self, rows: Sequence[Mapping[str, Any]], sampled_out: Mapping[str, int]) -> None:
        """Take a gateway's report. Raises KeyError, TypeError or ValueError when a row is no record."""
        records = [RequestRecord.from_row(row) for row in rows]
        for record in records:
            kept = self._of(record.deployment_id)
            before = len(kept)
            kept.add(record)
            self._count += len(kept) - before
        self._sampled_out.update(sampled_out)
        while self._count > self._in_all:  # a busy deployment's go first: a quiet one keeps its few
            busiest = max(self._kept.values(), key=len)
            for _ in range(self._count - self._in_all):
                busiest.drop_oldest()
                self._count -= 1
                if len(busiest) * len(self._kept) <= self._in_all:
                    break
        self.recorded(records)

    def restore(self, deployment_id: str, records: Iterable[RequestRecord]) -> bool:
        """Take records older than all that are here, the newest first; returns whether there is room for more."""
        for record in records:
            kept = self._of(deployment_id)
            if self._count >= self._in_all or len(kept) >= self._per_deployment:
                return False
            kept.add_oldest(record)
            self._count += 1
        return True

    def latest(self, deployment_id: str, limit: int = 100, since: float = 0.0) -> list[RequestRecord]:
        """Up to `limit` records of requests that arrived after `since` (seconds since 1970), the newest first."""
        found = [one for one in self._kept.get(deployment_id, ()) if one.arrived_at > since]
        found.sort(key=lambda one: one.arrived_at, reverse=True)
        return found[:limit]

    def kept(self, deployment_id: str) -> list[RequestRecord]:
        """All that are kept of the deployment, by kind of end."""
        return list(self._kept.get(deployment_id, ()))

    def find(self, deployment_id: str, request_id: str) -> RequestRecord | None:
        """The record of one request, if it is kept."""
        kept = self._kept.get(deployment_id, ())
        return next((one for one in kept if one.request_id == request_id), None)

    def sampled_out(self, deployment_id: str) -> int:
        """Of how many requests of the deployment there was never a record."""
        return self._sampled_out[deployment_id]

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone."""
        self._count -= len(self._kept.pop(deployment_id, ()))
        self._sampled_out.pop(deployment_id, None)

    def _of(self, deployment_id: str) -> _Kept:
        return self._kept.setdefault(deployment_id, _Kept(self._per_deployment))
