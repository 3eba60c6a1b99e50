"""The gateway: has a request let in, finds whom it is for, and hands it to that deployment's queue.

It applies whole routing tables; with none it answers that it is starting.
"""

import secrets
import time
from typing import TYPE_CHECKING

from headway.core.credentials import TO_INFER, TO_READ_METRICS
from headway.core.wire import BODY_LIMIT, CLIENT_ID
from headway.gateway import refusals
from headway.gateway.admission import Admission, offers_bare
from headway.gateway.body import BodyBudget
from headway.gateway.deployment_queue import DeploymentQueue, Reports
from headway.gateway.door import Door, dialect_of_request
from headway.gateway.identity import accepted, identity_lines, request_ids
from headway.gateway.metrics import MetricsPage
from headway.gateway.records import Recorder, Tally
from headway.gateway.refusals import NO_TABLE, Refusal
from headway.gateway.request import ProxiedRequest
from headway.gateway.request_head import InvalidDeadlineError, RequestHead
from headway.gateway.routes import Address, Verb, parse
from headway.gateway.table import RoutingTable
from headway.http.answers import Headers
from headway.http.exchange import Exchange
from headway.http.known_heads import KnownRequest
from headway.http.receivers import SILENT, Receiver

if TYPE_CHECKING:
    from headway.gateway.tracing import Tracer

_BODY_BUDGET_BYTES = 256 * 1024 * 1024
_CACHED = 4096
_LONGEST_CACHED_BYTES = 512
_JSON = b"content-type: application/json\r\n"
_READING = (b"GET", b"HEAD")


