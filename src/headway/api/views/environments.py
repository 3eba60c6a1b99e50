"""Makes what is told live of environments: where each points, and what is about to take its place."""

from headway.api.schemas import resources
from headway.control.plane import ControlPlane


def live_environments(plane: ControlPlane) -> list[resources.LiveEnvironment]:
    rollout, present = plane.supervisor.rollout, plane.supervisor.replicas.present
    return [
        resources.LiveEnvironment(
            name=one.name,
            model_name=one.model,
            deployment_id=one.deployment_id,
            candidate_id=one.candidate_id,
            replaced_id=one.replaced_id,
            needed_replicas=0 if one.candidate_id is None else rollout.need_of(one.candidate_id, present),
        )
        for one in plane.desired_state.environments.values()
    ]
