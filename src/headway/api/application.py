"""The management API as one application over a control plane."""

from typing import Any

from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer

from headway import __version__
from headway.api import console, documents, errors
from headway.api.guard import Guard
from headway.api.head_requests import HeadRequests
from headway.api.inference import Inference
from headway.api.routes import (
    changes,
    credentials,
    deployments,
    disk,
    environments,
    logs,
    models,
    playground,
    simulations,
    streams,
    telemetry,
)
from headway.api.schemas import resources, traffic
from headway.api.views.live import Live
from headway.api.views.live_picture import Pictures
from headway.api.views.resources import ResourceViews
from headway.control.plane import ControlPlane
from headway.what_if.simulator import Simulator

_ABOUT = """Deploys Truss models and controls how many requests run at once.

Every error is `{"error": {"code", "message", "hint"}}`. Where API keys exist, send `Authorization: Bearer KEY`.
"""
_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": resources.ErrorAnswer, "description": description}
    for status, description in {
        400: "the request cannot be read",
        401: "no key, or an unknown one",
        403: "the key lacks the scope",
        404: "there is no such thing; the hint names the nearest",
        409: "it contradicts the present state",
        412: "the settings have changed since",
        413: "the archive is too large",
        422: "a value is not valid",
        507: "the disk is too full to take a push",
        503: "the database, the disk, the backend or the simulator does not take it now",
    }.items()
}

_ROUTERS = (
    models,
    deployments,
    environments,
    changes,
    disk,
    credentials,
    streams,
    logs,
    telemetry,
    playground,
    simulations,
)
_KEY = HTTPBearer(auto_error=False, description="an API key, where there are any")
"""For the description only: the guard has judged the key before."""


def application(plane: ControlPlane) -> FastAPI:
    app = described()
    app.state.plane = plane
    app.state.live = Live(ResourceViews(plane).everything)
    app.state.pictures = Pictures(plane)
    app.state.inference = Inference(plane.options.inference_url, plane.credentials.keyring)
    app.state.simulator = Simulator()
    app.add_middleware(HeadRequests)
    app.add_middleware(Guard, keyring=plane.credentials.keyring, allowed=plane.options.allowed_origins)
    app.router.routes += [*console.routes(), *documents.routes()]
    return app


def described() -> FastAPI:
    """The routes and what they say of themselves, without anything behind them."""
    # Its own pages would load scripts from other hosts.
    app = FastAPI(
        title="Headway",
        version=__version__,
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        responses=_ERRORS,
        generate_unique_id_function=lambda route: route.name,  # names of a generated client's functions
    )
    errors.install(app, [route for one in _ROUTERS for route in one.router.routes])
    for one in _ROUTERS:
        app.include_router(one.router, dependencies=[Security(_KEY)])

    @app.get("/healthz", tags=["health"])
    async def health() -> traffic.Success:
        """Whether control runs; needs no key."""
        return traffic.Success()

    return app
