"""Traffic from records of requests: the same requests again, or others with service times like theirs."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Self

from headway.core.stages import Stage
from headway.observed.records import Outcome, RequestRecord
from headway.planner.errors import InvalidScenarioError
from headway.planner.simulation.durations import fitted
from headway.planner.simulation.traffic import Recorded, SeenStages, Stages, StageTimes

_STREAMS_FROM = 0.005
"""An answer that takes longer to send, with no postprocess after predict, is a stream: it holds its place in predict
meanwhile."""


def replayed(records: Sequence[RequestRecord], since: float | None = None, seed: int = 1) -> Recorded:
    """The same requests, each with its own service times; the instant 0 is `since` (seconds since 1970), or the first
    arrival. One that was never served takes what one of the others took.

    Raises InvalidScenarioError when none was served.
    """
    served = _served(records)
    random = Random(f"{seed} never served")
    ordered = sorted(records, key=lambda one: one.arrived_at)
    begin = ordered[0].arrived_at if since is None else since
    return Recorded(
        [
            (
                one.arrived_at - begin,
                *(stage_times(one) if _is_served(one) else random.choice(served)),
            )
            for one in ordered
            if one.arrived_at >= begin
        ]
    )


@dataclass(frozen=True, slots=True)
class Instants:
    """When the recorded requests came, for arrivals whose service times are others."""

    seconds: Sequence[float]
    """Since the first one, rising."""

    @classmethod
    def of(cls, records: Sequence[RequestRecord]) -> Self:
        ordered = sorted(one.arrived_at for one in records)
        return cls([at - ordered[0] for at in ordered])

    def instants(self, _: Random) -> Iterator[float]:
        return iter(self.seconds)


def length(records: Sequence[RequestRecord]) -> float:
    """Seconds from the first arrival to the last end."""
    begin = min(one.arrived_at for one in records)
    return max(one.arrived_at + one.seconds for one in records) - begin


def drawn(records: Iterable[RequestRecord]) -> SeenStages:
    """Each request takes what one of these took, stage by stage. Raises InvalidScenarioError without any."""
    return SeenStages(_served(records))


def fitted_stages(records: Iterable[RequestRecord]) -> Stages:
    """Each stage is spread as a lognormal as wide as these are. Raises InvalidScenarioError without any."""
    before, predict, after = zip(*_served(records), strict=True)
    return Stages(predict=fitted(predict), preprocess=fitted(before), postprocess=fitted(after))


def stage_times(record: RequestRecord) -> StageTimes:
    """Seconds before the gate, in predict, and after it until the slot was free."""
    stages = record.stages
    predict = stages.get(Stage.PREDICT, 0.0)
    if Stage.POSTPROCESS not in stages and stages.get(Stage.SEND, 0.0) > _STREAMS_FROM:
        predict += stages[Stage.SEND]
    before = stages.get(Stage.PREPROCESS, 0.0)
    waited = math.fsum(stages.get(stage, 0.0) for stage in (Stage.QUEUE, Stage.COLD_START, Stage.GATE_WAIT))
    return before, predict, max(0.0, record.seconds - waited - before - predict)


def _served(records: Iterable[RequestRecord]) -> list[StageTimes]:
    times = [stage_times(one) for one in records if _is_served(one)]
    if not times:
        raise InvalidScenarioError(
            "no record tells how long predict takes",
            hint="records of requests that were answered by the model's predict are needed",
        )
    return times


def _is_served(record: RequestRecord) -> bool:
    return record.outcome is Outcome.FINISHED and Stage.PREDICT in record.stages
