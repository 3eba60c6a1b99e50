"""Arguments and options that several verbs have."""

from pathlib import Path
from typing import Annotated

import typer

from headway.cli import completion

Model = Annotated[
    str, typer.Argument(metavar="MODEL", help="The model's name.", autocompletion=completion.models)
]
Truss = Annotated[
    Path,
    typer.Argument(
        metavar="DIR",
        help="The Truss: a folder with config.yaml. [default: the current one]",
        show_default=False,
    ),
]
Name = Annotated[str | None, typer.Option(help="The model's name in URLs. [default: its own]")]
ControlUrl = Annotated[
    str | None,
    typer.Option("--url", help="Where control answers. [default: HEADWAY_CONTROL_URL, else this machine]"),
]
Deployment = Annotated[
    str,
    typer.Option(
        help="A deployment's id, or an environment that points at one.", autocompletion=completion.deployments
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Wait = Annotated[bool, typer.Option("--wait/--no-wait", help="Whether to wait until it serves.")]

Host = Annotated[str | None, typer.Option(help="Address for requests. [default: 127.0.0.1]")]
Port = Annotated[int | None, typer.Option(help="Port for requests. [default: 8080]")]
ControlHost = Annotated[str | None, typer.Option(help="Address of control. [default: 127.0.0.1]")]
ControlPort = Annotated[int | None, typer.Option(help="Port of control. [default: 8081]")]
DataDir = Annotated[Path | None, typer.Option(help="Where Headway keeps its files.")]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        help="Where the state is stored: sqlite:///PATH or postgresql://USER@HOST/NAME; one with a password "
        "belongs into HEADWAY_DATABASE_URL. [default: a file in the data directory]"
    ),
]
SecretsDir = Annotated[
    Path | None, typer.Option(help="A folder with one file per secret.", exists=True, file_okay=False)
]
ModelCacheDir = Annotated[
    Path | None, typer.Option(help="Models of hubs: a folder for each by its id.", file_okay=False)
]
KeepRequests = Annotated[
    int | None, typer.Option(min=0, help="Records of requests to store at most. [default: 1,000,000]")
]
KeepRequestDays = Annotated[
    int | None, typer.Option(min=0, help="Days for which to store them. [default: 7]")
]
ConcurrencyTarget = Annotated[
    int | None,
    typer.Option(min=1, help="Most requests one replica holds at once. [default: predict concurrency]"),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="NAME=VALUE",
        help="Any other setting, such as max_replica=4.",
        autocompletion=completion.settings,
    ),
]
