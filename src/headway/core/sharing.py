"""What both planes tell browsers about who may read their answers (CORS): headers of every answer, and the answer to a
browser that asks before it sends (a preflight). Without allowed origins nothing is told.
"""

import re

from headway.core.credentials import Denial, Headers
from headway.core.entry import AllowedOrigins

Lines = list[tuple[bytes, bytes]]

SHARING = b"access-control-"
"""Begins the names of those headers."""
_EXPOSED = b"x-headway-request-id, x-headway-cold-start, x-request-id, server-timing, retry-after, www-authenticate, *"
"""The names for browsers that do not know the star."""
_KEPT_FOR = b"600"
"""Seconds for which a browser need not ask again."""
_NAMES = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*,[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+)*")


class Sharing:
    """How answers are shared with the pages of `allowed` origins."""

    def __init__(self, allowed: AllowedOrigins) -> None:
        self._allowed = allowed

    def __bool__(self) -> bool:
        return bool(self._allowed)

    def lines(self, headers: Headers) -> Lines:
        """What every answer to a request with these headers carries, a refusal too."""
        if not self._allowed:
            return []
        origin = self._included(headers)
        shared = [] if self._allowed.are_all else [(b"vary", b"origin")]
        if origin is None:
            return shared
        shared.append((b"access-control-allow-origin", b"*" if self._allowed.are_all else origin))
        shared.append((b"access-control-expose-headers", _EXPOSED))
        return shared

    def preflight(self, method: bytes, headers: Headers) -> Lines | Denial | None:
        """What the answer to a preflight says beside that; why there is none; None for any other request."""
        said = dict(headers)
        wanted = said.get(b"access-control-request-method")
        if method != b"OPTIONS" or wanted is None or b"origin" not in said or not self._allowed:
            return None
        if self._included(headers) is None:
            shown = said[b"origin"].decode("latin-1")[:200]
            hint = "name it in HEADWAY_ALLOWED_ORIGINS"
            return Denial(403, "foreign_page", f"a page of {shown!r} may not ask", hint)
        answer = [(b"access-control-max-age", _KEPT_FOR)]
        names = said.get(b"access-control-request-headers", b"").strip()
        for name, value in (
            (b"access-control-allow-methods", wanted),
            (b"access-control-allow-headers", names),
        ):
            if _NAMES.fullmatch(value.strip()):
                answer.append((name, value.strip()))
        if said.get(b"access-control-request-private-network", b"").strip().lower() == b"true":
            answer.append((b"access-control-allow-private-network", b"true"))
        return answer

    def _included(self, headers: Headers) -> bytes | None:
        """The request's origin, if its pages may ask."""
        origins = [value for name, value in headers if name == b"origin"]
        good = len(origins) == 1 and self._allowed.includes(origins[0].decode("latin-1"))
        return origins[0] if good else None
