"""Headway serves Truss models and keeps request concurrency exactly where it was set."""

from importlib.util import find_spec

__version__ = "0.1.0"


def is_compiled() -> bool:
    """Whether the gateway's hot path runs compiled here, and not as the source stands."""
    return find_spec("headway.compiled__mypyc") is not None
