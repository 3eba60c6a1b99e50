"""Takes in what has come: makes of a request what goes to a replica, or answers it in the gateway's own name."""

import time
from collections.abc import Callable, Iterator

from headway.core.dialects import Dialect, dialect_of
from headway.core.wire import BODY_LIMIT, CLIENT_ID
from headway.gateway import refusals
from headway.gateway.admission import Admission, offers_bare
from headway.gateway.body import BodyBudget
from headway.gateway.deployment_queue import DeploymentQueue
from headway.gateway.identity import accepted, identity_lines
from headway.gateway.records import Recorder
from headway.gateway.refusals import Refusal
from headway.gateway.request import ProxiedRequest
from headway.gateway.request_head import InvalidDeadlineError, RequestHead
from headway.gateway.routes import Address, Verb, path_of
from headway.gateway.tally import Tally
from headway.gateway.tracing import Tracer
from headway.http.exchange import Exchange
from headway.http.receivers import SILENT, Receiver

_BODY_BUDGET_BYTES = 256 * 1024 * 1024
_JSON = b"content-type: application/json\r\n"


class Reception:
    """Once for gateway and door. `wake` is told which deployment is to be awake."""

    def __init__(self, ids: Iterator[bytes], admission: Admission, wake: Callable[[str], None]) -> None:
        self.ids = ids
        self.admission = admission
        self._wake = wake
        self.budget = BodyBudget(_BODY_BUDGET_BYTES)
        self.recorder = Recorder(time.monotonic(), time.time())
        self.tracer: Tracer | None = None
        """Where set, requests of callers who trace are recorded."""

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
            self._wake(queue.route.deployment_id)
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
        return ProxiedRequest(exchange, head, queue, next(self.ids))

    def answer(self, exchange: Exchange, status: int, lines: bytes, body: bytes = b"") -> Receiver:
        """Answer what is asked of the gateway itself."""
        self.identify(exchange)
        exchange.respond(status, lines, body)
        return SILENT

    def identify(self, exchange: Exchange) -> None:
        exchange.lines += identity_lines(next(self.ids), accepted(exchange.header(CLIENT_ID)))

    def refuse(self, exchange: Exchange, refusal: Refusal, tally: Tally | None = None) -> Receiver:
        """Answer a request that goes no further."""
        (tally or self.recorder.nowhere).refuse(refusal.status)
        request_id = next(self.ids)
        lines = identity_lines(request_id, accepted(exchange.header(CLIENT_ID))) + refusal.headers()
        exchange.respond(refusal.status, lines, refusal.body(_dialect_of(exchange), request_id))
        return SILENT


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


def _dialect_of(exchange: Exchange) -> Dialect:
    """Whose errors are understood by who sent a request that has no address: it was refused before."""
    path = path_of(exchange.target)
    _, sync, below = path.partition(b"/sync/v1/")
    if sync:
        return dialect_of(b"/v1/" + below)
    if not path.startswith(b"/v1/") or path.endswith(b":predict"):
        return Dialect.HEADWAY
    if exchange.header(b"anthropic-version") is not None:
        return Dialect.ANTHROPIC
    found = dialect_of(path)
    return Dialect.OPENAI if found is Dialect.HEADWAY else found
