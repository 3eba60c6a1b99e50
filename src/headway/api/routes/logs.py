"""What replicas and preparations have written, and write."""

import re
import time
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from headway.api.begun import begun
from headway.api.dependencies import Found, Plane
from headway.api.log_lines import Asked, log_lines, names_in
from headway.control.desired.state import Deployment
from headway.control.errors import NotFoundError
from headway.control.operations.preparations import BUILD_LOG
from headway.control.plane import ControlPlane
from headway.telemetry.instants import instant_of
from headway.telemetry.log_levels import Level
from headway.telemetry.log_search import LogFilter
from headway.what_if.comparison import InvalidRangeError

router = APIRouter(tags=["live"])

_WHEN = "A time with its zone as in 2026-01-02T10:11:12Z, seconds since 1970, or 10m, 2h, 1d for so long ago."
_NUMBER = re.compile(r"\d{1,11}(\.\d+)?")
When = Annotated[str | None, Query(max_length=64, description=_WHEN)]


async def _filter(
    *,
    since: When = None,
    until: When = None,
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"] | None,
        Query(description="That and above; a line that does not say its level counts as info."),
    ] = None,
    request_id: Annotated[str | None, Query(max_length=256, description="On behalf of this request.")] = None,
    text: Annotated[
        str | None, Query(max_length=1024, description="In message, traceback or line, in whatever letters.")
    ] = None,
) -> LogFilter:
    now = time.time()
    asked = LogFilter(
        since=_instant("since", since, now),
        until=_instant("until", until, now),
        level=None if level is None else Level[level.upper()],
        request_id=request_id or None,
        text=text or None,
    )
    if asked.since is not None and asked.until is not None and asked.since >= asked.until:
        raise InvalidRangeError("since is not before until", hint="since is the earlier one")
    return asked


@router.get("/v1/models/{model}/deployments/{deployment}/logs", response_class=StreamingResponse)
async def read_logs(
    found: Found,
    plane: Plane,
    wanted: Annotated[LogFilter, Depends(_filter)],
    *,
    replica: Annotated[str | None, Query(description="One replica, or `build`.")] = None,
    tail: Annotated[
        int, Query(ge=0, le=100_000, description="So many of the past: the newest that match.")
    ] = 1000,
    follow: Annotated[bool, Query(description="Go on with new ones as they come.")] = False,
) -> StreamingResponse:
    """What its replicas and its preparation have written, in the order of time, as JSON lines.

    Each has `replica`, `line` as it stands in the log, and of what it says `at`, `level`, `message`, `traceback` and
    `request_id`, or null. A traceback that was printed is one, of several lines. What a terminal would obey is text in
    all but `line`. When they are followed an empty line says that the past is told, and from time to time that the
    connection lives.
    """
    if follow and wanted.until is not None:
        raise InvalidRangeError("what is followed has no end", hint="leave out until, or follow")
    asked = Asked(replica=replica, tail=tail, follow=follow, filter=wanted)
    directory = plane.options.logs_dir / found.deployment_id
    if replica is not None:
        _require_known(replica, {*await names_in(directory), *_present(plane, found)}, found)
    return StreamingResponse(await begun(log_lines(directory, asked)), media_type="application/x-ndjson")


def _present(plane: ControlPlane, deployment: Deployment) -> set[str]:
    replicas = plane.supervisor.replicas.of(deployment.deployment_id)
    return {BUILD_LOG, *(one.replica_id for one in replicas)}


def _require_known(replica: str, names: set[str], deployment: Deployment) -> None:
    """Raises NotFoundError. A replica may have gone: its log is there for as long as it is kept."""
    if replica not in names:
        raise NotFoundError(
            f"{deployment.model} / {deployment.deployment_id} has no log of a replica {replica!r}",
            hint=f"there are those of {', '.join(sorted(names))}",
        )


def _instant(name: str, text: str | None, now: float) -> float | None:
    """Raises InvalidRangeError."""
    if text is None:
        return None
    try:
        return float(text) if _NUMBER.fullmatch(text) else instant_of(text, now)
    except ValueError as error:
        raise InvalidRangeError(f"{name}: {error}", hint="see /docs for what it takes") from error
