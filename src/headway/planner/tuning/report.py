"""Says what a search has found: the choice, why, what its neighbours would cost; as words and as a document."""

from collections.abc import Iterator
from typing import Any

from headway.observed.words import counted
from headway.planner.tuning.confidence import CONFIDENCE
from headway.planner.tuning.curve import frontier, knee
from headway.planner.tuning.goal import LATENCY_KEEPS, NEGLIGIBLE, Objective, in_bytes
from headway.planner.tuning.measurements import Measurement, WarmUp
from headway.planner.tuning.range import in_words
from headway.planner.tuning.search import Search
from headway.planner.tuning.warmth import MOVES_CONFIDENCE

UNSURE = 0.1
"""A throughput that is known no better makes a recommendation a guess."""
_MUCH_MORE = 1.05
_JAGGED = 2
"""Valleys: then a third may be where nothing was measured, and a hill beside it."""
COLUMNS = ("PC", "CT", "load", "requests/s", "p50 ms", "p95 ms", "p99 ms", "predict ms", "memory", "remark")


def rows(search: Search) -> Iterator[tuple[Any, ...]]:
    """One for each step in the order measured, for a table with COLUMNS."""
    for one in search.measured:
        times = (
            f"{one.percentiles[percent] * 1000:.1f}" if one.requests else None for percent in (50, 95, 99)
        )
        yield (
            one.point.predict_concurrency,
            one.point.concurrency_target,
            "full" if one.step.rate is None else f"{one.step.rate:.1f}/s",
            f"{one.throughput:.1f} ±{one.relative_error:.0%}" if one.requests else None,
            *times,
            f"{one.stages.predict * 1000:.1f}" if one.stages else None,
            in_bytes(one.memory_bytes) if one.memory_bytes else None,
            _remark(search, one),
        )


def reasons(search: Search) -> Iterator[str]:
    """Why the choice is what it is, sentence by sentence."""
    choice, alone = search.choice, search.alone
    if alone is not None and alone.stages is not None:
        stages = alone.stages
        yield (
            f"Alone, a request takes {_ms(stages.total)}: preprocess {_ms(stages.preprocess)}, predict "
            f"{_ms(stages.predict)}, postprocess {_ms(stages.postprocess)}. By Little's law CT is about "
            f"PC x {stages.slot_per_predict:.2f}."
        )
    if choice is None:
        yield "No measured point meets the goal."
        yield from (f"{one.point}: {'; '.join(search.goal.objections(one))}." for one in search.measured)
        return
    yield _why(search, choice)
    if alone is not None and choice.point != alone.point and alone.throughput:
        yield f"That is {_times(choice, alone)} the throughput of PC 1 and CT 1."
    if (found := search.warmth.found) is not None:
        yield warm_up(found)
    yield from _not_looked_at(search)
    yield (
        f"Throughputs are given with their intervals at {CONFIDENCE:.0%} confidence (means of batches, Student), "
        f"percentiles by order statistics; a change within a step counts at {MOVES_CONFIDENCE:.0%}."
    )


def neighbours(search: Search) -> Iterator[str]:
    """What each measured point next to the choice would cost or bring."""
    choice = search.choice
    if choice is None:
        return
    for one in _beside(search, choice):
        objections = search.goal.objections(one)
        if objections:
            yield f"{one.point}: {'; '.join(objections)}"
        else:
            yield (
                f"{one.point}: throughput {_change(one.throughput, choice.throughput)}, "
                f"p95 {_change(one.percentiles[95], choice.percentiles[95])}"
            )


