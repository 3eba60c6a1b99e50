"""Tells what variants made of a scenario, as a document for programs."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from headway.core.autoscaling import ScalingDecision
from headway.observed.records import Outcome
from headway.observed.sketch import QUANTILES, Sketch
from headway.planner.simulation.measures import STAGES, Measures, Moment
from headway.planner.simulation.scenario import Scenario, Variant

_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A variant, and what came of it."""

    variant: Variant
    measures: Measures

    @property
    def requests(self) -> int:
        return sum(self.measures.outcomes.values())


def document(scenario: Scenario, trials: Sequence[Trial]) -> dict[str, Any]:
    """Times are in seconds."""
    return {
        "duration": scenario.duration,
        "seed": scenario.seed,
        "slo": scenario.slo,
        "variants": [_variant(one) for one in trials],
    }


def summary(trial: Trial) -> dict[str, Any]:
    """The numbers that a variant is judged by."""
    measures, requests = trial.measures, trial.requests
    return {
        "requests": requests,
        "outcomes": {one.value: measures.outcomes[one] for one in Outcome if measures.outcomes[one]},
        "stages": {stage: quantiles(measures.stages[stage]) for stage in STAGES},
        "slo_misses": measures.misses,
        "slo_miss_share": measures.misses / requests if requests else 0.0,
        "replica_hours": measures.replica_seconds / _HOUR,
        "most_replicas": measures.most_present,
        "starts": measures.starts,
        "replica_failures": measures.failures,
        "cold_starts": measures.cold_starts,
        "decisions": measures.decided,
    }


def moments(trial: Trial) -> dict[str, list[Any]]:
    """The curves, by columns."""
    return {
        name: [getattr(one, name) for one in trial.measures.moments] for name in Moment.__dataclass_fields__
    }


def quantiles(durations: Sketch) -> dict[str, float] | None:
    """Seconds by `p50` and so on; None when there were none."""
    found = durations.quantiles()
    return {f"p{share * 100:g}": at for share, at in zip(QUANTILES, found, strict=True)} if found else None


def _variant(trial: Trial) -> dict[str, Any]:
    return {
        "name": trial.variant.name,
        "settings": asdict(trial.variant.settings),
        "predict_concurrency": trial.variant.predict_concurrency,
        **summary(trial),
        "moments": moments(trial),
        "decision_log": [_decision(one) for one in trial.measures.decisions],
    }


def _decision(decision: ScalingDecision) -> dict[str, Any]:
    return {
        "at": decision.at,
        "desired": decision.desired,
        "reason": decision.reason,
        "inputs": asdict(decision.inputs),
    }
