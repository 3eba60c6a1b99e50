"""One request on its way through the gateway: it reads the body, waits for a slot, goes to a replica, and passes
the answer back as it comes.

It decides nothing about slots: it tells its deployment's queue what happened, and does what the queue says.
"""

from typing import TYPE_CHECKING

from headway.core.events import Expired, Overran
from headway.gateway import refusals
from headway.gateway.body import RequestBody
from headway.gateway.refusals import Refusal
from headway.gateway.request_head import RequestHead
from headway.gateway.routes import Address, Verb
from headway.http.client import ClientConnection
from headway.http.exchange import Exchange
from headway.http.heads import SWITCHING_PROTOCOLS, AnswerHead
from headway.http.relay import AnswerRelay
from headway.observed.records import Outcome

if TYPE_CHECKING:
    from headway.gateway.deployment_queue import DeploymentQueue
    from headway.gateway.upstream import Upstream


class ProxiedRequest:
    """A request and its way; `Receiver` for its exchange and `AnswerReceiver` for the replica's connection."""

    __slots__ = (
        "_body",
        "_body_sent",
        "_connection",
        "_ended",
        "_exchange",
        "_queue",
        "_relay",
        "_submitted",
        "deadline",
        "dispatched_at",
        "head",
        "is_cold",
        "is_timed",
        "left",
        "progress",
        "queue_seconds",
        "replica_id",
        "request_id",
        "status",
        "submitted_at",
        "timing",
        "upstream",
    )

    def __init__(
        self,
        exchange: Exchange,
        head: RequestHead,
        queue: "DeploymentQueue",
        request_id: bytes,
    ) -> None:
        self._exchange = exchange
        self.head = head
        self._queue = queue
        self.request_id = request_id
        self.upstream: Upstream | None = None
        self.status = 0
        """Of the replica's answer, once it has begun."""
        self.replica_id = ""
        self.dispatched_at = 0.0
        self.submitted_at = self.queue_seconds = 0.0
        self.progress = queue.tally.progress() if queue.tally.room else None
        self.deadline = None if head.patience is None else queue.now() + head.patience
        """The instant after which the client does not want it to wait any more."""
        self.is_timed = head.address.verb is not Verb.WEBSOCKET
        self.is_cold = False
        """No replica was ready when it came."""
        self.left = False
        """Nobody waits for the answer any more."""
        self._body = RequestBody(queue.budget)
        self._connection: ClientConnection | None = None
        self._relay: AnswerRelay | None = None  # of an answer that has begun
        self._body_sent = False
        self._submitted = False
        self._ended = False
        self.timing = b""

    @property
    def received_bytes(self) -> int:
        return self._body.received_bytes

    @property
    def address(self) -> Address:
        return self.head.address

    @property
    def stage(self) -> str:
        """Where the replica is with it, or was when it died."""
        return "queue" if self.upstream is None else self.upstream.stage_of(self.request_id) or "sent"

    @property
    def outlives_its_replica(self) -> bool:
        """It can go to another replica: it was not sent yet, or its owner lets it be sent again."""
        if self.left or self._relay is not None:
            return False
        return self._connection is None or self._may_retry

    @property
    def _may_retry(self) -> bool:
        return self._queue.settings.retry_on_crash and self._body.may_be_retried()

    # What the client's side tells.

    def on_body(self, data: bytes) -> None:
        if self._ended or self.left:
            return
        connection = self._connection
        if connection is not None and self._relay is not None and self._relay.is_tunnel:
            connection.write(data)
            return
        body, settings = self._body, self._queue.settings
        body.received_bytes += len(data)
        if body.received_bytes > settings.body_limit_bytes:
            self.turn_away(refusals.body_too_large(settings.body_limit_bytes))
        elif connection is not None:
            connection.write(self.head.frame(data))
        elif not body.keep(data, settings.body_buffer_bytes):
            self._exchange.pause_body()
            self._submit()

    def on_body_complete(self) -> None:
        if self._ended or self.left:
            return
        self._body.is_complete = True
        if self._connection is not None:
            self._connection.write(self.head.frame_end)
            self._body_sent = True
        else:
            self._submit()

    def on_client_left(self) -> None:
        if self._ended or self.left:
            return
        self.left = True
        self._body.release()
        self._queue.tally.end(self, Outcome.ABANDONED)
        self._exchange.abort()
        if not self._submitted:
            self._ended = True
        else:
            self._queue.abandon(self)
            self._stop_work()

    def on_writable(self, *, writable: bool) -> None:
        if self._connection is not None and not self.left:
            if writable:
                self._connection.resume_reading()
            else:
                self._exchange.bound_sending(self._queue.settings.send_timeout)
                self._connection.pause_reading()

    # What the queue says.

    def refuse(self, refusal: Refusal, outcome: Outcome = Outcome.REFUSED) -> None:
        """It is out: answer it so."""
        self._ended = True
        self._queue.tally.end(self, outcome, refusal.status, why=refusal.message)
        self._body.release()
        self._respond(refusal)

    def turn_away(self, refusal: Refusal) -> None:
        """It goes no further, wherever it is."""
        if self._ended or self.left:
            return
        if self._submitted:
            self._give_up(refusal, Outcome.REFUSED)
            self._queue.abandon(self)
        else:
            self.refuse(refusal)

    def expire(self, expired: Expired["ProxiedRequest"]) -> None:
        self.refuse(refusals.waited_too_long(expired), Outcome.EXPIRED)

    def overrun(self, overran: Overran["ProxiedRequest"]) -> None:
        if not self.left:  # or what overruns is work that goes on after its answer
            self._give_up(refusals.ran_too_long(overran, self.stage), Outcome.OVERRAN)

    def dispatch(self, upstream: "Upstream", at: float, timing: bytes) -> None:
        """It holds a slot of the replica: go there."""
        self.upstream = upstream
        self.dispatched_at = at
        self.timing = timing
        upstream.requests[self.request_id] = self
        connection = upstream.idle_connection()
        if connection is None:
            upstream.open_connection(self._send, self._cannot_connect)
        else:
            self._send(connection)

    def move(self, queue: "DeploymentQueue") -> None:
        """It waits for another deployment from now on."""
        self._queue = queue

    def requeue(self) -> None:
        """The replica never took it up: it waits again."""
        self.replica_id, self.timing = "", b""
        self._forget_upstream()

    def give_back(self) -> None:
        """Its replica did not take it up, or is gone: it waits for another one, at its old place."""
        self._drop_connection()
        self._queue.give_back(self)

    def lose(self, reason: str, *, holds_slot: bool = False) -> None:
        """The replica is gone, or its connection is: answer as far as that is possible."""
        has_begun = self._relay is not None
        worded = refusals.broken_off if has_begun else refusals.replica_lost
        refusal = worded(self.replica_id, self.stage, reason)
        self._drop_connection()
        if holds_slot:
            if not has_begun:  # a stream that fails breaks off too, and says nothing of its replica
                self._queue.doubt(self)
            self._finish()
        self._forget_upstream()
        self._answer_loss(refusal)

    # What the replica's connection tells.

    def on_answer(self, head: AnswerHead, rest: bytes) -> None:
        if self.left:
            return
        if head.is_not_accepted and self._body.may_return():
            self.give_back()
        elif head.status == SWITCHING_PROTOCOLS and self.address.verb is not Verb.WEBSOCKET:
            self.on_answer_bad("it switched protocols unasked")
        else:
            self._body.release()
            self.status = head.status
            if self.progress is not None:
                self.progress.begin_answer(head.raw, rest)
            lines = self.head.answer_lines(self.request_id, head) + self.timing
            self._relay = AnswerRelay(self._exchange, head, lines, rest)

    def on_more(self, data: bytes) -> None:
        if self._relay is not None and not self.left:
            if self.progress is not None:
                self.progress.answer_bytes += len(data)
            self._relay.pass_on(data)

    def on_answer_end(self, *, reusable: bool) -> None:
        connection, self._connection = self._connection, None
        upstream = self.upstream
        if connection is None or upstream is None:
            return
        relay, is_waited_for = self._relay, not self.left
        if reusable and self._body_sent:
            upstream.put_back(connection)
        elif self._body_sent and is_waited_for and not connection.closed:
            self._wait_for_work(connection)
        else:
            connection.close()
        if self._connection is None:
            self._finish(is_whole=is_waited_for)
        if relay is not None and is_waited_for:
            relay.end()

    def on_answer_bad(self, reason: str) -> None:
        if not self.left:
            self._give_up(refusals.bad_answer(self.replica_id, reason), Outcome.LOST)
            self._queue.abandon(self)

    def on_answer_lost(self, reason: str, *, unread: bool) -> None:
        upstream = self.upstream
        if self.left or (self._relay is not None and self._relay.is_tunnel):
            self._connection = None
            self._finish(is_whole=not self.left)
            self._exchange.close()
        elif upstream is None or self._relay is not None:
            self.lose(reason, holds_slot=True)
        elif unread and upstream.is_local and self._body.was_never_begun() and self._body.may_return():
            self.give_back()
        elif self._may_retry:
            self._drop_connection()
            upstream.when_known_gone(self, reason)
        else:
            self.lose(reason, holds_slot=True)

    def on_room(self, *, room: bool) -> None:
        if self.left:
            return
        if room:
            self._exchange.resume_body()
        else:
            self._exchange.pause_body()

    # Private.

    def _submit(self) -> None:
        if self._submitted:
            return
        grant = self.head.grant
        if grant is not None and not grant.is_valid:
            self.refuse(refusals.KEY_GONE)
        else:
            self._submitted = True
            self._queue.submit(self)

    def _send(self, connection: ClientConnection) -> None:
        if self.left:
            if self.upstream is not None:
                self.upstream.put_back(connection)
            self._finish()
            return
        self._connection = connection
        head, body = self.head, self._body
        complete = body.is_complete
        if not complete:
            self._exchange.resume_body()  # before the first bytes, which may fill the connection and pause it anew
        length = body.received_bytes if complete else self._exchange.length
        lines = head.complete(self.request_id, length, self._exchange.peer)
        kept = body.kept if complete else [head.frame(data) for data in body.kept]
        connection.send(b"".join((lines, *kept)), self, head_only=self._exchange.method == b"HEAD")
        self._body_sent = complete
        body.note_sent()

    def _cannot_connect(self, error: OSError) -> None:  # noqa: ARG002 - the probe that follows will say
        if self.left:
            self._finish()
        else:
            self.give_back()

    def _wait_for_work(self, connection: ClientConnection) -> None:
        """The answer is whole, but its work may go on: it is over when the replica ends the connection."""
        self._queue.note_whole(self, self._queue.now())
        self.left = True
        self._connection = connection
        connection.follow(self)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _answer_loss(self, refusal: Refusal) -> None:
        if not self.left and self._relay is not None:
            self._queue.tally.end(self, Outcome.LOST, why=refusal.message)
            self._relay.break_off()
        elif not self.left:
            self.refuse(refusal, Outcome.LOST)
        self._ended = True

    def _finish(self, *, is_whole: bool = False) -> None:
        self._ended = True
        self._forget_upstream()
        self._queue.finish(self, is_whole=is_whole)

    def _forget_upstream(self) -> None:
        upstream, self.upstream = self.upstream, None
        if upstream is not None:
            upstream.requests.pop(self.request_id, None)

    def _give_up(self, refusal: Refusal, outcome: Outcome) -> None:
        """Answer if that is still possible, and stop its work as if the client had left."""
        self._queue.tally.end(self, outcome, refusal.status, why=refusal.message)
        self.left = True
        if self._relay is not None:
            self._relay.break_off()
        else:
            self._respond(refusal)
        self._body.release()
        self._stop_work()

    def _stop_work(self) -> None:
        """Nobody waits any more: the replica ends its connection when the work has stopped."""
        if self._connection is not None:
            self._connection.resume_reading()
            self._connection.half_close()

    def _respond(self, refusal: Refusal) -> None:
        lines, dialect = self.head.identity(self.request_id) + refusal.headers(), self.address.dialect
        self._exchange.respond(refusal.status, lines, refusal.body(dialect, self.request_id))
