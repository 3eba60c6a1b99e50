"""From a request's path to whom it is for: pure, without knowing which models exist."""

import posixpath
import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import quote, unquote

from headway.core.dialects import Dialect, dialect_of
from headway.core.wire import PREDICT_PATH, PRIVATE_PATHS, WEBSOCKET_PATH

PRODUCTION = "production"


class Verb(Enum):
    """What is asked of a deployment."""

    PREDICT = "predict"
    SYNC = "sync"
    WEBSOCKET = "websocket"
    WAKE = "wake"


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a request is for: a deployment by id, or the one an environment of a model points at."""

    model: str
    verb: Verb
    upstream_path: bytes
    """The replica's path, with the query."""
    environment: str = PRODUCTION
    deployment: str | None = None
    method: bytes | None = None
    """The only method understood; None for any."""
    dialect: Dialect = Dialect.HEADWAY
    """Whose errors the client understands."""

    @property
    def name(self) -> str:
        """What the model is called where one name says all: NAME, NAME/ENVIRONMENT or NAME@DEPLOYMENT."""
        if self.deployment is not None:
            return f"{self.model}@{self.deployment}"
        return self.model if self.environment == PRODUCTION else f"{self.model}/{self.environment}"


_MODEL_PATH = re.compile(
    r"/models/(?P<model>[^/]+)"
    r"(?:/environments/(?P<environment>[^/]+)|/deployments/(?P<deployment>[^/]+))?"
    r"/(?P<verb>predict/?|websocket/?|wake/?|sync(?P<path>/.*)?)$",
    re.DOTALL,
)
_UNQUOTED = "/:@!$&'()*+,;="
_TRUSS_PATH = re.compile(r"/v1/models/(?P<model>[^/:]+):predict/?$")
_METHODS = {Verb.PREDICT: b"POST", Verb.WAKE: b"POST", Verb.WEBSOCKET: b"GET"}
_UPSTREAM = {Verb.PREDICT: PREDICT_PATH, Verb.WEBSOCKET: WEBSOCKET_PATH, Verb.WAKE: b""}


def parse(target: bytes) -> Address | None:
    """Whom `target` (a request's path and query, as received) is for; None when it leads nowhere.

    A slash at the end of our own paths means nothing, as in many clients; a path of the model's is passed on as it is.
    """
    raw_path, _, query = target.partition(b"?")
    if b"#" in raw_path or not raw_path.isascii():
        return None
    path = raw_path.decode()
    suffix = b"?" + query if query else b""
    if truss := _TRUSS_PATH.fullmatch(path):
        return Address(unquote(truss["model"]), Verb.PREDICT, PREDICT_PATH + suffix, method=b"POST")
    match = _MODEL_PATH.fullmatch(path)
    if match is None:
        return None
    verb = Verb(match["verb"].partition("/")[0])
    if verb is Verb.SYNC:
        upstream = _sync_path(match["path"] or "/")
        if upstream is None:
            return None
    else:
        upstream = _UPSTREAM[verb]
    deployment = match["deployment"]
    dialect = dialect_of(upstream) if verb is Verb.SYNC else Dialect.HEADWAY
    return Address(
        model=unquote(match["model"]),
        verb=verb,
        upstream_path=upstream + suffix,
        environment=unquote(match["environment"] or PRODUCTION),
        deployment=None if deployment is None else unquote(deployment),
        method=_METHODS.get(verb),
        dialect=dialect,
    )


def _sync_path(path: str) -> bytes | None:
    """The replica's path, or None for one that nobody outside may reach.

    What is compared is what the replica would see after any decoding; what is sent is the path as it came,
    once nothing in it can be read in two ways.
    """
    decoded = unquote(path, errors="replace")
    is_ambiguous = decoded != unquote(decoded, errors="replace")
    if is_ambiguous or any(character < " " or character in "\\\x7f" for character in decoded):
        return None
    normal = "/" + posixpath.normpath(decoded).lstrip("/")
    lower = normal.lower().encode()
    if any(lower == private or lower.startswith(private + b"/") for private in PRIVATE_PATHS):
        return None
    has_dots = any(part in {".", ".."} for part in decoded.split("/"))
    if has_dots or "//" in decoded:
        return quote(normal, safe=_UNQUOTED).encode()
    return path.encode()


def path_of(target: bytes) -> bytes:
    """The path of a target, without query and a trailing slash."""
    path = target.partition(b"?")[0]
    return path[:-1] if path.endswith(b"/") and len(path) > 1 else path
