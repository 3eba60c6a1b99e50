"""The two ids that an answer carries: Headway's own, and the one that its client gave the request, to show or to look
for. A client that gave none is told Headway's under the name that it knows.
"""

import itertools
import re
from collections.abc import Iterator
from typing import Final

from headway.core.wire import CLIENT_ID, REQUEST_ID

_ACCEPTED: Final = re.compile(rb"[!-~]{1,128}")
"""What goes into logs and back into a head: visible ASCII, and not for ever."""

_HEXADECIMAL: Final = tuple(b"%02x" % byte for byte in range(256))
_LINES: Final = REQUEST_ID + b": %s\r\n" + CLIENT_ID + b": %s\r\n"


def request_ids(epoch: bytes) -> Iterator[bytes]:
    """Ids without end; 256 at a time are formatted together, for that takes longer than anything else about them."""
    for block in itertools.count():
        begin = b"%s%06x" % (epoch, block)
        for end in _HEXADECIMAL:
            yield begin + end


def accepted(given: bytes | None) -> bytes | None:
    """What a client gave as its id, if it can be kept; else it counts as none."""
    return given if given is not None and _ACCEPTED.fullmatch(given) else None


def identity_lines(request_id: bytes, client_id: bytes | None) -> bytes:
    """The header lines with both."""
    return _LINES % (request_id, client_id or request_id)
