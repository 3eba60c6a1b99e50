"""Where a client on this machine reaches what listens on an address."""

import ipaddress


def local_url(host: str, port: int) -> str:
    """`host` is what was listened on: all addresses (`0.0.0.0`, `::`) are reached by the loopback one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.version == 6:  # noqa: PLR2004  # the protocol's name
        return f"http://[{'::1' if address.is_unspecified else address}]:{port}"
    return f"http://{'127.0.0.1' if address.is_unspecified else address}:{port}"
