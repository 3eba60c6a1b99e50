"""One request on its way through the gateway: it reads the body, waits for a slot, goes to a replica, and passes
the answer back as it comes.

It decides nothing about slots: it tells its deployment's queue what happened, and does what the queue says.
"""

from typing import TYPE_CHECKING

from headway.core.events import Expired, Overran
from headway.gateway import refusals
from headway.gateway.heads import AnswerHead, Dechunker, RequestHead
from headway.gateway.refusals import Refusal
from headway.gateway.routes import Address, Verb
from headway.http.client import ClientConnection
from headway.http.exchange import Exchange

if TYPE_CHECKING:
    from headway.gateway.deployment_queue import DeploymentQueue
    from headway.gateway.upstream import Upstream


class BodyBudget:
    """How many bytes of bodies all queued requests together may keep in memory."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    @property
    def is_exhausted(self) -> bool:
        return self.used_bytes >= self.limit_bytes


class ProxiedRequest:
    """A request and its way; `Receiver` for its exchange and `AnswerReceiver` for the replica's connection."""

    __slots__ = (
        "_answered",
        "_body",
        "_body_complete",
        "_body_sent",
        "_buffered_bytes",
        "_can_be_sent_again",
        "_connection",
        "_decoder",
        "_ended",
        "_exchange",
        "_head",
        "_is_tunnel",
        "_keep",
        "_queue",
        "_received_bytes",
        "_submitted",
        "_timing",
        "address",
        "deadline",
        "dispatched_at",
        "is_cold",
        "is_timed",
        "left",
        "request_id",
        "upstream",
    )

    def __init__(
        self,
        exchange: Exchange,
        address: Address,
        head: RequestHead,
        queue: "DeploymentQueue",
        request_id: bytes,
    ) -> None:
        self._exchange = exchange
        self._head = head
        self._queue = queue
        self.address = address
        self.request_id = request_id
        self.upstream: Upstream | None = None
        self.dispatched_at = 0.0
        self.deadline = head.deadline
        """The longest wait that the client allows, in seconds from arrival."""
        self.is_timed = address.verb is not Verb.WEBSOCKET
        self.is_cold = False
        """No replica was ready when it came."""
        self.left = False
        """Nobody waits for the answer any more."""
        self._connection: ClientConnection | None = None
        self._body: list[bytes] = []
        self._buffered_bytes = 0
        self._received_bytes = 0
        self._body_complete = False
        self._body_sent = False
        self._can_be_sent_again = False
        self._submitted = False
        self._answered = False
        self._ended = False
        self._is_tunnel = False
        self._keep = True
        self._decoder: Dechunker | None = None
        self._timing = b""

    @property
    def stage(self) -> str:
        """Where the replica was last seen to be with it."""
        if self.upstream is None:
            return "queue"
        return self.upstream.stages.get(self.request_id.decode(), "sent")

    @property
    def outlives_its_replica(self) -> bool:
        """It can go to another replica: it was not sent yet, or its owner lets it be sent again."""
        if self.left or self._answered:
            return False
        return self._connection is None or (self._can_be_sent_again and self._queue.settings.retry_on_crash)

    # What the client's side tells.

    def on_body(self, data: bytes) -> None:
        if self._is_tunnel:
            if self._connection is not None:
                self._connection.write(data)
            return
        if self._ended or self.left:
            return
        self._received_bytes += len(data)
        settings = self._queue.settings
        if self._received_bytes > settings.body_limit_bytes:
            self._too_large(settings.body_limit_bytes)
        elif self._connection is not None:
            self._connection.write(self._head.frame(data))
        else:
            self._body.append(data)
            self._buffered_bytes += len(data)
            self._queue.budget.used_bytes += len(data)
            if self._buffered_bytes >= settings.body_buffer_bytes or self._queue.budget.is_exhausted:
                self._exchange.pause_body()
                self._submit()

    def on_body_complete(self) -> None:
        if self._ended or self.left:
            return
        self._body_complete = True
        if self._connection is not None:
            self._connection.write(self._head.frame_end)
            self._body_sent = True
        else:
            self._submit()

    def on_client_left(self) -> None:
        if self._ended or self.left:
            return
        self.left = True
        self._release_body()
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

    def refuse(self, refusal: Refusal) -> None:
        """It is out: answer it so."""
        self._ended = True
        self._release_body()
        self._exchange.respond(refusal.status, self._identity() + refusal.headers(), refusal.body())

    def expire(self, expired: Expired["ProxiedRequest"]) -> None:
        self.refuse(refusals.waited_too_long(expired))

    def overrun(self, overran: Overran["ProxiedRequest"]) -> None:
        self._give_up(refusals.ran_too_long(overran, self.stage))

    def dispatch(self, upstream: "Upstream", at: float, timing: bytes) -> None:
        """It holds a slot of the replica: go there."""
        self.upstream = upstream
        self.dispatched_at = at
        self._timing = timing
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
        self._forget_upstream()

    def give_back(self) -> None:
        """Its replica is of no use: it waits for another one, at its old place."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._queue.give_back(self)

    def lose(self, reason: str) -> None:
        """The replica is gone, and the slot with it: answer as far as that is possible."""
        stage = self.stage
        replica_id = self._forget_upstream()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
        self._answer_loss(refusals.replica_lost(replica_id, stage, reason))

    # What the replica's connection tells.

    def on_answer(self, status: int, head: bytes, rest: bytes) -> None:
        if self.left:
            return
        answer = AnswerHead(status, head, has_no_body=self._exchange.method == b"HEAD")
        if answer.is_not_accepted and self._can_be_sent_again:
            self.give_back()
            return
        self._release_body()
        self._answered = True
        if status == 101:
            self._is_tunnel = True
            self._exchange.accept_tunnel()
        close = status != 101 and (self._exchange.will_close() or not answer.is_framed)
        self._keep = not close
        extra = b"x-headway-request-id: %s\r\n%s" % (self.request_id, self._timing)
        if close:
            extra += b"connection: close\r\n"
        elif status == 101:
            extra += b"connection: upgrade\r\n"
        if answer.is_chunked and not self._exchange.http_1_1:
            self._decoder = Dechunker(head)
            self._exchange.relay(answer.with_lines_for_1_0(extra) + self._decoder.decode(rest))
        else:
            self._exchange.relay(answer.with_lines(extra) + rest)

    def on_more(self, data: bytes) -> None:
        if not self.left:
            self._exchange.relay(data if self._decoder is None else self._decoder.decode(data))

    def on_answer_end(self, *, reusable: bool) -> None:
        connection, self._connection = self._connection, None
        upstream = self.upstream
        if connection is None or upstream is None:
            return
        if reusable and self._body_sent:
            upstream.put_back(connection)
        else:
            connection.close()
        self._finish()
        if not self.left:
            self._exchange.end_relay(keep=self._keep)

    def on_answer_lost(self, reason: str) -> None:
        if self.left or self._is_tunnel:
            self._connection = None
            self._finish()
            self._exchange.close()
        elif self.outlives_its_replica:
            self.give_back()
        else:
            replica_id = self.upstream.route.replica_id if self.upstream is not None else ""
            refusal = refusals.replica_lost(replica_id, self.stage, reason)
            self._connection = None
            self._queue.doubt(self)
            self._finish()
            self._answer_loss(refusal)

    def on_room(self, *, room: bool) -> None:
        if self.left:
            return
        if room:
            self._exchange.resume_body()
        else:
            self._exchange.pause_body()

    # Private.

    def _submit(self) -> None:
        if not self._submitted:
            self._submitted = True
            self._queue.submit(self)

    def _send(self, connection: ClientConnection) -> None:
        if self.left:
            if self.upstream is not None:
                self.upstream.put_back(connection)
            self._finish()
            return
        self._connection = connection
        complete = self._body_complete
        if not complete:
            self._exchange.resume_body()  # before the first bytes, which may fill the connection and pause it anew
        head = self._head.complete(
            self.request_id, self._received_bytes if complete else self._exchange.length
        )
        body = self._body if complete else [self._head.frame(data) for data in self._body]
        connection.send(b"".join((head, *body)), self, head_only=self._exchange.method == b"HEAD")
        self._body_sent = self._can_be_sent_again = complete
        if not complete:
            self._release_body()

    def _cannot_connect(self, error: OSError) -> None:  # noqa: ARG002 - the probe that follows will say
        if self.left:
            self._finish()
        else:
            self.give_back()

    def _answer_loss(self, refusal: Refusal) -> None:
        if not self.left and self._answered:
            self._exchange.abort()
        elif not self.left:
            self.refuse(refusal)
        self._ended = True

    def _finish(self) -> None:
        self._ended = True
        self._forget_upstream()
        self._queue.finish(self)

    def _forget_upstream(self) -> str:
        upstream, self.upstream = self.upstream, None
        if upstream is None:
            return ""
        upstream.requests.pop(self.request_id, None)
        return upstream.route.replica_id

    def _give_up(self, refusal: Refusal) -> None:
        """Answer if that is still possible, and stop its work as if the client had left."""
        self.left = True
        if self._answered:
            self._exchange.abort()
        else:
            self._exchange.respond(refusal.status, self._identity() + refusal.headers(), refusal.body())
        self._release_body()
        self._stop_work()

    def _stop_work(self) -> None:
        """Nobody waits any more: the replica ends its connection when the work has stopped."""
        if self._connection is not None:
            self._connection.resume_reading()
            self._connection.half_close()

    def _too_large(self, limit: int) -> None:
        if self._submitted:
            self._give_up(refusals.body_too_large(limit))
            self._queue.abandon(self)
        else:
            self.refuse(refusals.body_too_large(limit))

    def _release_body(self) -> None:
        if self._buffered_bytes:
            self._queue.budget.used_bytes -= self._buffered_bytes
            self._buffered_bytes = 0
            self._body = []

    def _identity(self) -> bytes:
        return b"x-headway-request-id: %s\r\n" % self.request_id
