"""Pictures of deployments as the API would tell them, of states that take many replicas or much time to come about."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter

from headway.api.schemas import resources
from headway.api.views.saturation import as_resource
from headway.core.lifecycle import ReplicaState
from headway.core.settings import DeploymentSettings
from headway.core.stages import IN_REPLICA
from headway.observed.saturation.situation import SeenReplica, Situation
from headway.observed.saturation.verdict import saturation

_SATURATION = TypeAdapter(resources.Saturation)

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


@dataclasses.dataclass(frozen=True)
class Replica:
    """What is told of one; all else is as of a true one. `lanes` None: it does not tell. `age` is that in its state."""

    number: int
    lanes: dict | None = None
    state: str = "ready"
    slots: int = 4
    age: float = 600.0
    restarts: int = 0
    gpus: tuple = ()

    @property
    def held(self):
        return sum(count for _, count in self._stages)

    @property
    def at_gate(self):
        return 0 if self.lanes is None else self.lanes["gate_wait"]

    @property
    def _stages(self):
        return [] if self.lanes is None else [(name, self.lanes[name]) for name in IN_REPLICA]

    def document(self):
        since = datetime.now(UTC) - timedelta(seconds=self.age)
        left = 0 if self.lanes is None else self.lanes["abandoned"]
        requests = [
            {"request_id": f"{self.number}-{stage}-{one}", "stage": stage, "seconds": one / 2}
            for stage, count in self._stages
            for one in range(count)
        ]
        return {
            "id": f"scores-{self.number}",
            "generation": self.number,
            "state": self.state,
            "since": since.isoformat(),
            "restarts": self.restarts,
            "gpus": list(self.gpus),
            "held": self.held,
            "slots": self.slots,
            "lanes": self.lanes,
            "requests": [{**one, "abandoned": place < left} for place, one in enumerate(requests[:256])],
        }


@dataclasses.dataclass(frozen=True)
class Told:
    """A state to be told instead of the true one; `seen` is what a Situation takes besides."""

    replicas: list
    status: str = "ACTIVE"
    queued: int = 0
    places: int = 1
    changes: dict = dataclasses.field(default_factory=dict)
    seen: dict = dataclasses.field(default_factory=dict)

    def script(self, deployment, model, replica):
        """What has a browser told of it, in the documents of a true deployment, its model and its replica."""
        deployment = deployment | self._live()
        shown = [
            {"request_id": f"q{one}", "seconds": max(0.1, 12.4 - one / 40)}
            for one in range(min(self.queued, 500))
        ]
        picture = {
            "deployment": deployment,
            "queue": {"count": self.queued, "shown": shown},
            "replicas": [replica | one.document() for one in self.replicas],
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
            SeenReplica(ReplicaState(one.state), one.age, one.held, one.at_gate, one.age)
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
