"""An answer of a program's whose length it does not tell, framed anew on its way on.

In the program's own chunks extensions and trailers would pass, which are headers that nobody looks at; and where only
the connection's end tells a body's end, the next one could not tell a whole body from one that was cut.
"""

from headway.http.exchange import Exchange
from headway.http.heads import AnswerHead, Dechunker
from headway.http.relay import AnswerRelay


def relay(exchange: Exchange, head: AnswerHead, rest: bytes) -> "AnswerRelay | ReframedAnswer":
    """Pass on an answer that begins so."""
    tells_length = head.is_framed and not head.is_chunked
    if tells_length or exchange.method == b"HEAD":
        return AnswerRelay(exchange, head, b"", rest)
    return ReframedAnswer(exchange, head, rest)


class ReframedAnswer:
    """One answer that has begun, as `AnswerRelay` is."""

    is_tunnel = False

    def __init__(self, exchange: Exchange, head: AnswerHead, rest: bytes) -> None:
        self._exchange = exchange
        self._decoder: Dechunker | None = head.dechunker() if head.is_chunked else None
        lines = head.with_lines_for_1_0(b"").partition(b"\r\n")[2]
        exchange.start(head.status, lines.removesuffix(b"\r\n"))
        self.pass_on(rest)

    def pass_on(self, data: bytes) -> None:
        self._exchange.write(data if self._decoder is None else self._decoder.decode(data))

    def end(self) -> None:
        """The answer is whole."""
        self._exchange.end()

    def break_off(self) -> None:
        """No more of the answer comes, which the client must be able to tell."""
        self._exchange.break_off_started()
