"""`headway predict`: sends one request to a model and shows the answer, as a stream when it is one."""

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli import completion
from headway.cli.addresses import inference_url, path_of
from headway.cli.client import explained, http_client, refusal_of
from headway.cli.exit_codes import FAILED
from headway.cli.model_inputs import JSON, content_of, content_type_of, require_json
from headway.core.stages import LABELS

if TYPE_CHECKING:
    import httpx

_SERVER_TIMING = re.compile(r"\s*([\w-]+)(?:;[^,]*?dur=([0-9.]+))?[^,]*")
_WATERFALL_WIDTH = 40
_QUOTED = """; for a shell it stands in single quotes: --input '{"name": "Ada"}'"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """What is sent: one of both, else standard input."""

    data: Annotated[str | None, typer.Option("--input", "-i", help="The input, as JSON.")] = None
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A file with the input; .msgpack is sent as such.", dir_okay=False),
    ] = None

    def body(self) -> tuple[bytes, str]:
        """With its content type. Raises typer.BadParameter."""
        if self.data is not None and self.file is not None:
            raise typer.BadParameter("give --input or --file, not both")
        if self.file is not None:
            body, content_type = content_of(self.file), content_type_of(self.file)
        else:
            body, content_type = _from_terminal() if self.data is None else self.data.encode(), JSON
        if content_type == JSON:
            require_json(body, "the input", hint=_QUOTED if self.data is not None else "")
        return body, content_type


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where it is sent."""

    url: Annotated[
        str | None, typer.Option(help="Where requests go. [default: HEADWAY_URL, else this machine]")
    ] = None
    deployment: Annotated[
        str | None,
        typer.Option(help="One deployment, by its id.", autocompletion=completion.deployment_ids),
    ] = None
    environment: Annotated[
        str | None,
        typer.Option(help="One environment. [default: production]", autocompletion=completion.environments),
    ] = None

    def place(self) -> tuple[str, ...]:
        """Within a model's path. Raises typer.BadParameter."""
        if self.deployment is not None and self.environment is not None:
            raise typer.BadParameter("give --deployment or --environment, not both")
        if self.deployment is not None:
            return "deployments", self.deployment
        return () if self.environment is None else ("environments", self.environment)


def predict(
    given: _Input,
    target: _Target,
    *,
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="The model's name.", autocompletion=completion.models)
    ],
    timing: Annotated[bool, typer.Option("--timing", help="Show where the time went.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds without a byte.")] = 1200.0,
) -> None:
    """Send a request to MODEL and show the answer as it comes.

    Without --input and --file, the input is read from standard input.

    Example: headway predict hello --input '{"name": "Ada"}' --timing
    """
    from headway.configuration import Configuration

    body, content_type = given.body()
    configuration = Configuration.load()
    base = (target.url or inference_url(configuration)).rstrip("/")
    address = base + path_of("models", model, *target.place(), "predict")
    headers = {"content-type": content_type}
    with (
        explained(base),
        http_client(configuration.api_key, timeout) as client,
        client.stream("POST", address, content=body, headers=headers) as answer,
    ):
        told = refusal_of(answer, base)
        if told is None:
            _show(answer)
    if timing:
        typer.echo(waterfall(answer.headers.get("server-timing", "")), err=True)
    if told is not None:
        raise told
    if answer.is_error:
        raise typer.Exit(FAILED)


def _from_terminal() -> bytes:
    """Or from whatever else standard input is."""
    if sys.stdin.isatty():
        typer.echo("write the input, as JSON, and end it with Ctrl-D; --input gives it beforehand", err=True)
    return sys.stdin.buffer.read()


def _show(answer: "httpx.Response") -> None:
    """Write the answer as it comes; on a terminal, JSON is laid out."""
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    out = sys.stderr if answer.is_error else sys.stdout
    if is_json and out.isatty():
        from rich.console import Console

        Console(file=out, soft_wrap=True).print_json(answer.read().decode())
        return
    for chunk in answer.iter_bytes():
        out.buffer.write(chunk)
        out.buffer.flush()
    if is_json:
        out.buffer.write(b"\n")
        out.buffer.flush()


def waterfall(header: str) -> str:
    """A Server-Timing header, in milliseconds, as lines for a terminal: each stage's bar where the last ended."""
    told = {name: float(duration) for name, duration in _SERVER_TIMING.findall(header) if duration}
    stages = [(stage.words, told[name]) for stage, name in LABELS.items() if name in told]
    if not stages:
        return "the answer tells no times"
    total = sum(duration for _, duration in stages) or 1.0
    lines, at = [], 0.0
    for word, duration in stages:
        start, end = round(at / total * _WATERFALL_WIDTH), round((at + duration) / total * _WATERFALL_WIDTH)
        bar = " " * start + "█" * (end - start)
        lines.append(f"{word:<12} {bar:<{_WATERFALL_WIDTH}} {duration:9.1f} ms")
        at += duration
    return "\n".join(lines)
