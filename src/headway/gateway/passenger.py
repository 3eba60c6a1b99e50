"""A request as those know it who serve it below its own module: its visit to a replica, its records, its trace.

They read what it is and what is noted of it, and tell it what happened; only the request itself acts on that.
"""

from time import monotonic

from headway.gateway.body import RequestBody
from headway.gateway.refusals import Refusal
from headway.gateway.request_head import RequestHead
from headway.http.exchange import Exchange
from headway.http.heads import AnswerHead
from headway.observed.records import Outcome


class Progress:
    """What a record of one request needs. Instants by time.monotonic, exact; the loop's clock goes by milliseconds."""

    __slots__ = ("answer_bytes", "answer_head", "answered_at", "arrived_at", "ended_in")

    def __init__(self) -> None:
        self.arrived_at = monotonic()
        self.answered_at = 0.0
        self.answer_head: bytes | None = None
        self.answer_bytes = 0
        self.ended_in = ""


class Passenger:
    """What is known of a request, and what it is told. Instants are by the loop's clock; 0.0: not yet."""

    __slots__ = (
        "body",
        "dispatched_at",
        "exchange",
        "head",
        "is_cold",
        "left",
        "progress",
        "queue_seconds",
        "replica_id",
        "request_id",
        "status",
        "submitted_at",
        "timing",
    )

    def __init__(
        self,
        exchange: Exchange,
        head: RequestHead,
        request_id: bytes,
        body: RequestBody,
        progress: Progress | None,
    ) -> None:
        self.exchange = exchange
        self.head = head
        self.request_id = request_id
        self.body = body
        self.progress = progress
        """None: there will be no record of it."""
        self.left = False
        """Nobody waits for the answer any more."""
        self.is_cold = False
        """No replica was ready when it came."""
        self.submitted_at = self.dispatched_at = self.queue_seconds = 0.0
        self.replica_id = ""
        self.timing = b""
        """The header lines that tell how long it queued; empty: it has no slot."""
        self.status = 0
        """Of the replica's answer, once it has begun."""

    def note_answer(self, head: AnswerHead, rest: bytes) -> None:
        """The answer has begun: what was read of the body will not be needed again."""
        self.body.release()
        self.status = head.status
        progress = self.progress
        if progress is not None:
            progress.answered_at = monotonic()
            progress.answer_head = head.raw
            progress.answer_bytes = len(rest)

    # What its visit tells it.

    @property
    def may_retry(self) -> bool:
        """Its owner lets it be sent once more, and it can be."""
        raise NotImplementedError

    def finish(self, *, is_whole: bool = False) -> None:
        """Its work has stopped, and its slot is free. `is_whole`: by an answer that passed to a client who waits."""
        raise NotImplementedError

    def goes_on(self) -> None:
        """The answer has passed whole, and its work goes on."""
        raise NotImplementedError

    def give_back(self) -> None:
        """Its replica did not take it up, or is gone: it waits for another one, at its old place."""
        raise NotImplementedError

    def lose(self, reason: str, *, holds_slot: bool = False) -> None:
        """The replica is gone, or its connection is: answer as far as that is possible."""
        raise NotImplementedError

    def turn_away(self, refusal: Refusal, outcome: Outcome = Outcome.REFUSED) -> None:
        """It goes no further, wherever it is."""
        raise NotImplementedError
