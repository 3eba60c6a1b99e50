"""What each change that is advised would have made of the traffic that the advice is drawn from, simulated."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.core.errors import HeadwayError, InvalidSettingError
from headway.core.settings import DeploymentSettings
from headway.observed.advice import Advice
from headway.observed.words import counted
from headway.what_if.comparison import predict_concurrency, recorded, simulated
from headway.what_if.simulator import Simulator

_MOST_REQUESTS = 20_000
"""Each change is simulated: some seconds for all of them."""
_PRESENT = "present"


@dataclass(frozen=True, slots=True)
class Effects:
    """What the simulation tells of the present settings and of each advice that changes some, by its code."""

    note: str
    """What was simulated, or why nothing was; empty when there was nothing to simulate."""
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


async def effects(
    plane: ControlPlane, simulator: Simulator, deployment: Deployment, found: Sequence[Advice], seconds: float
) -> Effects:
    """On the traffic of the last so many seconds. Raises nothing: what cannot be simulated is told."""
    variants = _variants(deployment, found)
    if len(variants) == 1:
        return Effects("")
    now = time.time()
    try:
        async with simulator.place():
            traffic = await recorded(plane, deployment.deployment_id, now - seconds, now, most=_MOST_REQUESTS)
            answer = await simulated(simulator, traffic, variants)
    except HeadwayError as error:
        return Effects(f"Not simulated: {error.message}.")
    trials = dict(zip(variants, answer["trials"], strict=True))
    note = f"Simulated on {counted(traffic.replayed.requests, 'request')}. {' '.join(traffic.notes)}"
    return Effects(note, trials.pop(_PRESENT), trials)


def _variants(deployment: Deployment, found: Sequence[Advice]) -> dict[str, tuple[DeploymentSettings, int]]:
    """The present settings, and those of each advice that names some."""
    places, present = predict_concurrency(deployment), deployment.scaling_settings
    variants = {_PRESENT: (present, places)}
    for one in found:
        try:
            changed = present.with_changes(one.change)
        except InvalidSettingError:  # it is right in principle, and beyond the bounds
            continue
        if changed != present:
            variants[one.code] = changed, places
    return variants
