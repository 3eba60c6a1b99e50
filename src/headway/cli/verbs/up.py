"""`headway up`: runs Headway in the foreground until Ctrl-C; models are pushed to it, and stay."""

from typing import TYPE_CHECKING

import typer

from headway.cli import options
from headway.cli.addresses import control_url, local_url
from headway.cli.log_lines import log_printer
from headway.cli.tables import messages

if TYPE_CHECKING:
    from headway.configuration import Configuration


def up(  # noqa: PLR0913  # each is one option of the command
    *,
    host: options.Host = None,
    port: options.Port = None,
    control_host: options.ControlHost = None,
    control_port: options.ControlPort = None,
    data_dir: options.DataDir = None,
    database_url: options.DatabaseUrl = None,
    secrets_dir: options.SecretsDir = None,
    model_cache_dir: options.ModelCacheDir = None,
    keep_requests: options.KeepRequests = None,
    keep_request_days: options.KeepRequestDays = None,
) -> None:
    """Run Headway in the foreground, until Ctrl-C. What was pushed to it before serves again.

    Other machines reach it only where API keys exist: make one with headway keys create before the first
    start with another address.

    Example: headway up --host 0.0.0.0
    """
    from headway.configuration import Configuration
    from headway.processes import bootstrap

    known = Configuration.load()
    configuration = known.with_changes(
        host=host,
        port=port,
        control_host=control_host,
        control_port=control_port,
        data_dir=data_dir,
        database_url=database_url,
        secrets_dir=secrets_dir,
        model_cache_dir=model_cache_dir,
        keep_requests=keep_requests,
        keep_request_days=keep_request_days,
    )
    configuration.make_directories()
    platform = bootstrap.LocalPlatform(
        data_directory=configuration.data_dir,
        host=configuration.host,
        port=configuration.port,
        control_host=configuration.control_host,
        control_port=configuration.control_port,
        secrets_directory=configuration.secrets_dir and configuration.secrets_dir.resolve(),
        model_cache_directory=configuration.model_cache_dir and configuration.model_cache_dir.resolve(),
        database_url=configuration.database_url,
        keep_requests=configuration.keep_requests,
        keep_request_days=configuration.keep_request_days,
        allowed_origins=configuration.allowed_origins,
        trusted_proxies=configuration.trusted_proxies,
    )
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
