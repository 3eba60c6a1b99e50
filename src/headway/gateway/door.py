"""One door for OpenAI's and Anthropic's clients: `/v1` is a base URL for all models, and a request's body says which
one is meant.

It reads a body until the model is known, then the request goes the way of all others; it decides nothing about slots.
"""

import asyncio
from collections.abc import Mapping
from time import monotonic
from urllib.parse import unquote

from headway.core.credentials import TO_INFER
from headway.core.dialects import dialect_of
from headway.core.settings import DeploymentSettings
from headway.gateway import refusals
from headway.gateway.body import RequestBody
from headway.gateway.body_pieces import BodyPieces, UndecodableError
from headway.gateway.catalogue import Catalogue, whom
from headway.gateway.deployment_queue import DeploymentQueue
from headway.gateway.model_name import Finding, ModelName
from headway.gateway.reception import Reception
from headway.gateway.refusals import Refusal
from headway.gateway.request_head import RequestHead
from headway.gateway.routes import Address, Verb, path_of
from headway.gateway.table import RoutingTable
from headway.http.content_coding import Coding, UnknownCodingError, coding_of
from headway.http.exchange import Exchange
from headway.http.known_heads import KnownRequest
from headway.http.receivers import SILENT, Receiver

_CACHED = 4096
_USUAL_LIMIT = DeploymentSettings().body_limit_bytes
_JSON = b"content-type: application/json\r\n"
_MODELS = b"/v1/models"
_CALLS = frozenset(
    b"/v1/" + name for name in (b"chat/completions", b"completions", b"embeddings", b"responses", b"messages")
)

Found = tuple[RequestHead, DeploymentQueue]


class Door:
    """The routes below /v1 that name their model in the body, or list what there is."""

    def __init__(self, reception: Reception, queues: Mapping[str, DeploymentQueue]) -> None:
        self.reception = reception
        self._queues = queues
        self._table: RoutingTable | None = None
        self._catalogue: Catalogue | None = None
        self._largest_body = 0
        # What a known head leads to together with a name, until the table changes.
        self._found: dict[tuple[KnownRequest, str], Found] = {}

    def apply(self, table: RoutingTable) -> None:
        self._table = table
        self._catalogue = None  # made when it is asked for
        self._largest_body = max(
            (one.settings.body_limit_bytes for one in table.deployments), default=_USUAL_LIMIT
        )
        self._found.clear()

    def serve(self, exchange: Exchange) -> Receiver | None:
        """Take a request whose key is good; None when its path is none of the door's."""
        path = path_of(exchange.target)
        if path in _CALLS:
            return self._call(exchange)
        if path == _MODELS or (path.startswith(_MODELS + b"/") and not path.endswith(b":predict")):
            return self._list(exchange, path[len(_MODELS) + 1 :])
        return None

    def find(self, exchange: Exchange, name: str) -> Found | None:
        """Where a request for `name` goes; None when it was refused."""
        known = exchange.known
        found = None if known is None else self._found.get((known, name))
        if found is not None:
            exchange.headers = ()
            return found
        table = self._table
        if table is None:
            self.reception.refuse(exchange, refusals.NO_TABLE)
            return None
        entered = self.reception.admission.enter(exchange, TO_INFER)
        if isinstance(entered, Refusal):  # its key was deleted while its body was read
            self.reception.refuse(exchange, entered)
            return None
        model, environment, deployment = whom(name)
        deployment_id = table.deployment_of(model, environment, deployment)
        if deployment_id is None:
            self.reception.refuse(exchange, self._names(table).unknown(name))
            return None
        path, mark, query = exchange.target.partition(b"?")
        path = path_of(path)
        address = Address(
            model, Verb.SYNC, path + mark + query, environment, deployment, b"POST", dialect_of(path)
        )
        queue = self._queues[deployment_id]
        head = self.reception.head_of(exchange, address, queue)
        if head is None:
            return None
        found = head, queue
        if known is not None and head.trace is None:
            if len(self._found) >= _CACHED:
                self._found.clear()
            self._found[known, name] = found
        return found

    def _call(self, exchange: Exchange) -> Receiver:
        coding: Coding | None = None
        refusal: Refusal | None = None
        if exchange.method != b"POST":
            refusal = refusals.wrong_method(exchange.method.decode(), "POST")
        elif self._table is None:
            refusal = refusals.NO_TABLE
        elif exchange.length is not None and exchange.length > self._largest_body:
            refusal = refusals.body_too_large(self._largest_body)
        else:
            try:
                coding = coding_of(exchange.headers)
            except UnknownCodingError as error:
                refusal = refusals.unknown_coding(error)
        if refusal is not None:
            return self.reception.refuse(exchange, refusal)
        return Reading(self, exchange, self._largest_body, coding)

    def _list(self, exchange: Exchange, name: bytes) -> Receiver:
        if exchange.method not in {b"GET", b"HEAD"}:
            return self.reception.refuse(
                exchange, refusals.wrong_method(exchange.method.decode(), "GET, HEAD")
            )
        if self._table is None:
            return self.reception.refuse(exchange, refusals.NO_TABLE)
        names = self._names(self._table)
        body = names.one(unquote(name.decode("latin-1"))) if name else names.list
        if isinstance(body, Refusal):
            return self.reception.refuse(exchange, body)
        return self.reception.answer(exchange, 200, _JSON, body)

    def _names(self, table: RoutingTable) -> Catalogue:
        if self._catalogue is None:
            self._catalogue = Catalogue(table)
        return self._catalogue


