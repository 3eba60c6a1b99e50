"""Who is told of what comes: of a request on the server's side, of an answer on the client's."""

from typing import Final, Protocol

from headway.http.heads import AnswerHead


class Receiver(Protocol):
    """What an application hands back for one request. All calls come on the event loop."""

    def on_body(self, data: bytes) -> None:
        """The next bytes of the request's body, or of a tunnel once it was accepted."""

    def on_body_complete(self) -> None:
        """The request was read to its end. Not called for a tunnel."""

    def on_client_left(self) -> None:
        """The client is gone, or took no byte for send_timeout. At most once, never after the end."""

    def on_writable(self, *, writable: bool) -> None:
        """Whether the answer's bytes should be held back for now."""


class Silent:
    """A receiver for requests that were answered at once: whatever still comes is dropped."""

    def on_body(self, data: bytes) -> None: ...

    def on_body_complete(self) -> None: ...

    def on_client_left(self) -> None: ...

    def on_writable(self, *, writable: bool) -> None: ...


SILENT: Final = Silent()


class AnswerReceiver(Protocol):
    """What is told of an answer. `on_answer` comes once, then `on_more` until `on_answer_end`, or else a loss."""

    def on_answer(self, head: AnswerHead, rest: bytes) -> None:
        """The answer's head and what came of the body in the same read."""

    def on_more(self, data: bytes) -> None:
        """Further bytes of the body as they are framed, or of a tunnel after a 101."""

    def on_answer_end(self, *, reusable: bool) -> None:
        """The answer is whole. Not reusable: the server ends the connection, which ends a body without length."""

    def on_answer_bad(self, reason: str) -> None:
        """What came is no answer over HTTP. Nothing more of it is told but the connection's end, as a loss: close the
        connection, or half-close it and wait.
        """

    def on_answer_lost(self, reason: str, *, unread: bool) -> None:
        """The connection ended before the answer did.

        `unread`: before a byte of one came, and over bytes of the request that the server had not read. So it is
        certain on a Unix socket; over TCP a reset may mean anything.
        """

    def on_room(self, *, room: bool) -> None:
        """Whether more of the request's body may be written now."""
