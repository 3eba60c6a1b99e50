"""Counts how requests end, exactly, and keeps records of them, sampled above a rate.

A request that finishes leaves a small tuple in its deployment's list. What is known of it beyond that is noted only of
as many requests as there can be records of. The rest is done in batches, by `Recorder.fold`: counting at once, in the
midst of all else, took a request of 46 us 2.5 us more, and this takes 1.2.
"""

import logging
from collections import Counter, deque
from collections.abc import Iterator
from operator import itemgetter
from time import monotonic
from typing import Any

from headway.core.stages import IN_REPLICA, LABELS, Stage
from headway.gateway.passenger import Passenger, Progress
from headway.gateway.request_head import RequestHead
from headway.gateway.server_timing import stages_of
from headway.gateway.tracing import RequestTrace, Waits
from headway.observed.histogram import Histogram
from headway.observed.records import Outcome, RequestRecord, TokenBucket, status_class
from headway.telemetry.spans import caller_of

_log = logging.getLogger(__name__)

RECORDS_PER_SECOND = 500
_CAPACITY = 2 * RECORDS_PER_SECOND
"""So what has at most the rate in any second is kept whole, with folds up to half a second apart."""
_MOST_KEPT = 10 * RECORDS_PER_SECOND
"""Records that wait for control; the newest stay."""
_STEP = 20
"""Records made in one go: about 0.3 ms."""
_MOST_GONE = 20
"""Deployments that are gone and whose counts can still be read. Each takes 3 ms of every scrape."""

_OWN_STAGES = {LABELS[stage].encode(): stage.value for stage in (Stage.QUEUE, Stage.COLD_START)}
_REPLICA_STAGES = {LABELS[stage].encode(): stage.value for stage in IN_REPLICA if stage is not Stage.SEND}

Whole = tuple[int, float, float, float]
"""One request whose answer has passed whole: status, seconds it queued, instants of its coming and its end."""


_Candidate = tuple[Outcome, int, Progress, float, str, bytes, int, RequestHead, bytes]
"""Outcome, status, progress, end, replica, the request's id, bytes of its body, its head, and the gateway's own timing
line (empty: it never got a slot)."""


