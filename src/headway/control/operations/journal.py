"""Tells the history of changes what was changed of a model, and by whom. It changes nothing itself."""

import dataclasses
import time
from collections.abc import Callable

from headway.control.credentials.authors import author
from headway.control.desired.state import Deployment, Environment, Target
from headway.control.store.rows import ChangeKind, ChangeRow
from headway.core.settings import DeploymentSettings

_LONGEST_REASON = 2000


class Journal:
    """`keep` is given each row. `clock` tells seconds since 1970."""

    def __init__(self, keep: Callable[[ChangeRow], None], clock: Callable[[], float] = time.time) -> None:
        self._keep = keep
        self._clock = clock

    def settings(self, before: DeploymentSettings, after: Deployment) -> None:
        """A row for each setting that differs."""
        for field in dataclasses.fields(before):
            old, new = getattr(before, field.name), getattr(after.settings, field.name)
            if old != new:
                self._note(ChangeRow(after.model, after.deployment_id, "setting", field.name, old, new))

    def pushed(self, deployment: Deployment, environment: str | None, present: str | None) -> None:
        """`present`: the deployment that the environment points at, whose place it is to take."""
        model, deployment_id = deployment.model, deployment.deployment_id
        self._note(ChangeRow(model, deployment_id, "push", environment or "", present, deployment_id))

    def promoted(self, deployment: Deployment, environment: str, present: Deployment | None) -> None:
        """To move to one that is older than the present one is to roll back."""
        model, deployment_id = deployment.model, deployment.deployment_id
        if present is None:
            self._note(ChangeRow(model, deployment_id, "promotion", environment, None, deployment_id))
        elif present.deployment_id != deployment_id:
            kind: ChangeKind = "rollback" if deployment.created_at < present.created_at else "promotion"
            self._note(
                ChangeRow(model, deployment_id, kind, environment, present.deployment_id, deployment_id)
            )

    def rollout_ended(self, environment: Environment, reason: str) -> None:
        """`environment` as it was until then; `reason` says why its candidate has not taken the place, if so."""
        old, candidate = environment.replaced_id or environment.deployment_id, environment.candidate_id or ""
        before, after = (candidate, old) if reason else (old, candidate)
        kind: ChangeKind = "given_up" if reason else "takeover"
        self._note(
            ChangeRow(environment.model, candidate, kind, environment.name, before, after, _storable(reason))
        )

    def activated(self, before: Deployment) -> None:
        """Or tried anew, if it was active."""
        row = ChangeRow(before.model, before.deployment_id, "activation", "is_active", before.is_active, True)
        self._note(row)

    def deactivated(self, before: Deployment) -> None:
        if before.is_active:
            self._note(
                ChangeRow(before.model, before.deployment_id, "deactivation", "is_active", True, False)
            )

    def deleted(self, deployment: Deployment) -> None:
        self._note(ChangeRow(deployment.model, deployment.deployment_id, "deletion"))

    def environment_made(self, target: Target) -> None:
        self._note(ChangeRow(target[0], "", "environment_creation", target[1]))

    def environment_deleted(self, environment: Environment) -> None:
        before = environment.deployment_id
        self._note(ChangeRow(environment.model, "", "environment_deletion", environment.name, before))

    def model_deleted(self, model: str) -> None:
        self._note(ChangeRow(model, "", "model_deletion"))

    def _note(self, row: ChangeRow) -> None:
        who = author()
        self._keep(dataclasses.replace(row, at=self._clock(), author=who.name, key_prefix=who.key_prefix))


def _storable(reason: str) -> str:
    """A model's own words may be in it, and half a character or a NUL, which no database takes as text."""
    text = reason.encode(errors="backslashreplace").decode().replace("\0", "\\x00")
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"
