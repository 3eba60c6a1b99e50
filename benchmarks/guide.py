"""Writes what was measured into docs/guide/tuning.md, between marks, so that its words stay."""

from collections.abc import Sequence
from pathlib import Path

PATH = Path(__file__).parents[1] / "docs" / "guide" / "tuning.md"


def write(mark: str, lines: Sequence[str]) -> None:
    """Put `lines` between `<!-- mark: begin -->` and `<!-- mark: end -->`."""
    begin, end = (f"<!-- {mark}: {edge} -->" for edge in ("begin", "end"))
    before, _, rest = PATH.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    PATH.write_text("\n".join((before + begin, *lines, end + after)), encoding="utf-8")