class Tally:
    """What became of one deployment's requests, complete up to the last fold."""

    def __init__(self, deployment_id: str, model: str) -> None:
        self.deployment_id = deployment_id
        self.model = model
        self.ends: Counter[tuple[Outcome, int]] = Counter()
        """How many requests ended so, by outcome and status."""
        self.queue_seconds = Histogram()
        self.request_seconds = Histogram()
        self.stage_seconds = {stage: Histogram() for stage in _REPLICA_STAGES.values()}
        """Of the requests of which a record was kept."""
        self.sampled_out = 0
        self.told: Counter[str] = Counter()
        """What control was told of `ends`, by class of status."""
        self.whole: list[Whole] = []
        """Those since the last fold, which comes every quarter of a second; always the same list."""
        self._add_whole = self.whole.append
        self.room = 0
        """How many more requests may make notes of their progress until the next fold."""
        self._candidates: list[_Candidate] = []
        self._ended_otherwise = 0

    def progress(self) -> Progress | None:
        """Where a request notes its progress; None when there would be no record of it."""
        if self.room <= 0:
            return None
        self.room -= 1
        return Progress()

    def end(self, request: Passenger, outcome: Outcome, status: int = 0, why: str = "") -> None:
        """The request is over for its client, otherwise than by a whole answer. It was told `status`, if not that
        of an answer that had begun; `why` is for the log.
        """
        status = request.status or status
        self.ends[outcome, status] += 1
        self._ended_otherwise += 1
        if request.submitted_at:
            self.request_seconds.observe(max(0.0, monotonic() - request.submitted_at))
        if request.timing:
            self.queue_seconds.observe(request.queue_seconds)
        if request.progress is not None:
            self.put_aside(request, request.progress, outcome, status)
        if request.head.trace is not None:
            self._tell_trace(request.head.trace, request, outcome, status)
        level = logging.WARNING if outcome is Outcome.LOST else logging.DEBUG
        if _log.isEnabledFor(level):
            fields = {
                "request_id": request.request_id.decode(),
                "client_request_id": (request.head.client_id or b"").decode(),
                "deployment": self.deployment_id,
                "replica": request.replica_id,
                "status": status,
            }
            _log.log(level, "a request ended: %s%s", outcome.value, f": {why}" if why else "", extra=fields)

    def end_whole(self, request: Passenger, now: float) -> None:
        """Its client has the whole answer; `now` by the loop's clock."""
        self._add_whole((request.status, request.queue_seconds, request.submitted_at, now))
        if request.progress is not None:
            self.put_aside(request, request.progress, Outcome.FINISHED, request.status)
        if request.head.trace is not None:
            self._tell_trace(request.head.trace, request, Outcome.FINISHED, request.status)

    def refuse(self, status: int) -> None:
        """A request was turned away before it was one of the deployment's queue: counted, not recorded."""
        self.ends[Outcome.REFUSED, status] += 1

    def put_aside(self, request: Passenger, progress: Progress, outcome: Outcome, status: int) -> None:
        """A request that made notes has ended: a record may be made of it."""
        self._candidates.append(
            (
                outcome,
                status,
                progress,
                monotonic(),
                request.replica_id,
                request.request_id,
                request.body.received_bytes,
                request.head,
                request.timing,
            )
        )

    def _tell_trace(self, trace: RequestTrace, request: Passenger, outcome: Outcome, status: int) -> None:
        about = {"headway.model": self.model, "headway.deployment": self.deployment_id}
        if request.replica_id:
            about["headway.replica"] = request.replica_id
        waits: Waits | None = None
        if request.submitted_at:
            dispatched_at = request.dispatched_at if request.timing else None
            waits = Waits(request.submitted_at, dispatched_at, request.queue_seconds, request.is_cold)
        trace.end(request.request_id.decode(), about, outcome, status, waits)

    def take(self, room: int) -> tuple[list[_Candidate], int]:
        """Count what has ended since the last time; hand out what was put aside, and how many there were in all.

        `room` is for the time from now on.
        """
        whole = self.whole[:]
        self.whole.clear()
        for status, count in Counter(map(itemgetter(0), whole)).items():
            self.ends[Outcome.FINISHED, status] += count
        self.queue_seconds.observe_all([one[1] for one in whole])
        self.request_seconds.observe_all([one[3] - one[2] for one in whole])
        taken = self._candidates, len(whole) + self._ended_otherwise
        self._candidates, self._ended_otherwise, self.room = [], 0, room
        return taken

    def take_ends(self) -> dict[str, int]:
        """How many requests ended since the last time, by class of status."""
        ends: Counter[str] = Counter()
        for (_, status), count in self.ends.items():
            ends[status_class(status)] += count
        news = dict(ends - self.told)
        self.told = ends
        return news

    def observe(self, record: RequestRecord) -> None:
        """Count the stages of a record that is kept."""
        for stage, histogram in self.stage_seconds.items():
            if stage in record.stages:
                histogram.observe(record.stages[stage])


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
            known.room = _CAPACITY
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
        left = self._bucket.take(sum(len(candidates) for _, candidates in batches), now)
        batches.sort(key=lambda batch: len(batch[1]))  # a quiet deployment is not crowded out by a busy one
        for position, (tally, candidates) in enumerate(batches):
            share = min(len(candidates), left // (len(batches) - position))
            left -= share
            for place in range(share):
                self._keep(tally, candidates[place * len(candidates) // share])
                if place % _STEP == _STEP - 1:
                    yield
            self._leave_out(tally.deployment_id, len(candidates) - share)

    @property
    def has_news(self) -> bool:
        """Whether there is something to tell control."""
        return bool(self._records or self._unsent)

    def take_rows(self, most: int) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """The oldest records for control, and how many were not kept since the last time, by deployment."""
        rows = [self._records.popleft().as_row() for _ in range(min(most, len(self._records)))]
        unsent, self._unsent = dict(self._unsent), Counter()
        return rows, unsent

    def take_ends(self) -> dict[str, dict[str, int]]:
        """How many requests ended since the last time, by deployment and class of status."""
        return {
            deployment_id: ends
            for deployment_id, tally in self._tallies.items()
            if (ends := tally.take_ends())
        }

    def _keep(self, tally: Tally, candidate: _Candidate) -> None:
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


def _record(tally: Tally, candidate: _Candidate, wall_offset: float) -> RequestRecord:
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
    )
