"""Whom the gateway lets in, judged by a request's head alone: its key where keys exist, else where its page is from.

It knows no deployment. What it found out about a key holds until the keys change.
"""

from collections.abc import Mapping

from headway.core import credentials, entry
from headway.core.credentials import TO_INFER, Denial
from headway.core.forwarding import TrustedProxies
from headway.core.sharing import Sharing
from headway.gateway.refusals import Refusal, denied
from headway.http.answers import Headers, header_lines
from headway.http.exchange import Exchange
from headway.http.receivers import SILENT, Receiver

_CACHED = 4096
_LONGEST_CACHED_BYTES = 512


class Grant:
    """What a key lets its requests do, for as long as it is valid: until the key is deleted."""

    __slots__ = ("digest", "is_valid", "scopes")

    def __init__(self, digest: str, scopes: tuple[str, ...]) -> None:
        self.digest = digest
        self.scopes = scopes
        self.is_valid = True


class Admission:
    """`allowed` are the origins whose pages may ask, `proxies` those who are believed where a request comes from."""

    def __init__(
        self, allowed: entry.AllowedOrigins | None = None, proxies: TrustedProxies | None = None
    ) -> None:
        self.allowed = allowed or entry.AllowedOrigins()
        self._sharing = Sharing(self.allowed)
        self.proxies = proxies
        self.asks_for_keys = False
        self._grants: dict[str, Grant] = {}
        self._by_key: dict[bytes, Grant | None] = {}
        self._at_home: set[tuple[bool, tuple[tuple[bytes, bytes], ...]]] = set()

    def apply(self, keys: Mapping[str, tuple[str, ...]]) -> bool:
        """Take these keys (digests, with their scopes) for those that exist. Tells whether one has gone."""
        gone = [grant for digest, grant in self._grants.items() if keys.get(digest) != grant.scopes]
        for grant in gone:
            grant.is_valid = False
            del self._grants[grant.digest]
        for digest, scopes in keys.items():
            if digest not in self._grants:
                self._grants[digest] = Grant(digest, scopes)
        self.asks_for_keys = bool(keys)
        self._by_key.clear()
        return bool(gone)

    def enter(self, exchange: Exchange, wanted: tuple[str, ...]) -> "Grant | Refusal | None":
        """What a key with one of the `wanted` scopes grants; None where no key is needed; or why it is refused.

        Where keys exist it matters no more where a page is from: none gets hold of a key.
        """
        if not self.asks_for_keys:
            return self.foreign(exchange)
        if not wanted:
            return None
        grants = [self._grant_of(key) for key in credentials.keys_in(exchange.headers)]
        good = credentials.first_good([None if grant is None else grant.scopes for grant in grants], wanted)
        return denied(good) if isinstance(good, Denial) else grants[good]

    def grant_of(self, exchange: Exchange) -> "Grant | Refusal | None":
        """By which key a request comes in to a model; None where keys do not exist."""
        return self.enter(exchange, TO_INFER) if self.asks_for_keys else None

    def share(self, exchange: Exchange) -> "Refusal | Receiver | None":
        """Have the answer tell browsers who may read it. A preflight is answered here, or refused: before key, queue
        and slot, for browsers send no key with it.
        """
        if not self._sharing:
            return None
        exchange.lines = self.sharing_lines(exchange.headers)
        answer = self._sharing.preflight(exchange.method, exchange.headers)
        if answer is None:
            return None
        if isinstance(answer, Denial):
            return denied(answer)
        refusal = None if self.asks_for_keys else self.foreign(exchange)
        if refusal is not None:
            return refusal
        exchange.start(204, header_lines(answer))
        exchange.end()
        return SILENT

    def sharing_lines(self, headers: Headers) -> bytes:
        """What every answer to a request with these headers tells browsers."""
        return header_lines(self._sharing.lines(headers))

    def models_headers(self, exchange: Exchange, *, pass_authorization: bool) -> Headers:
        """A request's headers without the keys of this gateway in them, which are none of the model's business."""
        if not self.asks_for_keys and not exchange.is_upgrade:
            return exchange.headers
        passed_on = []
        for name, value in exchange.headers:
            keeps = pass_authorization and name == credentials.AUTHORIZATION
            if name == credentials.SUBPROTOCOLS:
                if models := credentials.models_subprotocols(value):
                    passed_on.append((name, b", ".join(models)))
            elif keeps or not any(self._grant_of(key) for key in credentials.keys_of(name, value)):
                passed_on.append((name, value))
        return passed_on

    def _grant_of(self, key: bytes) -> Grant | None:
        key = key[: credentials.LONGEST_KEY_BYTES + 1]
        if key not in self._by_key:
            if len(self._by_key) >= _CACHED:
                self._by_key.clear()
            self._by_key[key] = self._grants.get(credentials.digest(key))
        return self._by_key[key]

    def foreign(self, exchange: Exchange) -> Refusal | None:
        """Why a page of another site does not come in. Who has come in once comes in with the same words."""
        has_name = exchange.client is not None
        told = has_name, tuple([header for header in exchange.headers if header[0] in entry.TELLING])
        if told in self._at_home:
            return None
        denial: Denial | None = entry.refusal(entry.Provenance.of(told[1]), self.allowed, has_name=has_name)
        refusal = None if denial is None else denied(denial)
        if refusal is None and sum([len(value) for _, value in told[1]]) <= _LONGEST_CACHED_BYTES:
            if len(self._at_home) >= _CACHED:
                self._at_home.clear()
            self._at_home.add(told)
        return refusal


def offers_bare(exchange: Exchange) -> bool:
    """Whether a WebSocket's client offers the subprotocol that is answered where the model chooses none."""
    offered = exchange.header(credentials.SUBPROTOCOLS) if exchange.is_upgrade else None
    return offered is not None and credentials.BARE_SUBPROTOCOL in credentials.subprotocols(offered)
