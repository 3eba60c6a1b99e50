"""`headway predict`: sends one request to a model and shows the answer, as a stream when it is one."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headway.cli.addresses import local_url
from headway.cli.exit_codes import FAILED, UnavailableError

if TYPE_CHECKING:
    import httpx

_BINARY_SUFFIXES = (".msgpack", ".bin")


def predict(
    *,
    model: Annotated[str, typer.Argument(help="The model's name.")],
    data: Annotated[str | None, typer.Option("--input", "-i", help="The input, as JSON.")] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", help="A file with the input; .msgpack is sent as such.", dir_okay=False),
    ] = None,
    url: Annotated[str | None, typer.Option(help="Where Headway listens.")] = None,
    timing: Annotated[bool, typer.Option("--timing", help="Show where the time went.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds without a byte.")] = 1200.0,
) -> None:
    """Send a request to MODEL. Without --input and --file, the input is read from standard input."""
    import httpx

    from headway.cli.timing import waterfall

    body, content_type = _body(data, file)
    base = (url or _default_url()).rstrip("/")
    limits = httpx.Timeout(timeout, connect=10.0)
    try:
        with (
            httpx.Client(timeout=limits, trust_env=False) as client,
            client.stream(
                "POST",
                f"{base}/models/{model}/predict",
                content=body,
                headers={"content-type": content_type},
            ) as answer,
        ):
            _show(answer)
    except httpx.ConnectError as error:
        raise UnavailableError(
            f"nothing answers at {base}", hint="start it with headway serve DIR"
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnavailableError(f"the answer broke off: {str(error) or type(error).__name__}") from error
    if timing:
        typer.echo(waterfall(answer.headers.get("server-timing", "")), err=True)
    if answer.is_error:
        raise typer.Exit(FAILED)


def _default_url() -> str:
    from headway.configuration import Configuration

    configuration = Configuration.load()
    return local_url(configuration.host, configuration.port)


def _body(data: str | None, file: Path | None) -> tuple[bytes, str]:
    if data is not None and file is not None:
        raise typer.BadParameter("give --input or --file, not both")
    if data is not None:
        body, content_type = data.encode(), "application/json"
    elif file is not None:
        body, content_type = _read(file), _content_type(file)
    else:
        body, content_type = sys.stdin.buffer.read(), "application/json"
    if content_type == "application/json":
        _refuse_no_json(body)
    return body, content_type


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"cannot read {file}: {error.strerror}") from error


def _content_type(file: Path) -> str:
    return "application/octet-stream" if file.suffix in _BINARY_SUFFIXES else "application/json"


def _refuse_no_json(body: bytes) -> None:
    try:
        json.loads(body)
    except ValueError as error:
        raise typer.BadParameter(f"the input is no JSON: {error}") from error


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
