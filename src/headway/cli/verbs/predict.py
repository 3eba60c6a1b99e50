"""`headway predict`: sends one request to a model and shows the answer, as a stream when it is one."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli.addresses import inference_url, path_of
from headway.cli.client import explained, http_client, refuse_key_error
from headway.cli.exit_codes import FAILED
from headway.cli.model_inputs import JSON, content_of, content_type_of, require_json
from headway.configuration import Configuration
from headway.core.stages import LABELS

if TYPE_CHECKING:
    import httpx

_SERVER_TIMING = re.compile(r"\s*([\w-]+)(?:;[^,]*?dur=([0-9.]+))?[^,]*")
_WATERFALL_WIDTH = 40


def predict(  # noqa: PLR0913  # each is one option of the command
    *,
    model: Annotated[str, typer.Argument(help="The model's name.")],
    data: Annotated[str | None, typer.Option("--input", "-i", help="The input, as JSON.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A file with the input; .msgpack is sent as such.", dir_okay=False),
    ] = None,
    url: Annotated[
        str | None, typer.Option(help="Where requests go. [default: HEADWAY_URL, else this machine]")
    ] = None,
    deployment: Annotated[str | None, typer.Option(help="One deployment, by its id.")] = None,
    environment: Annotated[str | None, typer.Option(help="One environment. [default: production]")] = None,
    timing: Annotated[bool, typer.Option("--timing", help="Show where the time went.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds without a byte.")] = 1200.0,
) -> None:
    """Send a request to MODEL and show the answer as it comes.

    Without --input and --file, the input is read from standard input.

    Example: headway predict hello --input '{"name": "Ada"}' --timing
    """
    body, content_type = _body(data, file)
    configuration = Configuration.load()
    base = (url or inference_url(configuration)).rstrip("/")
    address = base + path_of("models", model, *_place(deployment, environment), "predict")
    headers = {"content-type": content_type}
    with (
        explained(base),
        http_client(configuration.api_key, timeout) as client,
        client.stream("POST", address, content=body, headers=headers) as answer,
    ):
        refuse_key_error(answer, base)
        _show(answer)
    if timing:
        typer.echo(waterfall(answer.headers.get("server-timing", "")), err=True)
    if answer.is_error:
        raise typer.Exit(FAILED)


def _place(deployment: str | None, environment: str | None) -> tuple[str, ...]:
    if deployment is not None and environment is not None:
        raise typer.BadParameter("give --deployment or --environment, not both")
    if deployment is not None:
        return "deployments", deployment
    return () if environment is None else ("environments", environment)


def _body(data: str | None, file: Path | None) -> tuple[bytes, str]:
    if data is not None and file is not None:
        raise typer.BadParameter("give --input or --file, not both")
    if file is not None:
        body, content_type = content_of(file), content_type_of(file)
    else:
        body, content_type = sys.stdin.buffer.read() if data is None else data.encode(), JSON
    if content_type == JSON:
        require_json(body, "the input")
    return body, content_type


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
