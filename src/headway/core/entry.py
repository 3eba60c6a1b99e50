"""Who may come in where there are no API keys: everybody on this machine, but no page of another site that a browser
shows. One rule for both planes, told of a request's head; it knows nothing of keys.

A browser says which site a page is from (Origin, Sec-Fetch-Site). A site whose name was made to mean this machine is
known by its name: what is reached without keys is called by an address or localhost. Programs say none of it.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

from headway.core.credentials import Denial, Headers
from headway.core.errors import HeadwayError

ANY = "*"
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<host>\[[0-9a-f:.]+\]|[^\s:/?#@\[\],*]+)(?::(?P<port>\d{1,5}))?"
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]@/]+\]|[^\s:/?#@\[\]]+)(?::\d{0,5})?")
_DEFAULT_PORTS = {"http": 80, "https": 443}
TELLING = frozenset((b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"))
"""The headers that a provenance is read from."""
_HOME = (None, "same-origin", "none")
"""Sec-Fetch-Site of programs, of Headway's own pages, and of what the user asks for. `same-site` is another port."""
_OTHER_SITE = Denial(
    403, "foreign_page", "a page of another site may not ask", "name its origin in HEADWAY_ALLOWED_ORIGINS"
)


class InvalidOriginError(HeadwayError):
    code = "invalid_origin"


@dataclass(frozen=True, slots=True)
class AllowedOrigins:
    """The origins whose pages may use Headway: none, a list, or all. It is true where there are any."""

    origins: frozenset[str] = frozenset()
    hosts: frozenset[str] = field(default=frozenset(), repr=False)
    """Their names: a proxy before Headway may be called so."""

    @classmethod
    def of(cls, stated: Iterable[str]) -> Self:
        """As they stand in a configuration. Raises InvalidOriginError for what is no origin."""
        origins = frozenset(map(_checked, stated))
        return cls(origins, frozenset(found["host"] for one in origins if (found := _ORIGIN.fullmatch(one))))

    def __bool__(self) -> bool:
        return bool(self.origins)

    @property
    def are_all(self) -> bool:
        return ANY in self.origins

    def includes(self, origin: str) -> bool:
        return self.are_all or normal_origin(origin) in self.origins


@dataclass(slots=True)
class Provenance:
    """What a request's head says about where it comes from, as received."""

    hosts: list[str] = field(default_factory=list)
    """One, unless somebody who is no browser sends several."""
    origins: list[str] = field(default_factory=list)
    site: str | None = None
    mode: str | None = None
    destination: str | None = None

    @classmethod
    def of(cls, headers: Headers) -> Self:
        """`headers` have lower-case names."""
        found = cls()
        for name, value in headers:
            match name:
                case b"host":
                    found.hosts.append(value.decode("latin-1"))
                case b"origin":
                    found.origins.append(value.decode("latin-1"))
                case b"sec-fetch-site":
                    found.site = value.decode("latin-1")
                case b"sec-fetch-mode":
                    found.mode = value.decode("latin-1")
                case b"sec-fetch-dest":
                    found.destination = value.decode("latin-1")
        return found

    @property
    def is_visit(self) -> bool:
        """The user follows a link to it, so no page gets what is answered."""
        return self.mode == "navigate" and self.destination == "document"


def refusal(
    head: Provenance, allowed: AllowedOrigins, *, has_name: bool = True, takes_visits: bool = False
) -> Denial | None:
    """Why one without a key does not come in, or None.

    `has_name` False: no name leads to where it came in (a Unix socket). `takes_visits`: what is asked for is a page
    of Headway's own, with nothing in it, to which others may link.
    """
    for host in head.hosts if has_name else ():
        if not _is_here(host, allowed):
            message = f"without keys this does not answer to the name {host[:200]!r}"
            return Denial(403, "foreign_page", message, "create a key, or ask for localhost")
    own = normal_origin(f"http://{head.hosts[-1]}") if head.hosts else None
    for origin in head.origins:
        if not allowed.includes(origin) and normal_origin(origin) != own:
            message = f"a page of {origin[:200]!r} may not ask"
            return Denial(403, "foreign_page", message, _OTHER_SITE.hint)
    is_invited = allowed.are_all or (head.origins and all(map(allowed.includes, head.origins)))
    if head.site in _HOME or is_invited or (takes_visits and head.is_visit):
        return None
    return _OTHER_SITE


def normal_origin(origin: str) -> str:
    """An origin as browsers write it: lower case, without the port that its scheme has anyway."""
    found = _ORIGIN.fullmatch(origin.lower())
    if found is None:
        return origin.lower()
    scheme, host, port = found["scheme"], found["host"], int(found["port"] or 0)
    is_usual = port in {0, _DEFAULT_PORTS.get(scheme)}
    return f"{scheme}://{host}" if is_usual else f"{scheme}://{host}:{port}"


def _checked(stated: str) -> str:
    origin = stated.strip().removesuffix("/").lower()
    if origin != ANY and _ORIGIN.fullmatch(origin) is None:
        raise InvalidOriginError(
            f"{stated!r} is no origin",
            hint="it is like https://app.example or http://localhost:3000, or * for all",
        )
    return normal_origin(origin)


def _is_here(authority: str, allowed: AllowedOrigins) -> bool:
    """Whether a Host names this machine by an address or as localhost, or as one of the allowed origins is named."""
    found = _AUTHORITY.fullmatch(authority.strip().lower())
    if found is None:
        return False
    name = found["host"].removesuffix(".")
    if name == "localhost" or name.endswith(".localhost") or name in allowed.hosts:
        return True
    try:
        return not ipaddress.ip_address(name.strip("[]")).is_unspecified
    except ValueError:
        return False
