"""One request on its way through the gateway: it reads the body, waits for a slot, and visits a replica.

It owns its life, and decides nothing about slots: it tells its home, its deployment's queue, what happened, and does
what that says. What happens at a replica is its visit's. A request is, in this order,

1. read, until its body is whole or as much of it as may be kept: then it is submitted;
2. queued, until it is dispatched to a replica, refused, or has waited too long;
3. visiting; when the replica never took it up, queued again;
4. over: answered whole, broken off, refused, or left by its client. Where its work runs on it keeps its slot, and
   nobody waits for it (`left`).
"""

from headway.core.events import Dispatched, Expired, Overran
from headway.core.settings import DeploymentSettings
from headway.gateway import refusals
from headway.gateway.body import BodyBudget, RequestBody
from headway.gateway.passenger import Passenger
from headway.gateway.refusals import Refusal
from headway.gateway.request_head import RequestHead
from headway.gateway.routes import Verb
from headway.gateway.tally import Tally
from headway.gateway.upstream import Upstream
from headway.gateway.visit import Visit
from headway.http.exchange import Exchange
from headway.observed.records import Outcome


class Home:
    """Where a request waits for a slot, and whom it tells what happened."""

    settings: DeploymentSettings
    budget: BodyBudget
    tally: Tally

    def now(self) -> float:
        """The instant by the clock that the queue goes by."""
        raise NotImplementedError

    def submit(self, request: "ProxiedRequest") -> None:
        """It wants a slot."""
        raise NotImplementedError

    def finish(self, request: "ProxiedRequest", *, is_whole: bool = False) -> None:
        """Its work has stopped. `is_whole`: by an answer that passed to a client who waits for it."""
        raise NotImplementedError

    def give_back(self, request: "ProxiedRequest", upstream: Upstream) -> None:
        """The replica did not take it up; it is given nothing before it can be reached again."""
        raise NotImplementedError

    def doubt(self, upstream: Upstream) -> None:
        """The replica broke a connection: it may be dead, so it is given nothing before it answers."""
        raise NotImplementedError

    def abandon(self, request: "ProxiedRequest") -> None:
        """Nobody waits for it any more."""
        raise NotImplementedError