class Gateway:
    """All deployments' queues behind one application."""

    def __init__(self, reports: Reports, admission: Admission | None = None) -> None:
        self._reports = reports
        self.admission = admission or Admission()
        self._table: RoutingTable | None = None
        self._queues: dict[str, DeploymentQueue] = {}
        self.budget = BodyBudget(_BODY_BUDGET_BYTES)
        self.recorder = Recorder(time.monotonic(), time.time())
        self._found: dict[bytes, tuple[Address, DeploymentQueue]] = {}
        # What a known head leads to, until the table changes: all that is asked of a request is asked of its head.
        self._admitted: dict[KnownRequest | None, tuple[RequestHead, DeploymentQueue]] = {}
        self.epoch = secrets.token_hex(4)
        """Tells this gateway process from any other, and begins the ids of its requests."""
        self._ids = request_ids(self.epoch.encode())
        self._metrics = MetricsPage(self)
        self._door = Door(self)
        self._is_stopping = False
        self.tracer: Tracer | None = None
        """Where set, requests of callers who trace are recorded."""
        self._pages = {b"/healthz": self._answer_health, b"/metrics": self._answer_metrics}

    @property
    def version(self) -> int:
        """The version of the table in force; -1 with none."""
        return -1 if self._table is None else self._table.version

    @property
    def queues(self) -> dict[str, DeploymentQueue]:
        return self._queues

    def apply(self, table: RoutingTable) -> None:
        """Bring everything to the table. An older version than the one in force is ignored."""
        if table.version < self.version:
            return
        pointed_at = set() if self._table is None else set(self._table.environments.items())
        left = {deployment_id for _, deployment_id in pointed_at - set(table.environments.items())}
        self._table = table
        if self.admission.apply(table.keys):
            self._end_revoked()
        self._found.clear()
        self._admitted.clear()
        self._door.apply(table)
        wanted = {route.deployment_id: route for route in table.deployments}
        for deployment_id, route in wanted.items():
            queue = self._queues.get(deployment_id)
            if queue is None:
                tally = self.recorder.tally(deployment_id, route.model)
                self._queues[deployment_id] = DeploymentQueue(route, self.budget, self._reports, tally)
            else:
                queue.apply(route)
        for deployment_id in left | (self._queues.keys() - wanted.keys()):
            self._queues[deployment_id].move_queued(self._home_of)
        for deployment_id, queue in list(self._queues.items()):
            if deployment_id in wanted:
                queue.refuse_hopeless(is_stopping=self._is_stopping)
            else:
                del self._queues[deployment_id]
                queue.close()
                self.recorder.forget(deployment_id)

    def stop(self) -> None:
        """What holds a slot goes on, and what queues for it; what waits for a first replica is refused from now on."""
        self._is_stopping = True
        for queue in self._queues.values():
            queue.refuse_hopeless(is_stopping=True)

    def _end_revoked(self) -> None:
        """A key was deleted: what came in with it is out, as if its clients had left."""
        for queue in self._queues.values():
            for request in queue.fleet.requests():
                grant = request.head.grant
                if grant is not None and not grant.is_valid:
                    request.turn_away(refusals.KEY_GONE)

    def serve(self, exchange: Exchange) -> Receiver:
        """The application that the server runs for each request."""
        admitted = self._admitted.get(exchange.known)
        if admitted is None:
            return self._serve_unknown(exchange)
        head, queue = admitted
        if head.lines:
            exchange.lines = head.lines
        return ProxiedRequest(exchange, head, queue, next(self._ids))

    def _serve_unknown(self, exchange: Exchange) -> Receiver:
        page = self._serve_page(exchange)
        if page is not None:
            return page
        # Who asks comes first: who may not come in is told not a word about what exists.
        entered = self.admission.enter(exchange, TO_INFER)
        if isinstance(entered, Refusal):
            return self.refuse(exchange, self._unless_starting(entered))
        found: tuple[Address, DeploymentQueue] | Refusal | None = self._found.get(exchange.target)
        if found is None:
            receiver = self._door.serve(exchange)
            if receiver is not None:
                return receiver
            found = self._look_up(exchange.target)
        if isinstance(found, Refusal):
            return self.refuse(exchange, found)
        address, queue = found
        head = self.head_of(exchange, address, queue)
        if head is None:
            return SILENT
        if exchange.known is not None and head.trace is None:
            self._remember(exchange.known, head, queue)
        return self.proxy(exchange, head, queue)

    def _serve_page(self, exchange: Exchange) -> Receiver | None:
        """Answer what is asked of the gateway itself; None for anything else."""
        shared = self.admission.share(exchange)
        if shared is not None:
            return self.refuse(exchange, shared) if isinstance(shared, Refusal) else shared
        page = self._pages.get(exchange.target.partition(b"?")[0].removesuffix(b"/"))
        if page is None and exchange.target != b"*":
            return None
        entered = self.admission.enter(exchange, ())
        if isinstance(entered, Refusal):
            return self.refuse(exchange, self._unless_starting(entered))
        if page is None:
            return self.answer(exchange, 200, b"allow: GET, HEAD, POST, OPTIONS\r\n")
        if exchange.method not in _READING:
            return self.refuse(exchange, refusals.wrong_method(exchange.method.decode(), "GET, HEAD"))
        return page(exchange)

    def head_of(self, exchange: Exchange, address: Address, queue: DeploymentQueue) -> RequestHead | None:
        """What a replica is sent for a request that is found good; None when the request was answered here."""
        refusal = _refusal_of(exchange, address, queue)
        if refusal is not None:
            self.refuse(exchange, refusal, queue.tally)
            return None
        grant = self.admission.grant_of(exchange)
        if isinstance(grant, Refusal):  # keys have changed while a body was read
            self.refuse(exchange, grant, queue.tally)
            return None
        if address.verb is Verb.WAKE:
            self._reports.wake(queue.route.deployment_id)
            self.answer(exchange, 202, _JSON, b'{"status": "waking"}\n')
            return None
        trace = None if self.tracer is None else self.tracer.begin(exchange)
        try:
            takes_bare = offers_bare(exchange)
            exchange.headers = self.admission.models_headers(
                exchange, pass_authorization=queue.settings.pass_authorization
            )
            head = RequestHead(exchange, address, self.admission.proxies, _limit_line(exchange, queue))
            head.grant, head.takes_bare = grant, takes_bare
        except InvalidDeadlineError as error:
            self.refuse(exchange, refusals.bad_deadline(str(error)), queue.tally)
            return None
        head.trace = trace
        exchange.headers = ()  # what is needed of them is in the head: a queued request stays small
        return head

    def proxy(self, exchange: Exchange, head: RequestHead, queue: DeploymentQueue) -> ProxiedRequest:
        """The request on its way to the queue, which it enters when enough of its body was read."""
        return ProxiedRequest(exchange, head, queue, next(self._ids))

    def _look_up(self, target: bytes) -> "tuple[Address, DeploymentQueue] | Refusal":
        address = parse(target)
        if address is None:
            return refusals.no_such_path(target.decode("latin-1"))
        if self._table is None:
            return NO_TABLE
        deployment_id = self._table.deployment_of(address.model, address.environment, address.deployment)
        if deployment_id is None:
            return _unknown(address, self._table)
        found = address, self._queues[deployment_id]
        if len(self._found) < _CACHED and len(target) <= _LONGEST_CACHED_BYTES and b"?" not in target:
            self._found[target] = found
        return found

    def _remember(self, known: KnownRequest, head: RequestHead, queue: DeploymentQueue) -> None:
        if len(self._admitted) >= _CACHED:
            self._admitted.clear()
        self._admitted[known] = head, queue

    def answer(self, exchange: Exchange, status: int, lines: bytes, body: bytes = b"") -> Receiver:
        """Answer what is asked of the gateway itself."""
        self._identify(exchange)
        exchange.respond(status, lines, body)
        return SILENT

    def _identify(self, exchange: Exchange) -> None:
        exchange.lines += identity_lines(next(self._ids), accepted(exchange.header(CLIENT_ID)))

    def refuse(self, exchange: Exchange, refusal: Refusal, tally: Tally | None = None) -> Receiver:
        """Answer a request that goes no further."""
        (tally or self.recorder.nowhere).refuse(refusal.status)
        request_id = next(self._ids)
        lines = identity_lines(request_id, accepted(exchange.header(CLIENT_ID))) + refusal.headers()
        exchange.respond(refusal.status, lines, refusal.body(dialect_of_request(exchange), request_id))
        return SILENT

    def lines_of_refusal(self, headers: Headers, receiver: Receiver | None) -> bytes:
        """What the answer to a request carries that the server refuses by itself."""
        if isinstance(receiver, ProxiedRequest):
            return receiver.head.lines + receiver.head.identity(receiver.request_id)
        given = next((value for name, value in headers if name == CLIENT_ID), None)
        return self.admission.sharing_lines(headers) + identity_lines(next(self._ids), accepted(given))

    def _answer_health(self, exchange: Exchange) -> Receiver:
        if self._table is None:
            return self.refuse(exchange, NO_TABLE)
        return self.answer(exchange, 200, _JSON, b'{"status": "ok"}\n')

    def _answer_metrics(self, exchange: Exchange) -> Receiver:
        entered = self.admission.enter(exchange, TO_READ_METRICS)
        if isinstance(entered, Refusal):
            return self.refuse(exchange, self._unless_starting(entered))
        self._identify(exchange)
        return self._metrics.serve(exchange)

    def _unless_starting(self, refusal: Refusal) -> Refusal:
        """Without a table it is not known yet whether there are keys: nobody is told that he may not come in."""
        return NO_TABLE if self._table is None else refusal

    def _home_of(self, request: ProxiedRequest) -> DeploymentQueue | None:
        """Where the request belongs by now: one addressed by model or environment follows it; one by id stays."""
        if self._table is None:
            return None
        address = request.address
        deployment_id = self._table.deployment_of(address.model, address.environment, address.deployment)
        return None if deployment_id is None else self._queues[deployment_id]


