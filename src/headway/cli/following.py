"""Waits until a deployment serves, and tells what goes on; says why when it never will."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import typer

from headway.cli.addresses import path_of
from headway.cli.client import Control
from headway.cli.exit_codes import INTERRUPTED, UnavailableError
from headway.cli.progress import spinner
from headway.core.errors import HeadwayError

if TYPE_CHECKING:
    from rich.console import Console

_POLL_EVERY = 0.3
_LONGEST_SILENCE = 30.0
"""Control may be started anew meanwhile."""
_IDLE_LOOKS = 10
"""After so many, a replica that was asked for has come and gone."""
_MOST_IDLE_LOOKS = 200
_FAILED = {"BUILD_FAILED": "it could not be built", "FAILED": "it does not start"}
_GONE = {"INACTIVE": "it was deactivated meanwhile", "DELETING": "it was deleted meanwhile"}


class NotServedError(HeadwayError):
    """A deployment does not come to serve."""

    code = "not_served"


Document = Mapping[str, Any]


def wait_until_served(
    control: Control, deployment: Document, environment: str | None, console: "Console"
) -> Document:
    """The deployment that serves, in `environment` if there is one. Raises NotServedError; Ctrl-C ends only the
    waiting.
    """
    model = deployment["model_name"]
    following = Following(control, deployment, environment)
    try:
        with spinner(console, "building", is_told_elsewhere=True) as show:
            served = following.until_served(show)
    except KeyboardInterrupt:
        console.print(f"the deployment goes on: headway status {model} shows it", markup=False)
        raise typer.Exit(INTERRUPTED) from None
    where = f" as {environment}" if environment is not None else ""
    console.print(f"{model}: deployment {served['id']} serves{where}", markup=False)
    return served


class Following:
    """One deployment on its way into `environment` (None: into none)."""

    def __init__(self, control: Control, deployment: Document, environment: str | None) -> None:
        self._control = control
        self._id = deployment["id"]
        self._model = deployment["model_name"]
        self._path = path_of("v1", "models", self._model, "deployments", self._id)
        self._environment = environment
        self._idle_looks = 0

    def until_served(self, show: Callable[[str], None]) -> Document:
        """The deployment that serves. A replica is started to see that one can be. Raises NotServedError."""
        heard_at = time.monotonic()
        while True:
            try:
                deployment, is_there = self._look()
                heard_at = time.monotonic()
            except UnavailableError:
                if time.monotonic() - heard_at > _LONGEST_SILENCE:
                    raise
            else:
                if is_there:
                    return deployment
                show(line_of(deployment))
            time.sleep(_POLL_EVERY)

    def _look(self) -> tuple[Document, bool]:
        """The deployment now, and whether it serves where it should."""
        # The environment first: it moves after the deployment is ready, never before.
        has_moved = self._environment is None or self._has_moved(self._environment)
        deployment = self._control.get(self._path)
        self._refuse_lost(deployment)
        match deployment["status"]:
            case "ACTIVE":
                return deployment, has_moved
            case "SCALED_TO_ZERO":
                return deployment, self._wake(deployment) and has_moved
        return deployment, False

    def _wake(self, deployment: Document) -> bool:
        """Nothing asks for a replica: have one started, and again after a failure. Whether one has come and gone."""
        self._idle_looks += 1
        has_failed = bool(deployment["reason"])
        if has_failed and self._idle_looks > _MOST_IDLE_LOOKS:
            raise self._lost(deployment, "it does not start")
        if has_failed or self._idle_looks == 1:
            self._control.post(self._path + "/wake")
        return not has_failed and self._idle_looks > _IDLE_LOOKS

    def _has_moved(self, name: str) -> bool:
        environment = self._control.get(path_of("v1", "models", self._model, "environments", name))
        current, candidate = environment["current_deployment"], environment["candidate_deployment"]
        if candidate is not None and candidate["id"] == self._id:
            return False
        if current is not None and current["id"] == self._id:
            return True
        deployment = self._control.get(self._path)
        self._refuse_lost(deployment)
        taker = (candidate or current or {}).get("id", "nothing")
        raise self._lost(deployment, f"{name} stays with {taker}")

    def _refuse_lost(self, deployment: Document) -> None:
        status = deployment["status"]
        if status in _FAILED:
            raise self._lost(deployment, _FAILED[status])
        if status in _GONE:
            raise NotServedError(f"{self._id} does not serve: {_GONE[status]}")

    def _lost(self, deployment: Document, what: str) -> NotServedError:
        reason = f": {deployment['reason']}" if deployment["reason"] else ""
        return NotServedError(
            f"{self._id} does not serve, {what}{reason}",
            hint=f"headway logs {self._model} --deployment {self._id} shows more",
        )


def line_of(deployment: Document) -> str:
    """What goes on with it now."""
    match deployment:
        case {"preparation": {"line": line}} if line:
            return f"building: {line}"
        case {"status": "BUILDING"}:
            return "building"
        case {"reason": reason} if reason:
            return f"starting again after: {reason}"
    return f"starting replicas: {deployment['ready_replicas']} ready"
