"""API keys as requests carry them, what each is good for, and the words for one that is not accepted: the same on both
planes. Which keys there are is not known here.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

INFERENCE, MANAGE, METRICS = "inference", "manage", "metrics"
SCOPES = (INFERENCE, MANAGE, METRICS)
"""Requests to models; control; reading the metrics of both planes and nothing else."""
TO_INFER, TO_MANAGE, TO_READ_METRICS = (INFERENCE,), (MANAGE,), (MANAGE, METRICS)
"""The scopes of which one is needed."""

AUTHORIZATION = b"authorization"
SUBPROTOCOLS = b"sec-websocket-protocol"
KEY_SUBPROTOCOL = b"headway.key."
"""Begins the subprotocol that carries the key of a browser's WebSocket, which can send no header of its own."""
BARE_SUBPROTOCOL = b"headway"
"""A browser that offers subprotocols wants one of them answered: this one is, where the model chooses none."""
LONGEST_KEY_BYTES = 512
"""No key is longer, and of what is only the beginning is looked at."""
CHALLENGE = "Bearer"
"""What WWW-Authenticate says with each 401."""

_SCHEMES = (b"bearer", b"api-key")
_KEY_HEADERS = (b"x-api-key", b"api-key")

Headers = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Denial:
    """Why a request goes no further, as both planes tell it."""

    status: int
    code: str
    message: str
    hint: str


KEY_MISSING = Denial(401, "key_missing", "this needs an API key", "send Authorization: Bearer KEY")
KEY_UNKNOWN = Denial(
    401, "key_unknown", "this API key is not known", "look for a typing error, or make a new key"
)
_SCOPE_MISSING = "scope_missing"
KEY_CODES = frozenset((KEY_MISSING.code, KEY_UNKNOWN.code, _SCOPE_MISSING))


def scope_missing(wanted: tuple[str, ...]) -> Denial:
    """Each of `wanted` would do."""
    scopes = " or ".join(wanted)
    message = f"this API key does not have the scope {scopes}"
    return Denial(403, _SCOPE_MISSING, message, f"headway keys create --scope {wanted[-1]}")


def digest(key: bytes) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key[: LONGEST_KEY_BYTES + 1]).hexdigest()


def keys_in(headers: Headers) -> list[bytes]:
    """All keys that a request carries, in the order of its headers (with lower-case names)."""
    return [key for name, value in headers for key in keys_of(name, value)]


def keys_of(name: bytes, value: bytes) -> list[bytes]:
    """The keys that one header carries; only subprotocols can be several."""
    if name == SUBPROTOCOLS:
        begin = len(KEY_SUBPROTOCOL)
        found = [one[begin:] for one in subprotocols(value) if one.startswith(KEY_SUBPROTOCOL)]
        return [key for key in found if key]
    if name == AUTHORIZATION:
        scheme, _, value = value.strip().partition(b" ")
        if scheme.lower() not in _SCHEMES:
            return []
    elif name not in _KEY_HEADERS:
        return []
    return [key] if (key := value.strip()) else []


def first_good(found: Sequence[tuple[str, ...] | None], wanted: tuple[str, ...]) -> int | Denial:
    """Which of the keys that a request carries has a scope of `wanted`, or why none will do. `found` has the scopes of
    each, None for one that does not exist.
    """
    for place, scopes in enumerate(found):
        if scopes is not None and not set(wanted).isdisjoint(scopes):
            return place
    if all(scopes is None for scopes in found):
        return KEY_UNKNOWN if found else KEY_MISSING
    return scope_missing(wanted)


def subprotocols(value: bytes) -> list[bytes]:
    """Those that the value of a Sec-WebSocket-Protocol header names."""
    return [name for part in value.split(b",") if (name := part.strip())]


def models_subprotocols(value: bytes) -> list[bytes]:
    """The same without Headway's own."""
    return [
        one for one in subprotocols(value) if one != BARE_SUBPROTOCOL and not one.startswith(KEY_SUBPROTOCOL)
    ]