class ProxiedRequest(Passenger):
    """`Receiver` for its exchange."""

    __slots__ = ("_ended", "_home", "_submitted", "_visit", "deadline", "is_timed")

    def __init__(self, exchange: Exchange, head: RequestHead, home: Home, request_id: bytes) -> None:
        tally = home.tally
        progress = tally.progress() if tally.room else None
        super().__init__(exchange, head, request_id, RequestBody(home.budget), progress)
        self._home = home
        self._visit: Visit | None = None
        self._submitted = False
        self._ended = False
        self.deadline = None if head.patience is None else home.now() + head.patience
        """The instant after which the client does not want it to wait any more."""
        self.is_timed = head.address.verb is not Verb.WEBSOCKET

    def began(self, seconds: float, at: float) -> None:
        """Somebody else had read it for so many seconds, since `at` by time.monotonic."""
        if self.deadline is not None:
            self.deadline -= seconds
        if self.progress is not None:
            self.progress.arrived_at = at

    @property
    def stage(self) -> str:
        """Where it is, or its replica was with it when that died."""
        return "queue" if self._visit is None else self._visit.stage

    @property
    def outlives_its_replica(self) -> bool:
        """It can go to another one."""
        return not self.left and (self._visit is None or self._visit.may_be_repeated)

    @property
    def may_retry(self) -> bool:
        return self._home.settings.retry_on_crash and self.body.may_be_retried()

    # What the client's side tells.

    def on_body(self, data: bytes) -> None:
        if self._ended or self.left:
            return
        visit = self._visit
        if visit is not None and visit.is_tunnel:
            visit.write(data)
            return
        body, settings = self.body, self._home.settings
        body.received_bytes += len(data)
        if body.received_bytes > settings.body_limit_bytes:
            self.turn_away(refusals.body_too_large(settings.body_limit_bytes))
        elif visit is not None and visit.is_under_way:
            visit.write(self.head.frame(data))
        elif not body.keep(data, settings.body_buffer_bytes):
            self.exchange.pause_body()
            self._submit()

    def on_body_complete(self) -> None:
        if self._ended or self.left:
            return
        self.body.is_complete = True
        if self._visit is None:
            self._submit()
        else:
            self._visit.end_body()

    def on_client_left(self) -> None:
        if self._ended or self.left:
            return
        self.left = True
        self.body.release()
        self._note_stage(self.stage)
        self._home.tally.end(self, Outcome.ABANDONED)
        self.exchange.abort()
        if not self._submitted:
            self._ended = True
        else:
            self._home.abandon(self)
            self._stop_work()

    def on_writable(self, *, writable: bool) -> None:
        visit = self._visit
        if visit is not None and visit.is_under_way and not self.left:
            if not writable:
                self.exchange.bound_sending(self._home.settings.send_timeout)
            visit.hold(is_held=not writable)

    # What its home says.

    def came(self, at: float, *, is_cold: bool) -> None:
        """It waits for a slot from now on."""
        self.submitted_at = at
        self.is_cold = is_cold

    def refuse(self, refusal: Refusal, outcome: Outcome = Outcome.REFUSED) -> None:
        """It is out: answer it so."""
        self._ended = True
        self._home.tally.end(self, outcome, refusal.status, why=refusal.message)
        self.body.release()
        self._respond(refusal)

    def turn_away(self, refusal: Refusal, outcome: Outcome = Outcome.REFUSED) -> None:
        if self._ended or self.left:
            return
        if self._submitted:
            self._give_up(refusal, outcome)
            self._home.abandon(self)
        else:
            self.refuse(refusal, outcome)

    def expire(self, expired: Expired["ProxiedRequest"]) -> None:
        self._note_stage(self.stage)
        self.refuse(refusals.waited_too_long(expired), Outcome.EXPIRED)

    def overrun(self, overran: Overran["ProxiedRequest"]) -> None:
        if not self.left:  # or what overruns is work that goes on after its answer
            self._give_up(refusals.ran_too_long(overran, self.stage), Outcome.OVERRAN)

    def dispatch(
        self, event: Dispatched["ProxiedRequest"], upstream: Upstream, timing: bytes, queue_seconds: float
    ) -> None:
        """It holds a slot of the replica: go there. `timing` tells the client how long it queued."""
        self.replica_id = event.replica_id
        self.dispatched_at = event.at
        self.timing = timing
        self.queue_seconds = queue_seconds
        visit = self._visit = Visit(self, upstream)
        visit.begin()

    def move(self, home: Home) -> None:
        """It waits for another deployment from now on."""
        self._home = home

    def requeue(self) -> None:
        """The replica never took it up: it waits again."""
        self.replica_id, self.timing = "", b""
        self._visit = None

    # What its visit says.

    def finish(self, *, is_whole: bool = False) -> None:
        self._ended = True
        self._visit = None  # which refers to this: a circle would wait for the garbage collector
        self._home.finish(self, is_whole=is_whole)

    def goes_on(self) -> None:
        self._home.tally.end_whole(self, self._home.now())
        self.left = True

    def give_back(self) -> None:
        visit = self._visit
        if visit is not None:
            visit.leave()
            self._home.give_back(self, visit.upstream)

    def lose(self, reason: str, *, holds_slot: bool = False) -> None:
        visit, has_begun, stage = self._visit, self._visit is not None and self._visit.has_begun, self.stage
        self._note_stage(stage)
        worded = refusals.broken_off if has_begun else refusals.replica_lost
        refusal = worded(self.replica_id, stage, reason)
        if visit is not None:
            visit.leave()
            if holds_slot and not has_begun:  # a stream that fails says nothing of its replica
                self._home.doubt(visit.upstream)
        if holds_slot:
            self.finish()
        self._visit = None
        if visit is not None and has_begun and not self.left:
            self._home.tally.end(self, Outcome.LOST, why=refusal.message)
            visit.break_off()
        elif not self.left:
            self.refuse(refusal, Outcome.LOST)
        self._ended = True

    # Private.

    def _submit(self) -> None:
        if self._submitted:
            return
        grant = self.head.grant
        if grant is not None and not grant.is_valid:
            self.refuse(refusals.KEY_GONE)
        else:
            self._submitted = True
            self._home.submit(self)

    def _note_stage(self, stage: str) -> None:
        """It ends there; its record tells. One that ends by a whole answer, or is refused, has no need to."""
        if self.progress is not None:
            self.progress.ended_in = stage

    def _give_up(self, refusal: Refusal, outcome: Outcome) -> None:
        """Answer if that is still possible, and stop its work as if the client had left."""
        self._note_stage(self.stage)
        self._home.tally.end(self, outcome, refusal.status, why=refusal.message)
        self.left = True
        if self._visit is not None and self._visit.has_begun:
            self._visit.break_off()
        else:
            self._respond(refusal)
        self.body.release()
        self._stop_work()

    def _stop_work(self) -> None:
        if self._visit is not None:
            self._visit.stop()

    def _respond(self, refusal: Refusal) -> None:
        head = self.head
        lines = head.identity(self.request_id) + refusal.headers()
        self.exchange.respond(refusal.status, lines, refusal.body(head.address.dialect, self.request_id))
