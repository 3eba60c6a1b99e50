"""Passes a server's answer on to the client as it comes, in the framing that the client understands."""

from headway.http.answers import date_line
from headway.http.exchange import Exchange
from headway.http.heads import SWITCHING_PROTOCOLS, AnswerHead, Dechunker


class AnswerRelay:
    """One answer that has begun. `lines` are header lines to add to its head."""

    __slots__ = ("_decoder", "_exchange", "_is_framed", "_keep", "is_tunnel")

    def __init__(self, exchange: Exchange, head: AnswerHead, lines: bytes, rest: bytes) -> None:
        self._exchange = exchange
        self._decoder: Dechunker | None = None
        self.is_tunnel = head.status == SWITCHING_PROTOCOLS
        """From now on bytes pass both ways as they are."""
        self._is_framed = (
            head.is_framed and (exchange.http_1_1 or not head.is_chunked)
        ) or exchange.method == b"HEAD"
        self._keep = self.is_tunnel or (self._is_framed and not exchange.will_close())
        if self.is_tunnel:
            exchange.accept_tunnel()
            lines += b"connection: upgrade\r\n"
        elif not self._keep or not exchange.http_1_1:
            lines += exchange.connection_line(keep=self._keep)
        if exchange.lines:
            lines += exchange.lines
            head = head.unshared()
        if not head.has_date:
            lines += date_line()
        if head.is_chunked and not exchange.http_1_1:
            self._decoder = head.dechunker()
            exchange.relay(head.with_lines_for_1_0(lines) + self._decoder.decode(rest))
        else:
            exchange.relay(head.with_lines(lines) + rest)

    def pass_on(self, data: bytes) -> None:
        self._exchange.relay(data if self._decoder is None else self._decoder.decode(data))

    def end(self) -> None:
        """The answer is whole."""
        self._exchange.end_relay(keep=self._keep)

    def break_off(self) -> None:
        """No more of the answer comes, which the client must be able to tell."""
        self._exchange.break_off(is_framed=self._is_framed)
