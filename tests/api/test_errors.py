"""Whatever goes wrong, and wherever, is told in the API's one shape."""

import asyncio
import errno
import json

import fastapi.routing
import httpx
import pytest

from fakes.archives import tar, truss_files
from fakes.control_plane import HOST, opened
from headway.api import dependencies as subjects
from headway.api.application import described
from headway.api.last_resort import LastResort
from headway.api.views.live import Live
from headway.api.views.live_picture import Pictures
from headway.core.entry import AllowedOrigins
from headway.core.sharing import Sharing

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW")
BODIES = {
    "/v1/secrets": {"name": "a", "value": "b"},
    "/v1/models/{model}/environments": {"name": "staging"},
    "/v1/models/{model}/environments/{environment}/promote": {"deployment_id": "x"},
    "/v1/models/{model}/deployments/{deployment}/burst": {"count": 1, "input": 1},
}
NAMES = {"model": "echo", "deployment": "production", "environment": "production"}
PATHS = described().openapi()["paths"]
ROUTES = [(method.upper(), path) for path, methods in PATHS.items() for method in methods]
FAULTS = {
    "a defect": (RuntimeError("password"), 500, "defect"),
    "a full disk": (OSError(errno.ENOSPC, "No space left on device"), 503, "storage"),
    "a wait": (TimeoutError(), 503, "timeout"),
    "several": (ExceptionGroup("many", [ValueError("password")]), 500, "defect"),
}


class Broken:
    """In the place of whatever a route asks: every question fails."""

    def __init__(self, error):
        self._error = error

    def __getattr__(self, _):
        raise self._error

    def __call__(self, *_, **__):
        raise self._error


def place(path):
    return path.format_map(
        NAMES | dict.fromkeys(("prefix", "name", "request_id", "path", "conversation"), "x")
    )


def body(path):
    if path in {"/v1/models", "/v1/models/{model}/deployments"}:
        return {"content": tar(truss_files())}
    return {"json": BODIES.get(path, {})}


def patient(app):
    """A client to whom an error of the application is an answer."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=HOST)


def error_in(answer, status):
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert answer.json().keys() == {"error"}
    assert error.keys() == {"code", "message", "hint"}
    assert "password" not in answer.text
    return error


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_route_whose_handler_fails_says_so(world, monkeypatch, fault):
    error, status, code = FAULTS[fault]
    async with world() as it, patient(it.app) as api:
        await it.serving()
        monkeypatch.setattr(fastapi.routing, "run_endpoint_function", Broken(error))
        for method, path in ROUTES:
            answer = await api.request(method, place(path), **body(path))
            assert error_in(answer, status)["code"] == code, path


@pytest.mark.parametrize("fault", FAULTS)
async def test_each_route_whose_control_plane_fails_says_so(world, monkeypatch, fault):
    error, status, code = FAULTS[fault]
    async with world() as it, patient(it.app) as api:
        await it.serving()
        break_all(it, monkeypatch, error)
        for method, path in set(ROUTES) - {("GET", "/healthz")}:
            answer = await api.request(method, place(path), **body(path))
            assert error_in(answer, status)["code"] == code, path


def break_all(it, monkeypatch, error):
    """Whatever a route asks fails, but what finds the deployment that it is about."""
    broken = Broken(error)
    [deployment] = it.desired_state.deployments.values()
    it.app.dependency_overrides[subjects.found] = lambda: deployment
    for name in ("plane", "inference", "simulator"):
        monkeypatch.setitem(it.app.state._state, name, broken)
    for kind in (Live, Pictures):
        monkeypatch.setattr(kind, "_make", broken)


async def test_a_method_that_a_path_does_not_take_is_told_which_it_takes(world):
    async with world() as it, patient(it.app) as api:
        for path, methods in PATHS.items():
            taken = {method.upper() for method in methods}
            for method in set(METHODS) - taken:
                answer = await api.request(method, place(path))
                assert error_in(answer, 405)["code"] == "method_not_allowed"
                assert taken <= set(answer.headers["allow"].split(", "))


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/nothing", {}, 404, "not_found"),
        ("GET", "/v1/models/no/such/thing", {}, 404, "not_found"),
        ("GET", "/v1/models/%ED%A0%80%00%FF", {}, 404, "not_found"),
        ("POST", "/v1/secrets", {"content": b"{"}, 422, "invalid_request"),
        ("POST", "/v1/secrets", {"content": b"\xff\xfe"}, 422, "invalid_request"),
        ("POST", "/v1/secrets", {"content": b"[" * 100_000}, 400, "bad_request"),
        ("POST", "/v1/secrets", {"json": {"name": 1}}, 422, "invalid_request"),
        ("POST", "/v1/secrets", {"content": b'{"name": "\\ud800", "value": ""}'}, 422, "invalid_secret"),
        ("POST", "/v1/secrets", {"content": b'{"\\ud800": ""}'}, 422, "invalid_request"),
        (
            "POST",
            "/v1/secrets",
            {"content": b"{}", "headers": {"content-type": "\0"}},
            422,
            "invalid_request",
        ),
        ("POST", "/v1/secrets", {"content": b" " * 2_000_000}, 413, "too_large"),
        ("POST", "/v1/models", {"content": b"nothing"}, 422, "invalid_archive"),
        ("POST", "/v1/models?settings={", {"content": b""}, 422, "invalid_setting"),
        ("GET", "/v1/models", {"headers": {"host": "evil.example"}}, 403, "foreign_page"),
        ("GET", "/v1/models", {"headers": {"origin": "https://evil.example"}}, 403, "foreign_page"),
        ("POST", "/", {}, 405, "method_not_allowed"),
        ("POST", "/openapi.json", {}, 405, "method_not_allowed"),
    ],
)
async def test_what_cannot_be_answered_is_told_in_the_one_shape(world, method, path, sent, status, code):
    sent = {"headers": {"content-type": "application/json"}, **sent}
    async with world() as it, patient(it.app) as api:
        answer = await api.request(method, path, **sent)
        assert error_in(answer, status)["code"] == code


@pytest.mark.parametrize("path", ["/v1/events", "/v1/models/echo/deployments/production/events"])
async def test_a_stream_that_fails_at_its_begin_has_not_begun(world, monkeypatch, path):
    async with world() as it, patient(it.app) as api:
        await it.serving()
        break_all(it, monkeypatch, ValueError("password"))
        assert error_in(await api.get(path), 500)["code"] == "defect"


async def test_a_stream_begins_before_there_is_anything_new(world):
    async with world() as it:
        await it.serving()
        path = "/v1/models/echo/deployments/production/logs?follow=true&replica=build"
        async with opened(it.app, path) as (status, _, _):
            assert status == 200


class Wanting:
    """An application that ends in some way without an answer."""

    def __init__(self, error):
        self.error = error

    async def __call__(self, *_):
        if self.error is not None:
            raise self.error


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (None, 500, "defect"),
        (RuntimeError("password"), 500, "defect"),
        (asyncio.CancelledError(), 503, "stopping"),
    ],
)
async def test_what_nothing_has_answered_is_answered_in_the_end(error, status, code):
    told = []

    async def send(message):
        told.append(message)

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"origin", b"https://app.example")]}
    asking = LastResort(Wanting(error), Sharing(AllowedOrigins.of(["*"])))(scope, None, send)
    if error is None:
        await asking
    else:
        with pytest.raises(type(error)):
            await asking
    start, content = told
    assert start["status"] == status
    assert (b"access-control-allow-origin", b"*") in start["headers"]
    assert json.loads(content["body"])["error"]["code"] == code
