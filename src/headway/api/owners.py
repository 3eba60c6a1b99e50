"""Says which user of this machine has the other end of a connection, as the kernel knows it.

It decides nothing. Linux tells one connection at a time over netlink (sock_diag), or lists all in /proc/net/tcp.
"""

import contextlib
import ipaddress
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from headway.core.errors import HeadwayError

Address = tuple[str, int]

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_NLM_F_REQUEST = 1
_NLMSG_ERROR = 2
_NO_COOKIE = b"\xff" * 8
_HEADER = struct.Struct("=IHHII")
_ASKED = struct.Struct("=BBBBI")
_PORTS = struct.Struct("!HH")
_TOLD = struct.Struct(
    "=4x48xIIIII"
)  # family to retransmits, the connection, then expires, queues, user, inode
_ANSWERS_WITHIN = 1.0
_LARGEST_ANSWER = 8192
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _USER, _INODE = 1, 2, 7, 9


class UnknowableError(HeadwayError):
    """The operating system does not tell whose a connection is."""

    code = "unknowable"


def owner_of(theirs: Address, ours: Address) -> int | None:
    """The id of the user whose process has the end `theirs` of the TCP connection with `ours`; None when no process on
    this machine has it any more. Raises UnknowableError.
    """
    try:
        return _asked(theirs, ours)
    except OSError:
        return _looked_up(theirs, ours)


def _asked(theirs: Address, ours: Address) -> int | None:
    """Raises OSError where netlink does not say."""
    local, remote = (ipaddress.ip_address(host) for host, _ in (theirs, ours))
    family = socket.AF_INET if local.version == 4 else socket.AF_INET6  # noqa: PLR2004  # IP's version
    asked = _ASKED.pack(family, socket.IPPROTO_TCP, 0, 0, 0xFFFF_FFFF) + _PORTS.pack(theirs[1], ours[1])
    asked += (
        local.packed.ljust(16, b"\0") + remote.packed.ljust(16, b"\0") + struct.pack("=I", 0) + _NO_COOKIE
    )
    length = _HEADER.size + len(asked)
    with socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG
    ) as kernel:
        kernel.settimeout(_ANSWERS_WITHIN)
        kernel.send(_HEADER.pack(length, _SOCK_DIAG_BY_FAMILY, _NLM_F_REQUEST, 1, 0) + asked)
        answer = kernel.recv(_LARGEST_ANSWER)
    _, kind, *_ = _HEADER.unpack_from(answer)
    if kind == _NLMSG_ERROR:
        (number,) = struct.unpack_from("=i", answer, _HEADER.size)
        raise OSError(-number, os.strerror(-number))
    *_, user, inode = _TOLD.unpack_from(answer, _HEADER.size)
    return user if inode else None  # without one it is nobody's, and the kernel says 0 for nobody


def _looked_up(theirs: Address, ours: Address) -> int | None:
    pairs = {(_in_table(*theirs, wide=wide), _in_table(*ours, wide=wide)) for wide in (False, True)}
    tables = 0
    for path in _TABLES:
        with contextlib.suppress(OSError):
            rows = path.read_text().splitlines()[1:]
            tables += 1
            for fields in map(str.split, rows):
                if (fields[_LOCAL], fields[_REMOTE]) in pairs and fields[_INODE] != "0":
                    return int(fields[_USER])
    if not tables:
        raise UnknowableError("this system does not tell whose a connection is")
    return None


def _in_table(host: str, port: int, *, wide: bool) -> str:
    """An address as the kernel lists it: words of the machine's own order. `wide`: an IPv4 one as IPv6 has it."""
    address = ipaddress.ip_address(host)
    packed = address.packed
    if wide and address.version == 4:  # noqa: PLR2004  # IP's version
        packed = b"\0" * 10 + b"\xff\xff" + packed
    return f"{''.join(_words(packed))}:{port:04X}"


def _words(packed: bytes) -> Iterator[str]:
    for place in range(0, len(packed), 4):
        (word,) = struct.unpack_from("=I", packed, place)
        yield f"{word:08X}"
