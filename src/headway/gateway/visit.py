"""A request at one replica: it goes there when it holds a slot, and passes the answer back as it comes.

There are six ways that a visit ends:

1. The answer is whole, and its connection can carry the next request. The slot is free.
2. The answer is whole, and the connection is to end: its work may go on. The slot is free when the replica ends it.
3. The replica did not take the request up: it could not be reached, said so, or its Unix socket was reset before it
   had read all. The request waits again, at its old place.
4. The connection is lost over a request that may be sent again. Once it is known that the replica is gone, as 3;
   where it is not gone, as 5.
5. The connection is lost otherwise, or the replica is stopped. The client is told so, or sees its answer break off.
6. Nobody waits any more: the client left, the request overran, or what came is no HTTP. The replica is told by a
   half-closed connection, nothing passes any more, and the slot is free when the replica ends the connection.
"""

from functools import partial

from headway.gateway import refusals
from headway.gateway.passenger import Passenger
from headway.gateway.routes import Verb
from headway.gateway.upstream import Upstream
from headway.http.client import ClientConnection
from headway.http.heads import SWITCHING_PROTOCOLS, AnswerHead
from headway.http.relay import AnswerRelay
from headway.observed.records import Outcome


class Visit:
    """`AnswerReceiver` for the replica's connection. What follows for the request it tells its passenger."""

    __slots__ = ("_connection", "_is_over", "_is_sent", "_passenger", "_relay", "upstream")

    def __init__(self, passenger: Passenger, upstream: Upstream) -> None:
        self._passenger = passenger
        self.upstream = upstream
        self._connection: ClientConnection | None = None
        self._relay: AnswerRelay | None = None  # of an answer that has begun
        self._is_sent = False  # the whole body is
        self._is_over = False

    def begin(self) -> None:
        connection = self.upstream.idle_connection()
        if connection is None:
            self.upstream.open_connection(self._send, self._cannot_connect)
        else:
            self._send(connection)

    # What the request asks.

    @property
    def stage(self) -> str:
        """Where the replica is with it, or was when it died."""
        return self.upstream.stage_of(self._passenger.request_id) or "sent"

    @property
    def is_under_way(self) -> bool:
        """What comes of the body passes on at once."""
        return self._connection is not None

    @property
    def is_tunnel(self) -> bool:
        return self._relay is not None and self._relay.is_tunnel

    @property
    def has_begun(self) -> bool:
        """The client was sent the answer's head."""
        return self._relay is not None

    @property
    def may_be_repeated(self) -> bool:
        """It was not sent yet, or its owner lets it be sent again."""
        return self._relay is None and (self._connection is None or self._passenger.may_retry)

    # What the request tells.

    def write(self, data: bytes) -> None:
        if self._connection is not None:
            self._connection.write(data)

    def end_body(self) -> None:
        if self._connection is not None:
            self._connection.write(self._passenger.head.frame_end)
            self._is_sent = True

    def hold(self, *, is_held: bool) -> None:
        """The client takes no more of the answer for now; or it does again."""
        if self._connection is not None and is_held:
            self._connection.pause_reading()
        elif self._connection is not None:
            self._connection.resume_reading()

    def break_off(self) -> None:
        """The client must see that no more of its answer comes."""
        if self._relay is not None:
            self._relay.break_off()

    def stop(self) -> None:
        """Nobody waits any more: the replica ends its connection when the work has stopped."""
        if self._connection is not None:
            self._connection.resume_reading()
            self._connection.half_close()

    def leave(self) -> None:
        """The request has no business here any more."""
        self._is_over = True
        self._drop_connection()

    # What the connection tells.

    def on_answer(self, head: AnswerHead, rest: bytes) -> None:
        passenger = self._passenger
        if passenger.left:
            return
        if head.is_not_accepted and passenger.body.may_return():
            passenger.give_back()
        elif head.status == SWITCHING_PROTOCOLS and passenger.head.address.verb is not Verb.WEBSOCKET:
            self.on_answer_bad("it switched protocols unasked")
        else:
            passenger.note_answer(head, rest)
            lines = passenger.head.answer_lines(passenger.request_id, head) + passenger.timing
            self._relay = AnswerRelay(passenger.exchange, head, lines, rest)

    def on_more(self, data: bytes) -> None:
        passenger = self._passenger
        if self._relay is not None and not passenger.left:
            if passenger.progress is not None:
                passenger.progress.answer_bytes += len(data)
            self._relay.pass_on(data)

    def on_answer_end(self, *, reusable: bool) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        passenger, relay = self._passenger, self._relay
        is_waited_for = not passenger.left
        goes_on = False
        if reusable and self._is_sent:
            self.upstream.put_back(connection)
        elif self._is_sent and is_waited_for and not connection.closed:
            goes_on = True
        else:
            connection.close()
        if goes_on:
            self._connection = connection
            connection.follow(self)
            passenger.goes_on()
        else:
            passenger.finish(is_whole=is_waited_for)
        if relay is not None and is_waited_for:
            relay.end()

    def on_answer_bad(self, reason: str) -> None:
        passenger = self._passenger
        passenger.turn_away(refusals.bad_answer(passenger.replica_id, reason), Outcome.LOST)

    def on_answer_lost(self, reason: str, *, unread: bool) -> None:
        passenger, body = self._passenger, self._passenger.body
        if passenger.left or self.is_tunnel:
            self._connection = None
            passenger.finish(is_whole=not passenger.left)
            passenger.exchange.close()
        elif self._relay is not None:
            passenger.lose(reason, holds_slot=True)
        elif unread and self.upstream.is_local and body.was_never_begun() and body.may_return():
            passenger.give_back()
        elif passenger.may_retry:
            self._drop_connection()
            self.upstream.find_out(partial(self._found_out, reason))
        else:
            passenger.lose(reason, holds_slot=True)

    def on_room(self, *, room: bool) -> None:
        exchange = self._passenger.exchange
        if self._passenger.left:
            return
        if room:
            exchange.resume_body()
        else:
            exchange.pause_body()

    # Private.

    def _send(self, connection: ClientConnection) -> None:
        passenger = self._passenger
        if passenger.left:
            self.upstream.put_back(connection)
            passenger.finish()
            return
        self._connection = connection
        head, body, exchange = passenger.head, passenger.body, passenger.exchange
        complete = body.is_complete
        if not complete:
            exchange.resume_body()  # before the first bytes, which may fill the connection and pause it anew
        length = body.received_bytes if complete else exchange.length
        lines = head.complete(passenger.request_id, length, exchange.peer)
        kept = body.kept if complete else [head.frame(data) for data in body.kept]
        connection.send(b"".join((lines, *kept)), self, head_only=exchange.method == b"HEAD")
        self._is_sent = complete
        body.note_sent()

    def _cannot_connect(self, error: OSError) -> None:  # noqa: ARG002 - the probe that follows will say
        if self._passenger.left:
            self._passenger.finish()
        else:
            self._passenger.give_back()

    def _found_out(self, reason: str, is_gone: bool) -> None:
        passenger = self._passenger
        if self._is_over:
            return
        if is_gone and not passenger.left:
            passenger.give_back()
        else:
            passenger.lose(reason if is_gone else f"{reason}, though the replica runs", holds_slot=True)

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