def _limit_line(exchange: Exchange, queue: DeploymentQueue) -> bytes:
    """An encoded body is decoded by the replica, which does not know the settings of its deployment."""
    if exchange.header(b"content-encoding") is None:
        return b""
    return b"%s: %d\r\n" % (BODY_LIMIT, queue.settings.body_limit_bytes)


def _refusal_of(exchange: Exchange, address: Address, queue: DeploymentQueue) -> Refusal | None:
    """Why the request goes no further, or None; told before any of its body is read."""
    if address.method is not None and exchange.method != address.method:
        return refusals.wrong_method(exchange.method.decode(), address.method.decode())
    if address.verb is Verb.WEBSOCKET and not _asks_for_websocket(exchange):
        return refusals.UPGRADE_REQUIRED
    limit = queue.settings.body_limit_bytes
    if exchange.length is not None and exchange.length > limit:
        return refusals.body_too_large(limit)
    return None


def _asks_for_websocket(exchange: Exchange) -> bool:
    return exchange.is_upgrade and (exchange.header(b"upgrade") or b"").lower() == b"websocket"


def _unknown(address: Address, table: RoutingTable) -> Refusal:
    """The first part of the address that does not exist, with the nearest that do."""
    models = {route.model for route in table.deployments}
    if address.model not in models:
        return refusals.unknown("model", address.model, models)
    if address.deployment is not None:
        known = {route.deployment_id for route in table.deployments if route.model == address.model}
        return refusals.unknown("deployment", address.deployment, known)
    known = {name for model, name in table.environments if model == address.model}
    return refusals.unknown("environment", address.environment, known)
