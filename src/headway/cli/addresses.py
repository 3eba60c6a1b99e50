"""Where a client reaches Headway: what the configuration names, else what listens on this machine."""

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from headway.configuration import Configuration


def local_url(host: str, port: int) -> str:
    """`host` is what was listened on: all addresses (`0.0.0.0`, `::`) are reached by the loopback one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if address.version == 6:  # noqa: PLR2004  # the protocol's name
        return f"http://[{'::1' if address.is_unspecified else address}]:{port}"
    return f"http://{'127.0.0.1' if address.is_unspecified else address}:{port}"


def control_url(configuration: "Configuration") -> str:
    """Where control answers."""
    return configuration.control_url or local_url(configuration.control_host, configuration.control_port)


def inference_url(configuration: "Configuration") -> str:
    """Where requests go."""
    return configuration.url or local_url(configuration.host, configuration.port)


def beside(control: str, told: str) -> str:
    """Where requests go: where control, at the URL `control`, has told that they do on its own machine."""
    host, port = urlsplit(control).hostname, urlsplit(told).port
    return told if host is None or port is None else local_url(host, port)


def path_of(*parts: str) -> str:
    """A path in a URL of names that may have any character."""
    return "/" + "/".join(quote(part, safe=":") for part in parts)
