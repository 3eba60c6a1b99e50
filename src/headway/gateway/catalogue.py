"""The names by which one door reaches every model, and the documents that list them for OpenAI's and Anthropic's
clients alike.

NAME is the model's production environment, NAME/ENVIRONMENT any environment, NAME@DEPLOYMENT a deployment by its id.
"""

import json
from typing import Any

from headway.gateway import refusals
from headway.gateway.refusals import Refusal
from headway.gateway.routes import PRODUCTION
from headway.gateway.table import RoutingTable
from headway.http.model_document import list_document, model_document

Whom = tuple[str, str, str | None]
"""Model, environment, and the deployment where one is named."""


def whom(name: str) -> Whom:
    """Whom a name means, without knowing what exists."""
    model, mark, deployment = name.partition("@")
    if mark:
        return model, PRODUCTION, deployment
    model, slash, environment = name.partition("/")
    return model, environment if slash else PRODUCTION, None


class Catalogue:
    """What there is of one routing table. A list names environments; a deployment is found by who knows its id."""

    def __init__(self, table: RoutingTable) -> None:
        self._table = table
        self._created = {one.deployment_id: one.created_at for one in table.deployments}
        self.names = sorted(
            model if environment == PRODUCTION else f"{model}/{environment}"
            for model, environment in table.environments
        )
        models = [self._model(name, self._deployment_of(name)) for name in self.names]
        self.list = _json(list_document(models))
        """Every name, as the body of an answer."""

    def one(self, name: str) -> bytes | Refusal:
        """The document of one name, as the body of an answer."""
        deployment_id = self._deployment_of(name)
        return self.unknown(name) if deployment_id is None else _json(self._model(name, deployment_id))

    def unknown(self, name: str) -> Refusal:
        """Nothing is called so; the nearest that is."""
        model, mark, _ = name.partition("@")
        deployments = [one.deployment_id for one in self._table.deployments if mark and one.model == model]
        return refusals.unknown_name(name, [f"{model}@{one}" for one in deployments] or self.names)

    def _deployment_of(self, name: str) -> str | None:
        return self._table.deployment_of(*whom(name))

    def _model(self, name: str, deployment_id: str | None) -> dict[str, Any]:
        return model_document(name, self._created.get(deployment_id or "", 0.0))


def _json(content: Any) -> bytes:
    return json.dumps(content).encode() + b"\n"
