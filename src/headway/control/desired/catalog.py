"""Finds models, deployments and environments by the names that callers use, and judges new names."""

from headway.control.desired.state import Deployment, DesiredState, Environment
from headway.control.errors import InvalidNameError, NotFoundError
from headway.control.packages.names import NAME
from headway.core.settings import nearest

__all__ = ["NAME", "Catalog", "require_name"]


class Catalog:
    """Each look-up raises NotFoundError with the nearest that exist."""

    def __init__(self, desired_state: DesiredState) -> None:
        self._desired_state = desired_state

    def model(self, name: str) -> str:
        if name not in self._desired_state.models:
            raise NotFoundError(
                f"no model is called {name!r}", hint=nearest(name, self._desired_state.models)
            )
        return name

    def deployment(self, model: str, deployment_id: str) -> Deployment:
        """A deployment of the model by its id, or by the name of an environment that points at it."""
        self.model(model)
        wanted = self._desired_state.points_at((model, deployment_id)) or deployment_id
        deployment = self._desired_state.deployments.get(wanted)
        if deployment is None or deployment.model != model:
            known = [one.deployment_id for one in self._desired_state.deployments_of(model)]
            known += [one.name for one in self._desired_state.environments_of(model) if one.deployment_id]
            raise NotFoundError(
                f"{model} has no deployment {deployment_id!r}", hint=nearest(deployment_id, known)
            )
        return deployment

    def environment(self, model: str, name: str) -> Environment:
        environment = self._desired_state.environments.get((self.model(model), name))
        if environment is None:
            known = [one.name for one in self._desired_state.environments_of(model)]
            raise NotFoundError(f"{model} has no environment {name!r}", hint=nearest(name, known))
        return environment


def require_name(name: str, what: str) -> None:
    """Raises InvalidNameError for a name that would not fit in a URL and a file's name."""
    if not NAME.fullmatch(name):
        raise InvalidNameError(
            f"{name!r} is no name for {what}",
            hint="letters, digits and ._- up to 64, a letter or digit first",
        )
