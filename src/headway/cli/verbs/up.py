"""`headway up`: runs Headway in the foreground until Ctrl-C; models are pushed to it, and stay."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from headway.cli import options
from headway.cli.addresses import control_url, local_url
from headway.cli.foreground import platform_of
from headway.cli.log_lines import log_printer
from headway.cli.tables import messages

if TYPE_CHECKING:
    from headway.configuration import Configuration


@dataclass(frozen=True, slots=True, kw_only=True)
class _Changes:
    """Of the configuration; None leaves a value as it is."""

    host: options.Host = None
    port: options.Port = None
    control_host: options.ControlHost = None
    control_port: options.ControlPort = None
    data_dir: options.DataDir = None
    database_url: options.DatabaseUrl = None
    secrets_dir: options.SecretsDir = None
    model_cache_dir: options.ModelCacheDir = None
    keep_requests: options.KeepRequests = None
    keep_request_days: options.KeepRequestDays = None


def up(changes: _Changes) -> None:
    """Run Headway in the foreground, until Ctrl-C. What was pushed to it before serves again.

    Other machines reach it only where API keys exist: make one with headway keys create before the first
    start with another address.

    Example: headway up --host 0.0.0.0
    """
    from headway.configuration import Configuration
    from headway.processes import bootstrap

    known = Configuration.load()
    configuration = known.with_changes(**dataclasses.asdict(changes))
    configuration.make_directories()
    platform = platform_of(configuration, database_url=configuration.database_url)
    text = _announcement(known, configuration)
    raise typer.Exit(bootstrap.serve(platform, log_printer(messages()), lambda: typer.echo(text)))


def _announcement(known: "Configuration", configuration: "Configuration") -> str:
    """Where both planes answer, and what to do next: with an address if the verbs would not find it."""
    control = local_url(configuration.control_host, configuration.control_port)
    option = "" if control_url(known) == control else f" --url {control}"
    return (
        f"requests  {local_url(configuration.host, configuration.port)}\n"
        f"control   {control} (the console; its API is described at {control}/docs)\n"
        f"next      headway push DIR{option}"
    )
