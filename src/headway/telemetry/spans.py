"""Spans of a trace as OpenTelemetry means them: how long one part of a request took, and whose part it was.

A caller's `traceparent` (W3C Trace Context) makes them part of its trace, or says that it records none.
"""

import os
import re
from dataclasses import dataclass
from time import time_ns

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_FIRST_VERSION, _NO_VERSION = b"00", b"ff"
_SAMPLED = 1


@dataclass(frozen=True, slots=True)
class Caller:
    """What a valid traceparent says; ids are lower-case hexadecimal digits."""

    trace_id: str
    span_id: str
    flags: int

    @property
    def records(self) -> bool:
        """Whether the caller wants what it asks for to be in its trace."""
        return bool(self.flags & _SAMPLED)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a span belongs; ids are lower-case hexadecimal digits. The first of a trace has no parent."""

    trace_id: str
    parent_id: str | None
    state: str = ""
    """The caller's `tracestate`."""


class Span:
    """One part of a request, from its making until `end`. Instants are nanoseconds since 1970."""

    __slots__ = ("attributes", "ended_ns", "error", "is_entry", "name", "origin", "span_id", "started_ns")

    def __init__(self, name: str, origin: Origin, *, is_entry: bool = False) -> None:
        self.name = name
        self.origin = origin
        self.is_entry = is_entry
        """It is the whole request, as its caller sees it."""
        self.span_id = os.urandom(8).hex()
        self.attributes: dict[str, str | int] = {}
        self.error: str | None = None
        """What it failed with; None while it did not."""
        self.started_ns = time_ns()
        self.ended_ns = 0

    def child(self, name: str) -> "Span":
        return Span(name, Origin(self.origin.trace_id, self.span_id, self.origin.state))

    def end(self) -> None:
        self.ended_ns = time_ns()


def origin_of(traceparent: bytes | None, tracestate: bytes | None) -> Origin | None:
    """Where a request's first span belongs: to its caller's trace, or a new one. None: the caller records nothing."""
    caller = caller_of(traceparent)
    if caller is None:
        return Origin(os.urandom(16).hex(), None)
    return origin_at(caller, tracestate) if caller.records else None


def origin_at(caller: Caller, tracestate: bytes | None) -> Origin:
    """Where what a caller asks for belongs."""
    return Origin(caller.trace_id, caller.span_id, (tracestate or b"").decode("latin-1"))


def caller_of(traceparent: bytes | None) -> Caller | None:
    """What a traceparent says; None where there is none, or one that is not valid. A later version may say more."""
    given = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    if given is None or given[1] == _NO_VERSION or (given[1] == _FIRST_VERSION and given[5]):
        return None
    if not int(given[2], 16) or not int(given[3], 16):
        return None
    return Caller(given[2].decode(), given[3].decode(), int(given[4], 16))
