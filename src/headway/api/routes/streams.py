"""What is told as it happens: the live state, and logs."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from headway.api.begun import begun
from headway.api.dependencies import Found, Plane
from headway.api.log_lines import log_lines
from headway.api.views.live import Live
from headway.api.views.live_picture import Pictures

router = APIRouter(tags=["live"])


@router.get("/v1/events", response_class=StreamingResponse)
async def follow_state(request: Request) -> StreamingResponse:
    """Server-sent events: `state` with every model, deployment and replica whenever something changed."""
    live: Live = request.app.state.live
    return StreamingResponse(
        await begun(live.events()), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


@router.get("/v1/models/{model}/deployments/{deployment}/events", response_class=StreamingResponse)
async def follow_deployment(found: Found, request: Request) -> StreamingResponse:
    """Server-sent events: `picture` with the deployment, its queue in order and what each replica holds by stage,
    at most twice a second.
    """
    pictures: Pictures = request.app.state.pictures
    return StreamingResponse(
        await begun(pictures.follow(found)),
        media_type="text/event-stream",
        headers={"cache-control": "no-store"},
    )


@router.get("/v1/models/{model}/deployments/{deployment}/logs", response_class=StreamingResponse)
async def read_logs(
    found: Found,
    plane: Plane,
    replica: Annotated[str | None, Query(description="One replica, or `build`.")] = None,
    tail: Annotated[int, Query(ge=0, le=100_000, description="Lines of the past, of each.")] = 1000,
    follow: Annotated[bool, Query(description="Go on with new lines as they come.")] = False,
) -> StreamingResponse:
    """Lines of its replicas' and its preparation's logs, as JSON lines with `replica` and `line`."""
    lines = log_lines(
        plane.options.logs_dir / found.deployment_id,
        names=None if replica is None else frozenset({replica}),
        tail=tail,
        follow=follow,
    )
    return StreamingResponse(await begun(lines), media_type="application/x-ndjson")
