"""The numbers that variants are compared by, each in words and, where less of it is better, by its size."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from headway.observed.records import Outcome
from headway.observed.sketch import QUANTILES
from headway.planner.simulation.report import Trial
from headway.planner.simulation.scenario import Scenario
from headway.planner.simulation.words import spoken

_HOUR = 3600.0
_SHOWN = (("wait", (0, 1, 2)), ("latency", (0, 1, 2)), ("gate_wait", (1,)))
"""Which of QUANTILES are shown of which stage."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of every variant, in the order of the trials."""

    name: str
    values: Sequence[float | None]
    texts: Sequence[str]
    is_judged: bool = True
    """Whether less of it is better."""

    @property
    def best(self) -> frozenset[int]:
        """Which variants have the least of it; none when all are equal. What reads the same is equal."""
        known = [(one, text) for one, text in zip(self.values, self.texts, strict=True) if one is not None]
        if not self.is_judged or len({text for _, text in known}) < 2:  # noqa: PLR2004  # two differ
            return frozenset()
        _, least = min(known)
        return frozenset(number for number, text in enumerate(self.texts) if text == least)


def figures(scenario: Scenario, trials: Sequence[Trial]) -> list[Figure]:
    return [
        _counted("requests", trials, lambda one: one.requests, is_judged=False),
        *_failures(trials),
        *_quantiles(trials),
        *([] if scenario.slo is None else [_misses(trials)]),
        _counted("replicas at most", trials, lambda one: one.measures.most_present),
        _hours(trials),
        _counted("replicas started", trials, lambda one: one.measures.starts),
        *_some("replica failures", trials, lambda one: one.measures.failures),
        _counted("cold starts", trials, lambda one: one.measures.cold_starts),
        _counted("decisions", trials, lambda one: one.measures.decided, is_judged=False),
    ]


def _counted(
    name: str, trials: Sequence[Trial], count: Callable[[Trial], int], *, is_judged: bool = True
) -> Figure:
    values = [count(one) for one in trials]
    return Figure(name, values, [f"{value:,}" for value in values], is_judged)


def _some(name: str, trials: Sequence[Trial], count: Callable[[Trial], int]) -> list[Figure]:
    """The figure, unless it is 0 for all."""
    return [_counted(name, trials, count)] if any(map(count, trials)) else []


def _failures(trials: Sequence[Trial]) -> Iterator[Figure]:
    yield _counted("failed", trials, lambda one: one.requests - one.measures.outcomes[Outcome.FINISHED])
    for outcome in Outcome:
        if outcome is not Outcome.FINISHED:
            yield from _some(outcome.value, trials, partial(_ended, outcome))


def _ended(outcome: Outcome, trial: Trial) -> int:
    return trial.measures.outcomes[outcome]


def _quantiles(trials: Sequence[Trial]) -> Iterator[Figure]:
    for stage, places in _SHOWN:
        found = [one.measures.stages[stage].quantiles() for one in trials]
        for place in places:
            values = [one[place] if one else None for one in found]
            texts = ["" if value is None else spoken(value) for value in values]
            yield Figure(f"{stage.replace('_', ' ')} p{QUANTILES[place] * 100:g}", values, texts)


def _misses(trials: Sequence[Trial]) -> Figure:
    values = [one.measures.misses for one in trials]
    shares = [
        value / one.requests if one.requests else 0.0 for value, one in zip(values, trials, strict=True)
    ]
    texts = [f"{value:,} ({share:.2%})" for value, share in zip(values, shares, strict=True)]
    return Figure("SLO misses", values, texts)


def _hours(trials: Sequence[Trial]) -> Figure:
    values = [one.measures.replica_seconds / _HOUR for one in trials]
    return Figure("replica-hours", values, [f"{value:.2f}" for value in values])