def document(search: Search, *, is_complete: bool, seconds: float) -> dict[str, Any]:
    """All of it for programs; times are in seconds."""
    choice, bend = search.choice, knee(frontier(search.goal, search.compared))
    return {
        "recommendation": None if choice is None else _point(choice),
        "objective": search.goal.objective.value,
        "limits": {f"p{one.percent}": one.seconds for one in search.goal.limits},
        "doubts": list(doubts(search)),
        "knee": None if bend is None else _point(bend),
        "complete": is_complete,
        "warm_up": search.warmth.found and _warm_up(search.warmth.found),
        "not_measured": search.unseen,
        "confidence": CONFIDENCE,
        "seconds": round(seconds, 3),
        "reasons": list(reasons(search)),
        "neighbours": list(neighbours(search)),
        "steps": [_step(search, one) for one in search.measured],
    }


def warm_up(found: WarmUp) -> str:
    return (
        f"The first {counted(found.requests, 'request')} of a replica ({found.seconds:.1f} s of load) took "
        f"{found.times_slower:.1f} times as long as later ones: figures are of warm replicas."
    )


def doubts(search: Search) -> Iterator[str]:
    """Why the choice is a guess; none if it is not."""
    choice = search.choice
    if choice is None:
        return
    yield from _doubts_about(choice)
    for one in search.compared:
        may_do = one.throughput_interval[1]
        is_open = one.moves or one.relative_error > UNSURE
        if (
            one is not choice
            and is_open
            and search.goal.is_met(one)
            and may_do > _MUCH_MORE * choice.throughput
        ):
            yield f"{one.point} may do up to {may_do:.1f} requests/s: {'; '.join(_doubts_about(one))}"
    if search.unseen and len(search.dips) >= _JAGGED:
        yield (
            f"the curve goes down and up more than once, at PC {in_words(search.dips)}, so a PC that was not measured "
            "may do more"
        )


def _doubts_about(one: Measurement) -> Iterator[str]:
    if one.relative_error > UNSURE:
        yield f"the throughput of {one.point} is known to ±{one.relative_error:.0%} only"
    if one.moves:
        yield f"the figures of {one.point} still moved when its time was up"


def _not_looked_at(search: Search) -> Iterator[str]:
    bounds, unseen = search.bounds, set(search.unseen)
    yield from (
        f"PC {pc} was not tried: {why}." for pc, why in sorted(search.skipped.items()) if pc in unseen
    )
    if left := unseen - search.skipped.keys():
        why = ", for nothing beside promised more" if search.step is None else ""
        yield f"Not measured{why}: PC {in_words(left)}."
    if dips := search.dips:
        yield f"The curve goes down and up again at PC {in_words(dips)}."
    choice = search.choice
    if choice is not None and choice.point.predict_concurrency == bounds.predict_concurrency:
        yield f"PC {bounds.predict_concurrency} is the largest that was tried; --max-pc looks further."


def _times(choice: Measurement, other: Measurement) -> str:
    gain = choice.throughput / other.throughput
    if abs(gain - 1) <= NEGLIGIBLE:
        return "about"
    return f"{gain:.1f} times" if gain > _MUCH_MORE else f"{gain:.2f} times"


def _why(search: Search, choice: Measurement) -> str:
    limits = " and ".join(str(one) for one in search.goal.limits)
    within = f" with {limits} kept" if limits else ""
    figures = f"{choice.throughput:.1f} requests/s (±{choice.relative_error:.0%}), p95 {_ms(choice.percentiles[95])}"
    match search.goal.objective:
        case Objective.THROUGHPUT:
            why = _of_throughput(search, choice, within)
        case Objective.LATENCY:
            why = f"{_of_latency(search, choice)} with at least {LATENCY_KEEPS:.0%} of the best throughput{within}"
        case Objective.COST:
            sustained = search.sustained
            rate = choice.throughput if sustained is None else sustained.step.rate or choice.throughput
            why = f"fewest replica-seconds per request{within}: {1 / rate:.4f}"
    return f"{choice.point} does {figures}: {why}."


def _of_throughput(search: Search, choice: Measurement, within: str) -> str:
    equal = [one for one in _rivals(search, choice) if one.throughput >= (1 - NEGLIGIBLE) * choice.throughput]
    if not equal:
        return f"most throughput{within}"
    return f"none does more by over {NEGLIGIBLE:.0%}{within}; of those that do as much, the smallest numbers"


