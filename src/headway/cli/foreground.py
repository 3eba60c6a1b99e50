"""A Headway in the foreground, as `serve` and `up` have it."""

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headway.configuration import Configuration
    from headway.processes.bootstrap import LocalPlatform


def platform_of(configuration: "Configuration", **own: Any) -> "LocalPlatform":
    """What runs, by the configuration; `own` is what the verb adds, or has otherwise."""
    from headway.processes.bootstrap import LocalPlatform

    usual = LocalPlatform(
        data_directory=configuration.data_dir,
        host=configuration.host,
        port=configuration.port,
        control_host=configuration.control_host,
        control_port=configuration.control_port,
        secrets_directory=configuration.secrets_dir and configuration.secrets_dir.resolve(),
        model_cache_directory=configuration.model_cache_dir and configuration.model_cache_dir.resolve(),
        keep_requests=configuration.keep_requests,
        keep_request_days=configuration.keep_request_days,
        allowed_origins=configuration.allowed_origins,
        trusted_proxies=configuration.trusted_proxies,
    )
    return dataclasses.replace(usual, **own)
