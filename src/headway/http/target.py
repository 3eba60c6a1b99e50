"""The four forms of a request's target (RFC 9112, section 3.2), brought to the one that applications know: a path, and
a host beside it.
"""

import re

from headway.http.request import Request

_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)([/?].*)?", re.IGNORECASE | re.DOTALL)
_UNNAMED = (b"host", b"localhost")


def read_target(request: Request, *, names_host: bool) -> str | None:
    """Leave a path, or the `*` of OPTIONS, in the request; what is wrong with its target, or None.

    A proxy's form names the host beside the path, and then that name holds, whatever the Host header says. A client of
    HTTP/1.0 need not name one, but whoever is asked next may want it.
    """
    target = request.target
    if not names_host:
        request.headers = [*request.headers, _UNNAMED]
    if request.method == b"CONNECT":
        return "no tunnels are opened here"
    if target.startswith(b"/") or (target == b"*" and request.method == b"OPTIONS"):
        return None
    absolute = _ABSOLUTE.fullmatch(target)
    if absolute is None:
        return "a request's target is a path, or begins with http:// and a host"
    path = absolute[2] or b"/"
    request.target = path if path.startswith(b"/") else b"/" + path
    others = [header for header in request.headers if header[0] != b"host"]
    request.headers = [(b"host", absolute[1]), *others]
    return None
