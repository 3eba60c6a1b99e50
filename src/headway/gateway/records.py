"""Makes records of requests that have ended, sampled above a rate, and keeps them until control is sent them.

Counts are exact: those are the tallies'.
"""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import Any

from headway.core.stages import LABELS, Stage
from headway.gateway.server_timing import stages_of
from headway.gateway.tally import TOLD_BY_REPLICAS, Candidate, Ends, Tally
from headway.observed.records import Outcome, RequestRecord, TokenBucket, fair_shares, kind_of
from headway.telemetry.spans import caller_of

RECORDS_PER_SECOND = 500
_CAPACITY = 2 * RECORDS_PER_SECOND
"""So what has at most the rate in any second is kept whole, with folds up to half a second apart."""
_MOST_KEPT = 10 * RECORDS_PER_SECOND
"""Records that wait for control; the newest stay."""
_STEP = 20
"""Records made in one go: about 0.3 ms."""
_REFUSED_PART = 10
"""Where records are sampled, at most a tenth of a deployment's are of refused requests: they come by the thousand, all
alike, and would wear out what is kept and stored of others."""
_MOST_GONE = 20
"""Deployments that are gone and whose counts can still be read. Each takes 3 ms of every scrape."""

_OWN_STAGES = {LABELS[stage].encode(): stage.value for stage in (Stage.QUEUE, Stage.COLD_START)}
_REPLICA_STAGES = {LABELS[stage].encode(): stage.value for stage in TOLD_BY_REPLICAS}
_ENDED_IN = {stage.words: stage.value for stage in Stage}


class Recorder:
    """All deployments' tallies, and the records that control has not been sent yet."""

    def __init__(self, now: float, wall_clock: float) -> None:
        self._tallies: dict[str, Tally] = {}
        self._gone: deque[str] = deque()
        self._bucket = TokenBucket(RECORDS_PER_SECOND, _CAPACITY, now)
        self._records: deque[RequestRecord] = deque()
        self._unsent: Counter[str] = (
            Counter()
        )  # records that were not kept, by deployment, since they were last told
        self._wall_offset = wall_clock - now
        self.nowhere = Tally("", "")
        """What was refused before it was known whom it is for."""

    def tally(self, deployment_id: str, model: str) -> Tally:
        """The tally of a deployment, made when it is first asked for."""
        if deployment_id in self._gone:
            self._gone.remove(deployment_id)
        if deployment_id not in self._tallies:
            known = self._tallies[deployment_id] = Tally(deployment_id, model)
            known.make_room(_CAPACITY)
        return self._tallies[deployment_id]

    def forget(self, deployment_id: str) -> None:
        """The deployment is gone. Its counts stay readable until many others are gone too."""
        self._gone.append(deployment_id)
        while len(self._gone) > _MOST_GONE:
            del self._tallies[self._gone.popleft()]

    def tallies(self) -> list[Tally]:
        return [self.nowhere, *self._tallies.values()]

    def fold(self, now: float) -> None:
        """Make records of as much of what has ended as the rate allows, spread evenly, all at once."""
        for _ in self.folding(now):
            pass

    def folding(self, now: float) -> Iterator[None]:
        """The same in steps of a fraction of a millisecond, between which requests can go on. Begin it every quarter
        of a second; more than half a second apart, more is left out than need be.
        """
        room = self._bucket.available(now) + RECORDS_PER_SECOND // 2
        batches = []
        for tally in self._tallies.values():
            candidates, ended = tally.take(room)
            self._leave_out(tally.deployment_id, ended - len(candidates))
            if candidates:
                batches.append((tally, candidates))
        for (tally, candidates), share in zip(batches, self._shares(batches, now), strict=True):
            kept = candidates if share == len(candidates) else _sampled(candidates, share)
            for place, candidate in enumerate(kept, start=1):
                self._keep(tally, candidate)
                if place % _STEP == 0:
                    yield
            self._leave_out(tally.deployment_id, len(candidates) - len(kept))

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell control."""
        return bool(self._records or self._unsent)

    def take_rows(self, most: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """The oldest records for control, and how many were not kept since the last time, by deployment."""
        rows = [self._records.popleft().as_row() for _ in range(min(most, len(self._records)))]
        unsent, self._unsent = dict(self._unsent), Counter()
        return rows, unsent

    def take_ends(self) -> dict[str, Ends]:
        """How many requests ended since the last time, by deployment."""
        return {
            deployment_id: ends
            for deployment_id, tally in self._tallies.items()
            if (ends := tally.take_ends()) is not None
        }

    def _shares(self, batches: Sequence[tuple[Tally, Sequence[Candidate]]], now: float) -> list[int]:
        """How many records of each there may be. A quiet deployment is not crowded out by a busy one."""
        counts = [len(candidates) for _, candidates in batches]
        return fair_shares(counts, self._bucket.take(sum(counts), now))

    def _keep(self, tally: Tally, candidate: Candidate) -> None:
        if len(self._records) >= _MOST_KEPT:
            self._leave_out(self._records.popleft().deployment_id, 1)
        record = _record(tally, candidate, self._wall_offset)
        tally.observe(record)
        self._records.append(record)

    def _leave_out(self, deployment_id: str, count: int) -> None:
        if count:
            self._unsent[deployment_id] += count
            if deployment_id in self._tallies:
                self._tallies[deployment_id].sampled_out += count


def _sampled(candidates: Sequence[Candidate], most: int) -> list[Candidate]:
    """Evenly over the time of each kind of end, so that a rare one is not lost among many of another."""
    kinds: dict[str, list[Candidate]] = {}
    for one in candidates:
        kinds.setdefault(kind_of(one[0], one[1]), []).append(one)
    refused = kinds.get(Outcome.REFUSED.value)
    if refused is not None:
        kinds[Outcome.REFUSED.value] = _evenly(refused, min(len(refused), max(1, most // _REFUSED_PART)))
    shares = fair_shares([len(of_kind) for of_kind in kinds.values()], most)
    kept = zip(kinds.values(), shares, strict=True)
    return [one for of_kind, share in kept for one in _evenly(of_kind, share)]


def _evenly(candidates: list[Candidate], count: int) -> list[Candidate]:
    return [candidates[place * len(candidates) // count] for place in range(count)]


def _record(tally: Tally, candidate: Candidate, wall_offset: float) -> RequestRecord:
    outcome, status, progress, ended, replica_id, request_id, received, head, timing = candidate
    seconds = ended - progress.arrived_at
    stages = stages_of(timing, _OWN_STAGES)
    if not stages and outcome is not Outcome.REFUSED:
        stages[Stage.QUEUE.value] = round(seconds, 6)
    if progress.answer_head is not None:
        stages |= stages_of(progress.answer_head, _REPLICA_STAGES)
        stages[Stage.SEND.value] = round(ended - progress.answered_at, 6)
    caller = caller_of(head.header(b"traceparent"))
    return RequestRecord(
        request_id=request_id.decode(),
        deployment_id=tally.deployment_id,
        model=tally.model,
        replica_id=replica_id,
        arrived_at=round(progress.arrived_at + wall_offset, 6),
        status=status,
        outcome=outcome,
        seconds=round(seconds, 6),
        stages=stages,
        request_bytes=received,
        response_bytes=progress.answer_bytes,
        trace_id="" if caller is None else caller.trace_id,
        ended_in=_ENDED_IN.get(progress.ended_in, ""),
    )
