"""What is told as it happens."""

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse

from headway.api.begun import begun
from headway.api.dependencies import Found
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
