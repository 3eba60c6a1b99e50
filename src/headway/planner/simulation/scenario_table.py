"""A table of a parsed document that knows its place there, so that what is wrong in it can be found."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from headway.core.errors import HeadwayError
from headway.core.settings import nearest
from headway.planner.errors import InvalidDurationError, InvalidScenarioError
from headway.planner.simulation.durations import Constant, Durations, Lognormal
from headway.planner.spoken import parse_duration


class Table:
    """A table of the document, and its place there."""

    def __init__(self, content: Any, place: str) -> None:
        if not isinstance(content, Mapping):
            raise InvalidScenarioError(f"{place} is {content!r}, which is no table")
        self.content = content
        self.place = place

    def __contains__(self, key: str) -> bool:
        return key in self.content

    def at(self, key: str) -> str:
        """Where the key stands, in words."""
        return f"{self.place}.{key}" if self.place else key

    def refuse_unknown(self, known: Sequence[str]) -> None:
        for key in self.content:
            if key not in known:
                raise InvalidScenarioError(f"{self.at(key)} is unknown", hint=nearest(str(key), known))

    def table(self, key: str) -> "Table":
        return Table(self.content.get(key, {}), self.at(key))

    def get(self, key: str, *, hint: str = "") -> Any:
        if key not in self.content:
            raise InvalidScenarioError(f"{self.at(key)} is missing", hint=hint)
        return self.content[key]

    def one_of(self, key: str, known: Mapping[str, Any]) -> str:
        value = self.get(key, hint=nearest("", known))
        if not isinstance(value, str) or value not in known:
            raise InvalidScenarioError(f"{self.at(key)} is {value!r}", hint=nearest(str(value), known))
        return value

    def given(self, **ways: Callable[[str], Any]) -> dict[str, Any]:
        """What is said of these keys, each read in its way."""
        return {key: read(key) for key, read in ways.items() if key in self}

    def text(self, key: str) -> str:
        return str(self._typed(key, (str,), "text"))

    def whole(self, key: str) -> int:
        return int(self._typed(key, (int,), "a whole number"))

    def number(self, key: str) -> float:
        return _float(self._typed(key, (int, float), "a number"), self.at(key))

    def duration(self, key: str) -> float:
        value = self._typed(key, (int, float, str), "a duration")
        return _seconds(value, self.at(key))

    def durations(self, key: str) -> Durations:
        """One duration, or a table with p50 and p95."""
        with placed(self.at(key)):
            if not isinstance(self.get(key), Mapping):
                return Constant(self.duration(key))
            spread = self.table(key)
            spread.refuse_unknown(("p50", "p95"))
            return Lognormal(spread.duration("p50"), spread.duration("p95"))

    def _typed(self, key: str, kinds: tuple[type, ...], words: str) -> Any:
        value = self.get(key)
        if type(value) not in kinds:  # true is no number
            raise InvalidScenarioError(f"{self.at(key)} is {value!r}, which is not {words}")
        return value


@contextmanager
def placed(place: str) -> Iterator[None]:
    """What is refused inside is told with its place, unless it names it already."""
    try:
        yield
    except HeadwayError as error:
        if isinstance(error, InvalidScenarioError) and error.message.startswith(place):
            raise
        raise InvalidScenarioError(f"{place}: {error.message}", hint=error.hint) from error


def _seconds(value: float | str, place: str) -> float:
    if isinstance(value, str):
        try:
            return parse_duration(value, may_be_zero=True)
        except InvalidDurationError as error:
            raise InvalidScenarioError(
                f"{place} is {value!r}, which is no duration", hint=error.hint
            ) from error
    if not 0 <= value < math.inf:
        raise InvalidScenarioError(
            f"{place} is {value}, which is no duration", hint="it is 0 or more, in seconds"
        )
    return _float(value, place)


def _float(value: float, place: str) -> float:
    """Whole numbers of a document may have any number of digits."""
    try:
        return float(value)
    except OverflowError as error:
        raise InvalidScenarioError(f"{place} is a number that is too large") from error
