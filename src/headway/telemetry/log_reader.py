"""Which lines of a log file belong together: a traceback that was printed is one entry, as one that was logged is.

What a line alone says is `log_entry`'s to tell.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from enum import Enum, auto

from headway.telemetry import log_traceback
from headway.telemetry.log_entry import LogEntry, entry_of, harmless, is_record
from headway.telemetry.log_levels import Level

_MOST_LINES = 2000
_MOST_CHARACTERS = 256 * 1024
"""Of one entry; what comes then is another."""


class _Open(Enum):
    """What may still come to an entry."""

    NOTHING = auto()
    MORE_OF_IT = auto()
    """Lines that are indented, or a traceback."""
    TRACEBACK = auto()
    ANOTHER_TRACEBACK = auto()
    """The exception was named; it may have come of handling another."""


class LogReader:
    """Makes entries of the lines of one file, which come in their order. `known_at` is when the first may have been
    written, as far as is known. Of lines of JSON that `may_skip` none is made: to read them takes most of the time.
    """

    def __init__(
        self, known_at: float | None = None, may_skip: Callable[[str], bool] = lambda _: False
    ) -> None:
        self.known_at = known_at
        self._may_skip = may_skip
        self._skipped: str | None = None
        self._lines: list[str] = []
        self._characters = 0
        self._traceback_from: int | None = None
        self._head: LogEntry | None = None
        self._open = _Open.NOTHING

    def read(self, lines: Iterable[str]) -> Iterator[LogEntry]:
        """The entries that are whole now. The last is begun only: see `end`."""
        for line in lines:
            if self._takes(line):
                self._lines.append(line)
                self._characters += len(line)
            else:
                yield from self.end()
                if line.startswith("{") and self._may_skip(line):
                    self._skipped = line
                else:
                    self._begin(line)

    def end(self) -> Iterator[LogEntry]:
        """The entry that was begun, if there is one."""
        head, self._head = self._head, None
        if head is None:
            return
        if len(self._lines) == 1 and self._traceback_from is None:
            yield head
            return
        begin = len(self._lines) if self._traceback_from is None else self._traceback_from
        traceback = [harmless(line) for line in self._lines[begin:]]
        message = (
            "\n".join([head.message, *map(harmless, self._lines[1:begin])])
            if begin
            else log_traceback.subject(traceback)
        )
        below = "\n".join(traceback).rstrip()
        yield replace(head, line="\n".join(self._lines), message=message, traceback=below)

    def _begin(self, line: str) -> None:
        head = entry_of(line)
        self._traceback_from, self._open = None, _Open.NOTHING
        if log_traceback.BEGIN.match(line):
            head = replace(head, level=Level.ERROR)
            self._traceback_from, self._open = 0, _Open.TRACEBACK
        elif not line.startswith("{") and (head.at is not None or head.level is not None):
            self._open = _Open.MORE_OF_IT
        self._know(head.at)
        self._head = replace(head, known_at=self.known_at)
        self._lines, self._characters = [line], len(line)

    def _know(self, at: float | None) -> None:
        """What is known of the time, with what was skipped before."""
        skipped, self._skipped = self._skipped, None
        if at is None and skipped is not None:
            at = entry_of(skipped).at
        self.known_at = self.known_at if at is None else at

    def _takes(self, line: str) -> bool:
        """Whether the line belongs to what was begun."""
        if self._head is None or self._open is _Open.NOTHING or is_record(line):
            return False
        if len(self._lines) >= _MOST_LINES or self._characters > _MOST_CHARACTERS:
            return False
        match self._open:
            case _Open.MORE_OF_IT:
                return self._takes_more(line)
            case _Open.TRACEBACK:
                return self._takes_traceback(line)
            case _Open.ANOTHER_TRACEBACK:
                return self._takes_another(line)

    def _takes_more(self, line: str) -> bool:
        if log_traceback.BEGIN.match(line) is None:
            return log_traceback.is_indented(line)
        is_of_it = self._head is not None and (self._head.level or Level.INFO) >= Level.WARNING
        if is_of_it:
            self._traceback_from, self._open = len(self._lines), _Open.TRACEBACK
        return is_of_it

    def _takes_traceback(self, line: str) -> bool:
        is_inside = (
            not line.strip() or log_traceback.is_indented(line) or log_traceback.BEGIN.match(line) is not None
        )
        if not is_inside or log_traceback.END_OF_GROUP.match(line):
            self._open = _Open.ANOTHER_TRACEBACK
        return True

    def _takes_another(self, line: str) -> bool:
        if log_traceback.goes_on(line):
            self._open = _Open.TRACEBACK
            return True
        return not line.strip()
