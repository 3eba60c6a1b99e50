"""`python -m headway.what_if.worker` simulates what it reads: lines of records, as `replayed` writes them, then a line
with a question. It answers with one JSON document. A process of its own, so that control goes on meanwhile.
"""

import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from headway.core.errors import HeadwayError
from headway.core.settings import DeploymentSettings
from headway.core.stages import Stage
from headway.observed.records import Outcome, RequestRecord
from headway.observed.sketch import Sketch
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.durations import Seen
from headway.planner.simulation.measures import STEPS_PER_E
from headway.planner.simulation.recorded import replayed
from headway.planner.simulation.report import Trial, moments, quantiles, summary
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.simulate import simulate

_POLITE = 10
"""Requests that are served meanwhile come first."""


def main() -> int:
    os.nice(_POLITE)
    try:
        told = answer(sys.stdin.buffer)
    except HeadwayError as error:
        told = {"error": {"code": error.code, "message": error.message, "hint": error.hint}}
    sys.stdout.buffer.write(orjson.dumps(told))
    return 0


def answer(lines: Iterable[bytes]) -> dict[str, Any]:
    """What came of each variant, and `recorded`, which is how the requests fared that it was tried on."""
    *pages, question = (orjson.loads(line) for line in lines)
    record = _record if question["knows_predict"] else _opaque_record
    records = [record(*row) for page in pages for row in page]
    scenario = Scenario(
        traffic=replayed(records, question["since"]),
        variants=[_variant(one) for one in question["variants"]],
        duration=question["until"] - question["since"],
        life=ReplicaLife(start=Seen(question["start_seconds"])),
        slo=question["slo"],
    )
    trials = [Trial(one, simulate(scenario, one)) for one in scenario.variants]
    return {
        "recorded": _recorded(records),
        "trials": [_told(one, question["since"]) for one in trials],
    }


def _record(arrived_at: float, outcome: str, seconds: float, stages: Mapping[str, float]) -> RequestRecord:
    return RequestRecord("", "", "", "", arrived_at, 0, Outcome(outcome), seconds, stages)


def _opaque_record(
    arrived_at: float, outcome: str, seconds: float, stages: Mapping[str, float]
) -> RequestRecord:
    """All of its time on the replica is predict's."""
    waited = {stage: stages[stage] for stage in ("queue", "cold_start") if stage in stages}
    predict = max(0.0, seconds - math.fsum(waited.values()))
    return _record(arrived_at, outcome, seconds, {**waited, "predict": predict})


def _variant(content: Mapping[str, Any]) -> Variant:
    return Variant(**{**content, "settings": DeploymentSettings(**content["settings"])})


def _told(trial: Trial, since: float) -> dict[str, Any]:
    curves = moments(trial)
    return {**summary(trial), "curves": {**curves, "at": [since + at for at in curves["at"]]}}


def _recorded(records: Sequence[RequestRecord]) -> dict[str, Any]:
    """Quantiles of those that finished, stage by stage, as of a trial."""
    finished = [one for one in records if one.outcome is Outcome.FINISHED]
    durations = {
        "wait": [_sum(one, Stage.QUEUE, Stage.COLD_START) for one in finished],
        "gate_wait": [_sum(one, Stage.GATE_WAIT) for one in finished],
        "predict": [_sum(one, Stage.PREDICT) for one in finished],
        "latency": [one.seconds for one in finished],
    }
    return {stage: _quantiles(seconds) for stage, seconds in durations.items()}


def _sum(record: RequestRecord, *stages: Stage) -> float:
    return math.fsum(record.stages.get(stage, 0.0) for stage in stages)


def _quantiles(seconds: Sequence[float]) -> dict[str, float]:
    sketch = Sketch(STEPS_PER_E)
    sketch.observe_all(seconds)
    return quantiles(sketch) or {}


if __name__ == "__main__":
    sys.exit(main())
