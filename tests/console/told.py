"""Pictures of deployments as the API would tell them, of states that take many replicas or much time to come about."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from headway.api.schemas import resources, traffic
from headway.api.views.saturation import as_resource
from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings
from headway.core.stages import IN_REPLICA
from headway.observed.saturation.situation import SeenReplica, Situation
from headway.observed.saturation.verdict import saturation

_LANES = TypeAdapter(traffic.Lanes)
_SATURATION = TypeAdapter(resources.Saturation)
NOW = datetime.now(UTC)

FOLLOWED = """
const told = %s;
const asked = window.fetch;
window.fetch = (url, options) => {
  const [path] = String(url).split('?');
  const [event, data] = path.endsWith('/v1/events') ? ['state', told.state] : ['picture', told.picture];
  if (!path.endsWith('/events')) return asked(url, options);
  const text = `event: ${event}\\ndata: ${JSON.stringify(data)}\\n\\n`;
  const body = new ReadableStream({start: (stream) => stream.enqueue(new TextEncoder().encode(text))});
  return Promise.resolve(new Response(body, {headers: {'content-type': 'text/event-stream'}}));
};
"""
"""In the place of the live streams."""


def holding(**stages):
    """What a replica holds, by stage."""
    return {stage.value: stages.get(stage.value, 0) for stage in IN_REPLICA} | {
        "abandoned": stages.get("abandoned", 0)
    }


def replica(number, lanes=None, *, state="ready", slots=4, age=600.0, **more):
    """One as the picture shows it; `lanes` None: it does not tell."""
    counted = {} if lanes is None else {name: count for name, count in lanes.items() if name != "abandoned"}
    requests = [
        traffic.HeldRequest(
            request_id=f"{number}-{stage}-{one}", stage=stage, seconds=one / 2, abandoned=False
        )
        for stage, count in counted.items()
        for one in range(count)
    ]
    left = 0 if lanes is None else lanes["abandoned"]
    requests = [dataclasses.replace(one, abandoned=place < left) for place, one in enumerate(requests)]
    return traffic.Lanes(
        id=f"scores-{number}",
        generation=number,
        state=state,
        since=NOW - timedelta(seconds=age),
        restarts=more.get("restarts", 0),
        last_exit="",
        held=sum(counted.values()),
        gpus=more.get("gpus", []),
        slots=slots,
        lanes=lanes,
        requests=requests[:256],
    )


@dataclasses.dataclass(frozen=True)
class Told:
    """A state to be told instead of the true one; `seen` is what a Situation takes besides."""

    replicas: list
    status: str = "ACTIVE"
    queued: int = 0
    places: int = 1
    changes: dict = dataclasses.field(default_factory=dict)
    seen: dict = dataclasses.field(default_factory=dict)

    def script(self, deployment, model):
        """What has a browser told of it, in the documents of a true deployment and its model."""
        deployment = deployment | self._live()
        shown = [
            {"request_id": f"q{one}", "seconds": max(0.1, 12.4 - one / 40)}
            for one in range(min(self.queued, 500))
        ]
        picture = {
            "deployment": deployment,
            "queue": {"count": self.queued, "shown": shown},
            "replicas": [_LANES.dump_python(_aged(one), mode="json") for one in self.replicas],
        }
        state = {"models": [model], "deployments": [{**deployment, "replicas": []}]}
        return FOLLOWED % json.dumps({"picture": picture, "state": state})

    def _live(self):
        ready = sum(one.state == "ready" for one in self.replicas)
        settings = self._settings()
        found = self._saturation(settings)
        return {
            "status": self.status,
            "reason": "",
            "predict_concurrency": self.places,
            "concurrency_target": settings.concurrency_target,
            "settings": dataclasses.asdict(settings),
            "active_replica_count": ready,
            "ready_replicas": ready,
            "present_replicas": len(self.replicas),
            "desired_replicas": len(self.replicas),
            "queued": self.queued,
            "in_flight": sum(one.held for one in self.replicas),
            "requests_per_second": 4.2,
            "p95_seconds": 9.3,
            "saturation": None if found is None else _SATURATION.dump_python(found, mode="json"),
        }

    def _settings(self):
        slots = max((one.slots for one in self.replicas), default=4)
        return DeploymentSettings(concurrency_target=slots, **self.changes)

    def _saturation(self, settings):
        seen = [
            SeenReplica(ReplicaState(one.state), (NOW - one.since).total_seconds(), one.held, _at_gate(one))
            for one in self.replicas
        ]
        situation = Situation(
            settings=settings,
            places=self.places,
            replicas=seen,
            queued=self.queued,
            queued_for=9.0 if self.queued else 0.0,
            **{"desired": len(seen), **self.seen},
        )
        return as_resource(saturation(situation))


def _aged(replica):
    """As old as it is meant to be when it is looked at."""
    return dataclasses.replace(replica, since=replica.since + (datetime.now(UTC) - NOW))


def _at_gate(replica):
    return 0 if replica.lanes is None else replica.lanes["gate_wait"]
