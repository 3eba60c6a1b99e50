"""What config.yaml says that control goes by: the first settings of a deployment, and the Python that was asked for."""

import yaml

from headway.core.settings import DeploymentSettings
from headway.model_server.truss.truss_config import TrussConfig


def first_settings(config: TrussConfig) -> DeploymentSettings:
    """The settings that a first deployment starts with: concurrency target and predict concurrency are equal.

    Raises InvalidSettingError when `model_metadata.headway` says what cannot be.
    """
    start = DeploymentSettings(concurrency_target=config.predict_concurrency)
    return start.with_changes(config.headway.settings or {})


def stated_python_version(config: TrussConfig) -> str | None:
    """`python_version` where config.yaml has one: Truss's default is no wish of the author."""
    content = yaml.safe_load((config.directory / "config.yaml").read_bytes())
    return config.python_version if "python_version" in (content or {}) else None
