"""The bounds of one HTTP connection: sizes and waits beyond which a peer is answered with an error."""

from dataclasses import dataclass

IDLE_TIMEOUT = 120.0
"""As long as common clients believe in a connection without a request."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, waits in seconds; a wait is noticed within `sweep` of its end."""

    head_bytes: int = 64 * 1024
    headers: int = 256
    ahead_bytes: int = 64 * 1024
    """What a client may send ahead while its present request is answered; past that reading pauses."""
    head_timeout: float = 30.0
    body_timeout: float = 30.0
    """Longest time without a byte of a body that is being read."""
    idle_timeout: float = IDLE_TIMEOUT
    send_timeout: float = 60.0
    """Longest time in which a client takes no byte of its answer."""
    linger: float = 2.0
    """How long a refused request's body is read and dropped, so that the answer is not reset away."""
    write_buffer_bytes: int = 64 * 1024
    sweep: float = 1.0


class Lasting:
    """For how long the same has been the case without a break, as far as those who look now and then can tell."""

    __slots__ = ("_case", "_since")

    def __init__(self) -> None:
        self._case: object = None
        self._since = 0.0

    def seconds(self, now: float, case: object) -> float:
        """How long it has been this one; 0 for None, which is no case."""
        if case is None or case != self._case:
            self._case, self._since = case, now
        return now - self._since
