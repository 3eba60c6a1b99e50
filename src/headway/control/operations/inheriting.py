"""The settings that a new deployment begins with."""

import contextlib

from headway.control.desired.state import Deployment
from headway.control.packages.declared import first_settings
from headway.core.settings import DeploymentSettings
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig, read_truss


def inherited(former: Deployment | None, config: TrussConfig) -> DeploymentSettings:
    """Those of the one whose place it is to take, or which serves production if it takes none's, where there is one;
    else its config.yaml's.

    What its config.yaml says otherwise than that of the former counts too. A concurrency target that was equal to the
    predict concurrency stays so.
    """
    if former is None:
        return first_settings(config)
    declared = config.headway.settings or {}
    changes = {name: value for name, value in declared.items() if former.declared.get(name) != value}
    if (
        former.settings.concurrency_target == _predict_concurrency(former)
        and "concurrency_target" not in declared
    ):
        changes["concurrency_target"] = config.predict_concurrency  # nobody chose another one
    return former.settings.with_changes(changes)


def _predict_concurrency(deployment: Deployment) -> int | None:
    """None if it cannot be told any more."""
    if deployment.prepared is not None:
        return deployment.prepared.predict_concurrency
    with contextlib.suppress(InvalidTrussError):
        return read_truss(deployment.source).predict_concurrency
    return None
