"""The gateway: has a request let in, finds whom it is for, and hands it to that deployment's queue.

It applies whole routing tables; with none it answers that it is starting.
"""

import secrets

from headway.core.credentials import TO_INFER, TO_READ_METRICS
from headway.core.wire import CLIENT_ID
from headway.gateway import refusals
from headway.gateway.admission import Admission
from headway.gateway.deployment_queue import DeploymentQueue, Reports
from headway.gateway.door import Door
from headway.gateway.identity import accepted, identity_lines, request_ids
from headway.gateway.metrics import MetricsPage
from headway.gateway.reception import Reception
from headway.gateway.refusals import NO_TABLE, Refusal
from headway.gateway.request import ProxiedRequest
from headway.gateway.request_head import RequestHead
from headway.gateway.routes import Address, parse
from headway.gateway.table import RoutingTable
from headway.http.answers import Headers
from headway.http.exchange import Exchange
from headway.http.known_heads import KnownRequest
from headway.http.receivers import SILENT, Receiver

_CACHED = 4096
_LONGEST_CACHED_BYTES = 512
_JSON = b"content-type: application/json\r\n"
_READING = (b"GET", b"HEAD")


class Gateway:
    """All deployments' queues behind one application."""

    def __init__(self, reports: Reports, admission: Admission | None = None) -> None:
        self._reports = reports
        self.epoch = secrets.token_hex(4)
        """Tells this gateway process from any other, and begins the ids of its requests."""
        self.admission = admission or Admission()
        self.reception = Reception(request_ids(self.epoch.encode()), self.admission, reports.wake)
        self.recorder = self.reception.recorder
        self._table: RoutingTable | None = None
        self._queues: dict[str, DeploymentQueue] = {}
        self._found: dict[bytes, tuple[Address, DeploymentQueue]] = {}
        # What a known head leads to, until the table changes: all that is asked of a request is asked of its head.
        self._admitted: dict[KnownRequest | None, tuple[RequestHead, DeploymentQueue]] = {}
        self._ids = self.reception.ids
        self._metrics = MetricsPage(self.recorder, self._queues)
        self._door = Door(self.reception, self._queues)
        self._is_stopping = False
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
                self._queues[deployment_id] = DeploymentQueue(
                    route, self.reception.budget, self._reports, tally
                )
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
            return self.reception.refuse(exchange, self._unless_starting(entered))
        found: tuple[Address, DeploymentQueue] | Refusal | None = self._found.get(exchange.target)
        if found is None:
            receiver = self._door.serve(exchange)
            if receiver is not None:
                return receiver
            found = self._look_up(exchange.target)
        if isinstance(found, Refusal):
            return self.reception.refuse(exchange, found)
        address, queue = found
        head = self.reception.head_of(exchange, address, queue)
        if head is None:
            return SILENT
        if exchange.known is not None and head.trace is None:
            self._remember(exchange.known, head, queue)
        return self.reception.proxy(exchange, head, queue)

    def _serve_page(self, exchange: Exchange) -> Receiver | None:
        """Answer what is asked of the gateway itself; None for anything else."""
        shared = self.admission.share(exchange)
        if shared is not None:
            return self.reception.refuse(exchange, shared) if isinstance(shared, Refusal) else shared
        page = self._pages.get(exchange.target.partition(b"?")[0].removesuffix(b"/"))
        if page is None and exchange.target != b"*":
            return None
        entered = self.admission.enter(exchange, ())
        if isinstance(entered, Refusal):
            return self.reception.refuse(exchange, self._unless_starting(entered))
        if page is None:
            return self.reception.answer(exchange, 200, b"allow: GET, HEAD, POST, OPTIONS\r\n")
        if exchange.method not in _READING:
            return self.reception.refuse(
                exchange, refusals.wrong_method(exchange.method.decode(), "GET, HEAD")
            )
        return page(exchange)

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

    def lines_of_refusal(self, headers: Headers, receiver: Receiver | None) -> bytes:
        """What the answer to a request carries that the server refuses by itself."""
        if isinstance(receiver, ProxiedRequest):
            return receiver.head.lines + receiver.head.identity(receiver.request_id)
        given = next((value for name, value in headers if name == CLIENT_ID), None)
        return self.admission.sharing_lines(headers) + identity_lines(next(self._ids), accepted(given))

    def _answer_health(self, exchange: Exchange) -> Receiver:
        if self._table is None:
            return self.reception.refuse(exchange, NO_TABLE)
        return self.reception.answer(exchange, 200, _JSON, b'{"status": "ok"}\n')

    def _answer_metrics(self, exchange: Exchange) -> Receiver:
        entered = self.admission.enter(exchange, TO_READ_METRICS)
        if isinstance(entered, Refusal):
            return self.reception.refuse(exchange, self._unless_starting(entered))
        self.reception.identify(exchange)
        return self._metrics.serve(exchange)

    def _unless_starting(self, refusal: Refusal) -> Refusal:
        """Without a table it is not known yet whether there are keys: nobody is told that he may not come in."""
        return NO_TABLE if self._table is None else refusal

    def _home_of(self, request: ProxiedRequest) -> DeploymentQueue | None:
        """Where the request belongs by now: one addressed by model or environment follows it; one by id stays."""
        if self._table is None:
            return None
        address = request.head.address
        deployment_id = self._table.deployment_of(address.model, address.environment, address.deployment)
        return None if deployment_id is None else self._queues[deployment_id]


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
