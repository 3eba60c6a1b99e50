"""Counts how one deployment's requests end, exactly, and puts aside what records of them need. Makes no records.

A request that finishes leaves a small tuple in its deployment's list. What is known of it beyond that is noted only of
as many requests as there can be records of. The rest is done in batches, by `Recorder.fold`: counting at once, in the
midst of all else, took a request of 46 us 2.5 us more, and this takes 1.2.
"""

import logging
from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from time import monotonic

from headway.core.stages import IN_REPLICA, Stage
from headway.gateway.passenger import Passenger, Progress
from headway.gateway.request_head import RequestHead
from headway.gateway.tracing import RequestTrace, Waits
from headway.observed.histogram import Histogram
from headway.observed.records import ERRORS, Outcome, RequestRecord, kind_of, status_class

_log = logging.getLogger(__name__)

TOLD_BY_REPLICAS = tuple(stage for stage in IN_REPLICA if stage is not Stage.SEND)
"""The stages whose times replicas tell."""

Whole = tuple[int, float, float, float]
"""One request whose answer has passed whole: status, seconds it queued, instants of its coming and its end."""

Candidate = tuple[Outcome, int, Progress, float, str, bytes, int, RequestHead, bytes]
"""Outcome, status, progress, end, replica, the request's id, bytes of its body, its head, and the gateway's own timing
line (empty: it never got a slot)."""

Ends = tuple[Mapping[str, int], Mapping[str, int]]
"""How many requests ended by class of status, and of them by kind of error."""


class Tally:
    """What became of one deployment's requests, complete up to the last fold."""

    def __init__(self, deployment_id: str, model: str) -> None:
        self.deployment_id = deployment_id
        self.model = model
        self.ends: Counter[tuple[Outcome, int]] = Counter()
        """How many requests ended so, by outcome and status."""
        self.queue_seconds = Histogram()
        self.request_seconds = Histogram()
        self.stage_seconds = {stage.value: Histogram() for stage in TOLD_BY_REPLICAS}
        """Of the requests of which a record was kept."""
        self.sampled_out = 0
        self._told: Counter[tuple[Outcome, int]] = Counter()
        """What control was told of `ends`."""
        self.whole: list[Whole] = []
        """Those since the last fold, which comes every quarter of a second; always the same list."""
        self._add_whole = self.whole.append
        self.room = 0
        """How many more requests may make notes of their progress until the next fold."""
        self._most_room = 0
        self._room_refused = 0
        self._candidates: list[Candidate] = []
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
        if request.progress is not None and (outcome is not Outcome.REFUSED or self._may_note_refused()):
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

    def make_room(self, room: int) -> None:
        """So many requests may make notes from now on, and as many refused ones."""
        self.room = self._most_room = self._room_refused = room

    def take(self, room: int) -> tuple[list[Candidate], int]:
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
        self._candidates, self._ended_otherwise = [], 0
        self.make_room(room)
        return taken

    def take_ends(self) -> Ends | None:
        """How many requests ended since the last time, if any did."""
        news = self.ends - self._told
        if not news:
            return None
        self._told = self.ends.copy()
        statuses: Counter[str] = Counter()
        errors: Counter[str] = Counter()
        for (outcome, status), count in news.items():
            statuses[status_class(status)] += count
            kind = kind_of(outcome, status)
            if kind in ERRORS:
                errors[kind] += count
        return statuses, errors

    def observe(self, record: RequestRecord) -> None:
        """Count the stages of a record that is kept."""
        for stage, histogram in self.stage_seconds.items():
            if stage in record.stages:
                histogram.observe(record.stages[stage])

    def _tell_trace(self, trace: RequestTrace, request: Passenger, outcome: Outcome, status: int) -> None:
        about = {"headway.model": self.model, "headway.deployment": self.deployment_id}
        if request.replica_id:
            about["headway.replica"] = request.replica_id
        waits: Waits | None = None
        if request.submitted_at:
            dispatched_at = request.dispatched_at if request.timing else None
            waits = Waits(request.submitted_at, dispatched_at, request.queue_seconds, request.is_cold)
        trace.end(request.request_id.decode(), about, outcome, status, waits)

    def _may_note_refused(self) -> bool:
        """Refused requests have room of their own, and give back what they took of the others' as they came: in
        overload those that get a slot would find none.
        """
        self.room = min(self.room + 1, self._most_room)
        self._room_refused -= 1
        return self._room_refused >= 0
