"""Runs the variants of a scenario, each from its begin to its last answer."""

import math
from collections.abc import Callable
from random import Random

from headway.core.dispatch import Events
from headway.planner.simulation.agenda import Agenda
from headway.planner.simulation.control_plane import ControlPlane
from headway.planner.simulation.data_plane import DataPlane
from headway.planner.simulation.measures import BUCKETS, Measures
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.traffic import Request

Progress = Callable[[float], None]
"""Told what share of a variant's time has passed."""


def simulate(
    scenario: Scenario,
    variant: Variant,
    *,
    progress: Progress = lambda _: None,
    observe: Callable[[Events[Request]], None] | None = None,
) -> Measures:
    """What the variant makes of the scenario: the same every time. `observe` is told all that the dispatcher says."""
    agenda, measures = Agenda(), Measures(scenario.slo)
    plane = DataPlane(
        agenda,
        variant.settings,
        variant.predict_concurrency,
        measures,
        parallel=scenario.parallel,
        observe=observe,
    )
    control = ControlPlane(
        agenda,
        plane,
        scenario.life,
        Random(f"{scenario.seed} replicas"),
        decided=measures.decide,
        counted=measures.count,
    )
    control.begin(variant.replicas_at_first)
    _end_buckets(agenda, plane, measures, scenario.duration / BUCKETS, progress)
    agenda.follow(scenario.traffic.requests(scenario.seed, scenario.duration), plane.arrive)
    agenda.run_while(lambda: len(measures.moments) < BUCKETS, until=math.inf)
    agenda.run_while(lambda: plane.open > 0, until=math.inf)
    measures.finish()
    measures.starts, measures.failures = control.starts, control.failures
    return measures


def _end_buckets(
    agenda: Agenda, plane: DataPlane, measures: Measures, seconds: float, progress: Progress
) -> None:
    """Each bucket, `seconds` long, ends in its turn."""

    def end(number: int, now: float) -> None:
        measures.end_bucket(plane.load(now), plane.arrived)
        progress(number / BUCKETS)
        if number < BUCKETS:
            agenda.at((number + 1) * seconds, end, number + 1)

    agenda.at(seconds, end, 1)