class Reading:
    """A request of which it is not known yet whom it is for: `Receiver` until then, and a way to the next one after.

    What it reads counts against the budget of all bodies that wait. A client that leaves is simply gone.
    """

    def __init__(self, door: Door, exchange: Exchange, limit: int, coding: Coding | None) -> None:
        self._door = door
        self._exchange = exchange
        self._limit = limit
        self._began = monotonic()
        self._body = RequestBody(door.reception.budget)
        self._pieces = BodyPieces(coding)
        self._search = ModelName()
        self._next: Receiver | None = None
        self._goes_on = False  # with pieces that are there already
        self._is_paused = False

    def on_body(self, data: bytes) -> None:
        if self._next is not None:
            self._next.on_body(data)
            return
        has_room = self._body.keep(data, self._limit + 1)
        self._pieces.add(data)
        if not self._goes_on:
            self._look()
        if not has_room:
            self._overflow()

    def on_body_complete(self) -> None:
        self._body.is_complete = True
        if self._next is not None:
            self._next.on_body_complete()
        elif not self._goes_on:
            self._decide(self._search.end())

    def on_client_left(self) -> None:
        if self._next is not None:
            self._next.on_client_left()
        else:
            self._close(SILENT)
            self._exchange.abort()

    def on_writable(self, *, writable: bool) -> None:
        if self._next is not None:
            self._next.on_writable(writable=writable)

    def _look(self) -> None:
        """Look at the next piece, and at those behind it later: others get their turn meanwhile."""
        self._goes_on = False
        if self._next is not None:
            return  # the client has left, or was refused
        try:
            finding = self._search.feed(self._pieces.take())
        except UndecodableError as error:
            self._refuse(refusals.not_decodable(str(error)))
            return
        if finding is not None:
            self._decide(finding)
        elif self._pieces.taken_bytes > self._limit:
            self._refuse(refusals.body_too_large(self._limit))
        elif not self._pieces.is_empty:
            self._goes_on = self._is_paused = True
            self._exchange.pause_body()
            asyncio.get_running_loop().call_soon(self._look)
        elif self._body.is_complete:
            self._decide(self._search.end())
        else:
            self._resume()

    def _decide(self, finding: Finding) -> None:
        if finding is not Finding.NAME:
            self._refuse(refusals.no_name(finding.value))
            return
        found = self._door.find(self._exchange, self._search.name)
        if found is None:
            self._close(SILENT)
        else:
            self._pass_on(*found)

    def _pass_on(self, head: RequestHead, queue: DeploymentQueue) -> None:
        """It is a request like any other now, which has read what was read here, and came when this came."""
        request = self._door.reception.proxy(self._exchange, head, queue)
        request.began(monotonic() - self._began, self._began)
        kept, is_complete = self._body.kept, self._body.is_complete
        self._close(request)
        self._exchange.receiver = request
        self._resume()
        for data in kept:
            request.on_body(data)
        if is_complete:
            request.on_body_complete()

    def _resume(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self._exchange.resume_body()

    def _overflow(self) -> None:
        """No more of the body may be kept."""
        if self._next is not None:
            return  # nor need it be
        if self._body.kept_bytes > self._limit:
            self._refuse(refusals.body_too_large(self._limit))
        else:
            self._refuse(refusals.no_room(self._door.reception.budget.limit_bytes))

    def _refuse(self, refusal: Refusal) -> None:
        self._close(SILENT)
        self._door.reception.refuse(self._exchange, refusal)

    def _close(self, receiver: Receiver) -> None:
        """What still comes is for `receiver`."""
        self._next = receiver
        self._search.end()
        self._body.release()
