"""Simulates one scenario and prints what it took as JSON: CPU seconds, peak memory, requests.

`simulation.py REQUESTS fixed|growing`: four replicas and Poisson traffic; or a thousand, autoscaled, with bursts.
"""

import json
import resource
import sys
import time

from headway.core.settings import DeploymentSettings
from headway.planner.simulation.control_plane import ReplicaLife
from headway.planner.simulation.durations import Constant, Lognormal
from headway.planner.simulation.scenario import Scenario, Variant
from headway.planner.simulation.simulate import simulate
from headway.planner.simulation.traffic import Bursts, Poisson, Stages, Synthetic

_FIXED = (
    40.0,
    Poisson(40.0),
    Stages(Constant(0.08)),
    Variant("fixed", DeploymentSettings(concurrency_target=4, min_replica=4, max_replica=4)),
    ReplicaLife(),
)
_GROWING = (
    9_200.0,
    Bursts(7_600.0, 24_000.0, every=20.0, lasts=2.0),
    Stages(Lognormal(0.2, 0.6), preprocess=Constant(0.05), postprocess=Constant(0.02)),
    Variant(
        "growing",
        DeploymentSettings(
            concurrency_target=8,
            min_replica=100,
            max_replica=1_500,
            queue_limit=1_000_000,
            scale_down_delay=60.0,
        ),
        predict_concurrency=4,
        initial_replicas=600,
    ),
    ReplicaLife(Constant(8.0)),
)


def main() -> None:
    wanted, name = int(sys.argv[1]), sys.argv[2]
    rate, arrivals, service, variant, life = _GROWING if name == "growing" else _FIXED
    scenario = Scenario(Synthetic(arrivals, service), [variant], wanted / rate, life)
    before = time.process_time()
    measures = simulate(scenario, variant)
    print(
        json.dumps(
            {
                "cpu": time.process_time() - before,
                "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
                "requests": sum(measures.outcomes.values()),
                "replicas": measures.most_present,
            }
        )
    )


if __name__ == "__main__":
    main()
