"""What can be measured: records of requests, and Prometheus metrics."""

import time
from collections import Counter
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from headway.api.begun import begun
from headway.api.dependencies import Found, Plane, Simulations
from headway.api.request_query import HistoryQuery, RequestQuery, check_range
from headway.api.schemas import traffic
from headway.api.views import history
from headway.control.desired.state import Deployment
from headway.control.errors import NotFoundError
from headway.control.metrics import ControlSnapshot, DeploymentSnapshot, text
from headway.control.plane import ControlPlane

router = APIRouter(tags=["telemetry"])

_CSV = "text/csv"


@router.get("/v1/models/{model}/deployments/{deployment}/requests")
async def list_requests(
    found: Found, plane: Plane, asked: Annotated[RequestQuery, Query()]
) -> traffic.Requests:
    """Requests that ended lately, and the times of all that fit the filters.

    Above 500 a second a part of them is recorded; metrics count all. The newest 10,000 are kept, and of rare kinds of
    ends what is older too.
    """
    return await history.requests(plane, found.deployment_id, asked.wanted(), asked.page())


@router.get(
    "/v1/models/{model}/deployments/{deployment}/requests/export",
    response_class=StreamingResponse,
    responses={200: {"description": "the records", "content": {_CSV: {"schema": {"type": "string"}}}}},
)
async def export_requests(
    found: Found,
    plane: Plane,
    since: Annotated[
        float | None,
        Query(description="Arrived at this instant or later, in seconds since 1970.", allow_inf_nan=False),
    ] = None,
    until: Annotated[
        float | None, Query(description="Arrived before this instant.", allow_inf_nan=False)
    ] = None,
) -> StreamingResponse:
    """All stored records of its requests in the order of their arrival, as CSV with a line that names the columns.

    Times are seconds; a stage's is empty where it is not known. An answer that is whole ends with the last chunk: a
    connection that breaks off before it has left something out.
    """
    check_range(since, until)
    pages = await begun(plane.stored_requests.csv(found.deployment_id, since, until))
    headers = {"content-disposition": f'attachment; filename="{found.deployment_id}-requests.csv"'}
    return StreamingResponse(pages, headers=headers, media_type=_CSV)


@router.get("/v1/models/{model}/deployments/{deployment}/requests/{request_id}")
async def get_request(found: Found, plane: Plane, request_id: str) -> traffic.RequestRecord:
    """One request, by the id that its answer carried as X-Headway-Request-Id."""
    record = plane.supervisor.requests.find(found.deployment_id, request_id)
    if record is None:
        raise NotFoundError(
            f"there is no record of a request {request_id!r}",
            hint="records come within half a second of a request's end, above 500 a second of a part of them only, "
            "and the oldest go",
        )
    return history.told(record)


@router.get("/v1/models/{model}/deployments/{deployment}/history")
async def read_history(
    found: Found, plane: Plane, asked: Annotated[HistoryQuery, Query()]
) -> traffic.History:
    """How it has fared within the last day: load, replicas, answers by status, errors by kind, latency by stage, sizes.

    In buckets of 5 seconds for the last half hour, of 30 for three hours, and of 4 minutes for a day.
    """
    asked.check()
    since = asked.since
    if since is None:
        since = (time.time() if asked.until is None else asked.until) - asked.seconds
    return history.history(plane, found.deployment_id, since, asked.until)


@router.get("/v1/models/{model}/deployments/{deployment}/advice")
async def read_advice(
    found: Found,
    plane: Plane,
    simulator: Simulations,
    seconds: Annotated[int, Query(ge=60, le=86_400, description="How far back to look.")] = 1800,
    simulate: Annotated[
        bool, Query(description="Say what each change would have made of that traffic, too.")
    ] = False,
) -> traffic.Advices:
    """What its latest traffic says about its settings, with the arithmetic behind it."""
    return await history.advice(plane, found, seconds, simulator if simulate else None)


@router.get("/metrics", response_class=Response)
async def read_metrics(plane: Plane, accept: Annotated[str, Header()] = "") -> Response:
    """Control's metrics in Prometheus' format; the gateway's are at /metrics of the inference port."""
    content_type, body = text(_snapshot(plane), accept)
    return Response(body, headers={"content-type": content_type})


def _snapshot(plane: ControlPlane) -> ControlSnapshot:
    return ControlSnapshot(
        [_deployment(plane, one) for one in plane.desired_state.deployments.values()],
        link_up=plane.supervisor.link.is_up,
        table_version=plane.supervisor.link.version,
    )


def _deployment(plane: ControlPlane, deployment: Deployment) -> DeploymentSnapshot:
    supervisor, deployment_id = plane.supervisor, deployment.deployment_id
    settings, prepared = deployment.settings, deployment.prepared
    return DeploymentSnapshot(
        model=deployment.model,
        deployment_id=deployment_id,
        desired=supervisor.autoscaler.desired(deployment_id),
        min_replica=settings.min_replica,
        max_replica=settings.max_replica,
        concurrency_target=settings.concurrency_target,
        predict_concurrency=1 if prepared is None else prepared.predict_concurrency,
        decisions=supervisor.autoscaler.decided(deployment_id),
        restarts=supervisor.replicas.restarts(deployment_id),
        replicas=Counter(one.state for one in supervisor.replicas.of(deployment_id)),
    )