def _of_latency(search: Search, choice: Measurement) -> str:
    best = max((choice, *_rivals(search, choice)), key=lambda one: one.throughput).throughput
    equal = [
        one
        for one in _rivals(search, choice)
        if one.throughput >= LATENCY_KEEPS * best and _p95(one) == _p95(choice)
    ]
    return "no higher p95 than any of those" if equal else "the lowest p95 of those"


def _rivals(search: Search, choice: Measurement) -> list[Measurement]:
    """What else might have been chosen."""
    return [
        one
        for one in search.compared
        if one is not choice and one.step.rate is None and search.goal.is_met(one)
    ]


def _p95(measured: Measurement) -> str:
    """As it is shown: what reads the same is equal."""
    return _ms(measured.percentiles[95])


def _beside(search: Search, choice: Measurement) -> list[Measurement]:
    """With the same PC every CT; of other PCs the nearest on each side, at its best CT."""
    closed = [one for one in search.compared if one is not choice]
    pc = choice.point.predict_concurrency
    found = [one for one in closed if one.point.predict_concurrency == pc]
    others = {one.point.predict_concurrency for one in closed} - {pc}
    nearest = {
        max((one for one in others if one < pc), default=0),
        min((one for one in others if one > pc), default=0),
    }
    for other in nearest - {0}:
        of_other = [one for one in closed if one.point.predict_concurrency == other]
        found.append(search.goal.best(of_other) or of_other[-1])
    return sorted(found, key=lambda one: one.point)


def _remark(search: Search, measured: Measurement) -> str:
    is_choice = search.choice is measured
    parts = ["chosen"] if is_choice else []
    parts += search.goal.objections(measured)
    if search.warmth.is_cold(measured):
        parts.append("the replica was still cold: not compared")
    if measured.stopped:
        parts.append(measured.stopped)
    return "; ".join(parts)


def _point(measured: Measurement) -> dict[str, Any]:
    return {
        "predict_concurrency": measured.point.predict_concurrency,
        "concurrency_target": measured.point.concurrency_target,
        "throughput": round(measured.throughput, 3),
        "p95": round(measured.percentiles[95], 6),
    }


def _step(search: Search, one: Measurement) -> dict[str, Any]:
    stages = one.stages
    return {
        "predict_concurrency": one.point.predict_concurrency,
        "concurrency_target": one.point.concurrency_target,
        "why": one.step.why,
        "rate": one.step.rate,
        "throughput": one.throughput,
        "throughput_interval": _finite(one.throughput_interval),
        "percentiles": {f"p{percent}": _finite((value,))[0] for percent, value in one.percentiles.items()},
        "percentile_intervals": {f"p{key}": _finite(pair) for key, pair in one.percentile_intervals.items()},
        "stages": stages
        and {
            "preprocess": stages.preprocess,
            "gate": stages.gate,
            "predict": stages.predict,
            "postprocess": stages.postprocess,
            "total": stages.total,
        },
        "requests": one.requests,
        "failed": one.failed,
        "seconds": one.seconds,
        "memory_bytes": one.memory_bytes,
        "cold": search.warmth.is_cold(one),
        "moves": one.moves,
        "warm_up": one.warm_up and _warm_up(one.warm_up),
        "stopped": one.stopped or None,
        "died": one.died or None,
        "objections": list(search.goal.objections(one)),
    }


def _warm_up(found: WarmUp) -> dict[str, float]:
    return {
        "requests": found.requests,
        "seconds": round(found.seconds, 3),
        "times_slower": round(found.times_slower, 3),
    }


def _finite(values: tuple[float, ...]) -> list[float | None]:
    """JSON has no infinity."""
    return [value if value < float("inf") else None for value in values]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _change(value: float, of: float) -> str:
    if not of:
        return "unknown"
    return "as here" if abs(value / of - 1) <= NEGLIGIBLE else f"{value / of - 1:+.0%}"
