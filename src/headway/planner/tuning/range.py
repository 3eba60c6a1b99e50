"""Which predict concurrencies a search looks at: a coarse scan over all, then what lies beside the best one seen."""

import itertools
import math
from collections.abc import Iterable, Mapping

from headway.planner.tuning.goal import NEGLIGIBLE

_OTHER_HILL = 2 / 3
"""Of the best: what is no higher is not looked around."""
_DOUBT = 0.06
"""A PC below the best is tried if the curve lets it come so near to the best's throughput."""


def doublings(most: int) -> tuple[int, ...]:
    """1, 2, 4 and so on, and `most`."""
    return (*(2**power for power in range(most.bit_length()) if 2**power < most), most)


def halfway(most: int) -> tuple[int, ...]:
    """The middles of what lies between doublings: 6, 12, 24. Between 2 and 4 there is nothing to be coarse about."""
    steps = doublings(most)
    return tuple((low + high) // 2 for low, high in itertools.pairwise(steps) if high - low > 2)  # noqa: PLR2004


def beside(throughputs: Mapping[int, float], best: int, gain: float) -> int | None:
    """The PC to try next beside the best one known: above it if more can be there, then below it; then beside other
    hills that come near to it. None if nothing promises more.

    `throughputs` has every PC that is known or left out, 0 for those of no use; `gain` is the share that would be more.
    """
    top = throughputs[best]
    more = (1 + gain) * top
    found = _near(throughputs, best, more, (1 - _DOUBT) * top)
    for hill in _others(throughputs, best, gain):
        found = found or _near(throughputs, hill, more, more)
    return found


def _others(throughputs: Mapping[int, float], best: int, gain: float) -> list[int]:
    """The PCs that do more than those next to them, nearly as much as the best, and lie beyond a valley from it."""
    known = sorted(throughputs)
    sides = zip([None, *known], known, [*known[1:], None], strict=False)
    tops = [
        pc
        for below, pc, above in sides
        if pc != best
        and throughputs[pc] > _OTHER_HILL * throughputs[best]
        and all(one is None or throughputs[one] < throughputs[pc] for one in (below, above))
    ]
    valleys = {
        top: [throughputs[one] for one in known if min(top, best) < one < max(top, best)] for top in tops
    }
    return [top for top in tops if min(valleys[top], default=math.inf) * (1 + gain) < throughputs[top]]


def _near(throughputs: Mapping[int, float], hill: int, above_least: float, below_least: float) -> int | None:
    """The middle of those next to a hill that may do so much."""
    known = sorted(throughputs)
    place = known.index(hill)
    above = known[place + 1] if place + 1 < len(known) else hill
    below = known[place - 1] if place else hill
    for gap, least in ((range(hill + 1, above), above_least), (range(below + 1, hill), below_least)):
        promising = [pc for pc in gap if _ceiling(throughputs, hill, pc) > least]
        if promising:
            return promising[len(promising) // 2]
    return None


def _ceiling(throughputs: Mapping[int, float], hill: int, pc: int) -> float:
    """The most that a PC can do, by the lines through the two nearest on each side: each place adds at most what the
    last one did. A line that the hill lies above says nothing, as behind a valley, and nor does one that falls
    beyond the hill, for it may do so from a peak.
    """
    known = sorted(throughputs)
    pairs = [one for one in known if one < pc][:-3:-1], [one for one in known if one > pc][:2]
    ceiling = math.inf
    for pair in pairs:
        if len(pair) == 2 and all(throughputs[one] for one in pair):  # noqa: PLR2004
            near, far = (throughputs[one] for one in pair)
            if pair[0] > pc and far < (1 - _DOUBT) * near:
                continue
            slope = (near - far) / (pair[0] - pair[1])
            if near + slope * (hill - pair[0]) >= (1 - NEGLIGIBLE) * throughputs[hill]:
                ceiling = min(ceiling, near + slope * (pc - pair[0]))
    return ceiling


def in_words(numbers: Iterable[int]) -> str:
    """`3, 5, 9 to 11`."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(_run(run) for run in runs)


def _run(run: list[int]) -> str:
    if len(run) > 2:  # noqa: PLR2004
        return f"{run[0]} to {run[-1]}"
    return ", ".join(map(str, run))
