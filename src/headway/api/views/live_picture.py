"""The live picture of one deployment: what queues in order, and each replica with what it holds by stage."""

import dataclasses
from collections.abc import AsyncIterator

from pydantic import TypeAdapter

from headway.api.schemas import resources, traffic
from headway.api.views.live import Live
from headway.api.views.resources import ResourceViews
from headway.control.desired.state import Deployment
from headway.control.plane import ControlPlane
from headway.control.running.lanes import Holding, Lanes
from headway.core.stages import IN_REPLICA

LANES = (*(stage.value for stage in IN_REPLICA), "abandoned")
_PICTURE = TypeAdapter(traffic.Picture)


class Pictures:
    """One stream a deployment, put together once for all who follow it, and only while somebody does."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._documents = ResourceViews(plane)
        self._lanes = Lanes(plane.supervisor.replicas.of, plane.supervisor.link)
        self._live: dict[str, Live] = {}
        self._followers: dict[str, int] = {}

    async def follow(self, deployment: Deployment) -> AsyncIterator[str]:
        """Events until the reader leaves, or the deployment is deleted."""
        deployment_id = deployment.deployment_id
        with self._lanes.followed(deployment_id):
            self._followers[deployment_id] = self._followers.get(deployment_id, 0) + 1
            live = self._live.setdefault(
                deployment_id, Live(lambda: self._make(deployment_id), name="picture")
            )
            try:
                await self._lanes.asked(deployment_id)
                async for event in live.events():
                    yield event
                    if deployment_id not in self._plane.desired_state.deployments:
                        return
            finally:
                self._followers[deployment_id] -= 1
                if not self._followers[deployment_id]:
                    del self._followers[deployment_id], self._live[deployment_id]

    def _make(self, deployment_id: str) -> str:
        deployment = self._plane.desired_state.deployments.get(deployment_id)
        if deployment is None:
            return "{}"
        shown = dataclasses.replace(self._documents.deployment(deployment), example_input=None)
        picture = traffic.Picture(
            deployment=shown,
            queue=traffic.Queue(count=shown.queued, shown=self._queued(deployment_id)),
            replicas=[
                self._replica(one, deployment.settings.concurrency_target)
                for one in self._documents.replicas(deployment_id).replicas
            ],
        )
        return _PICTURE.dump_json(picture).decode()

    def _queued(self, deployment_id: str) -> list[traffic.QueuedRequest]:
        loads = self._plane.supervisor.link.load(deployment_id).values()
        waiting = sorted(
            (one for load in loads for one in load.get("waiting", ())), key=lambda one: one[1], reverse=True
        )
        return [traffic.QueuedRequest(request_id=name, seconds=seconds) for name, seconds in waiting]

    def _replica(self, replica: resources.Replica, slots: int) -> traffic.Lanes:
        fields = {field.name: getattr(replica, field.name) for field in dataclasses.fields(replica)}
        holding = self._lanes.of(replica.id)
        counts = None if holding is None else {name: holding.counts.get(name, 0) for name in LANES}
        return traffic.Lanes(**fields, slots=slots, lanes=counts, requests=_shown(holding))


def _shown(holding: Holding | None) -> list[traffic.HeldRequest]:
    return [
        traffic.HeldRequest(
            request_id=one.request_id, stage=one.stage, seconds=one.seconds, abandoned=one.abandoned
        )
        for one in (() if holding is None else holding.shown)
    ]
