"""What a request's head says of the way that it came, and how that is told onwards: X-Forwarded-For, -Proto, -Host and
Forwarded (RFC 7239). What a peer says is believed where it is one of the trusted proxies, and only as far back as the
first hop that is none.
"""

import functools
import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from headway.core.credentials import Headers
from headway.core.errors import HeadwayError

FORWARDED, FOR, HOST, PROTOCOL = b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"
_EXTENDED = b"x-forwarded-"
_TOLD_ANEW = (FORWARDED, FOR, HOST, PROTOCOL)
_OTHERS = (
    *(b"x-real-ip", b"x-client-ip", b"x-cluster-client-ip", b"x-original-host", b"x-original-forwarded-for"),
    *(b"true-client-ip", b"cf-connecting-ip", b"fastly-client-ip"),
)
_PAIR = re.compile(rb'\s*([A-Za-z]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]+)\s*')
_ELEMENT = re.compile(rb'(?:"(?:[^"\\]|\\.)*"|[^,"])+')
_PROTOCOLS = (b"http", b"https")
_REMEMBERED = 4096
_LONGEST_REMEMBERED_BYTES = 256

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class InvalidProxyError(HeadwayError):
    code = "invalid_proxy"


class TrustedProxies:
    """The addresses and networks whose word is taken for where a request comes from."""

    def __init__(self, stated: Iterable[str] = ()) -> None:
        """Raises InvalidProxyError."""
        self._networks = [_network(one) for one in stated]
        self._known: dict[str, bool] = {}

    def include(self, host: str | None) -> bool:
        if host is None or not self._networks:
            return False
        if host not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            address = address_in(host.encode("latin-1"))
            self._known[host] = address is not None and any(address in one for one in self._networks)
        return self._known[host]


@dataclass(frozen=True, slots=True)
class Way:
    """From the caller to whoever sent the request: `hops` are addresses, the caller's first, the sender's not in it."""

    host: bytes | None
    protocol: bytes = b"http"
    hops: tuple[bytes, ...] = ()

    @classmethod
    def told(cls, headers: Headers, trusted: TrustedProxies) -> Self:
        """As a trusted proxy tells it."""
        said: dict[bytes, list[bytes]] = {}
        for name, value in headers:
            said.setdefault(name, []).append(value)
        elements = [dict(_pairs(one)) for value in said.get(FORWARDED, ()) for one in _ELEMENT.findall(value)]
        hops = _hops(_values(said, FOR) or [one.get(b"for", b"") for one in elements], trusted)
        nearest = elements[-min(len(hops) or 1, len(elements))] if elements else {}
        protocol = _counting_from(_values(said, PROTOCOL), hops) or nearest.get(b"proto", b"http")
        host = _counting_from(_values(said, HOST), hops) or nearest.get(b"host")
        own = said.get(b"host", [b""])[0]
        return cls(host or own or None, protocol.lower() if protocol.lower() in _PROTOCOLS else b"http", hops)

    def lines(self) -> bytes:
        """The header lines up to the sender's own node, which stands at the end of Forwarded's."""
        told = [b"%s: %s\r\n" % (HOST, self.host)] if self.host else []
        told.append(b"%s: %s\r\n%s: " % (PROTOCOL, self.protocol, FORWARDED))
        host = b'host="%s";' % self.host.replace(b"\\", b"\\\\").replace(b'"', b'\\"') if self.host else b""
        told.append(host + b"proto=" + self.protocol + b";for=")
        told += [node(hop) + b", for=" for hop in self.hops]
        return b"".join(told)


def straight_lines(host: bytes | None) -> bytes:
    """The lines for a request that comes straight from its caller."""
    is_short = host is None or len(host) <= _LONGEST_REMEMBERED_BYTES
    return _straight_lines(host) if is_short else Way(host).lines()


@functools.lru_cache(1024)
def _straight_lines(host: bytes | None) -> bytes:
    return Way(host).lines()


def tells_way(name: bytes) -> bool:
    """Whether a header (lower-case name) says where a request came from; servers take _ for - at times."""
    return _tells_way(name) if len(name) <= _LONGEST_REMEMBERED_BYTES else name.startswith(_EXTENDED)


@functools.lru_cache(1024)
def _tells_way(name: bytes) -> bool:
    plain = name.replace(b"_", b"-")
    return plain == FORWARDED or plain.startswith(_EXTENDED) or plain in _OTHERS


def is_told_anew(name: bytes) -> bool:
    return name.replace(b"_", b"-") in _TOLD_ANEW


def address_in(text: bytes) -> Address | None:
    """The address in a list's entry, which may have a port, brackets or quotes; None for anything else."""
    plain = text.strip().strip(b'"').decode("latin-1")
    if plain.startswith("["):
        plain = plain[1:].partition("]")[0]
    elif plain.count(":") == 1:
        plain = plain.partition(":")[0]
    try:
        address = ipaddress.ip_address(plain.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def node(hop: bytes) -> bytes:
    """An address as Forwarded has it."""
    return b'"[%s]"' % hop if b":" in hop else hop


def _hops(said: list[bytes], trusted: TrustedProxies) -> tuple[bytes, ...]:
    """From the last one back to the first that is no trusted proxy: what that one says is only its word."""
    hops: list[bytes] = []
    for one in reversed(said):
        address = address_in(one)
        if address is None:
            break
        hops.append(str(address).encode())
        if not trusted.include(str(address)):
            break
    return tuple(reversed(hops))


def _values(said: dict[bytes, list[bytes]], name: bytes) -> list[bytes]:
    return [part for value in said.get(name, ()) for one in value.split(b",") if (part := one.strip())]


def _counting_from(values: list[bytes], hops: tuple[bytes, ...]) -> bytes | None:
    """What was said at the hop next to the caller; where each proxy overwrites it there is but one."""
    return values[-min(len(hops) or 1, len(values))] if values else None


def _pairs(element: bytes) -> Iterable[tuple[bytes, bytes]]:
    for pair in _PAIR.findall(element):
        yield pair[0].lower(), re.sub(rb"\\(.)", rb"\1", pair[1].strip(b'"'))


def _network(stated: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(stated.strip(), strict=False)
    except ValueError as error:
        raise InvalidProxyError(
            f"{stated!r} is no address and no network", hint="it is like 10.0.0.7 or 10.0.0.0/8"
        ) from error
