"""The routes of a replica without a model behind them: which methods each understands, and under which paths."""

import pytest

from fakes.served_model import until
from fakes.transport import FakeTransport
from headway.http.limits import Limits
from headway.http.server import ServerConnection
from headway.model_server.app import PrivateRoutes, PublicRoutes
from headway.model_server.call import HeldCalls


class Unloaded:
    pipeline = None
    cancels = True

    def __init__(self):
        self.calls = HeldCalls()

    async def is_healthy(self):
        return True


async def heard(method, target, application=None):
    """Status, header lines without the Date, and body."""
    transport = FakeTransport()
    connection = ServerConnection(application or PublicRoutes(Unloaded()), Limits(), set())
    connection.connection_made(transport)
    connection.data_received(b"%s %s HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n" % (method, target))
    await until(lambda: transport.closed)
    head, _, body = transport.take().partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    return int(first.split()[1]), [line for line in lines if not line.startswith(b"date:")], body


@pytest.mark.parametrize(
    "path",
    [
        b"/", b"/ping", b"/metrics", b"/metrics/", b"/openapi.json", b"/v1/models/model", b"/v1/models/model/loaded",
        b"/v1/models/model/schema", b"/v1/models/model:predict", b"/nowhere",
    ],
)  # fmt: skip
async def test_head_of_whatever_get_reads_is_its_head(path):
    status, lines, _ = await heard(b"GET", path)
    assert await heard(b"HEAD", path) == (status, lines, b"")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        (b"PUT", b"/", b"GET, HEAD"),
        (b"POST", b"/v1/models/model", b"GET, HEAD"),
        (b"PUT", b"/v1/models/model:predict", b"GET, HEAD, POST"),
        (b"GET", b"/v1/chat/completions", b"POST"),
        (b"HEAD", b"/invocations", b"POST"),
        (b"DELETE", b"/hot-reload/", b"POST"),
    ],
)
async def test_405_says_what_is_understood(method, path, allowed):
    status, lines, _ = await heard(method, path)
    assert status == 405
    assert b"allow: " + allowed in lines


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/v1/models/model:predict/", 503),
        (b"/v1/models/another:predict/", 503),
        (b"/v1/chat/completions/", 503),
        (b"/v1/chat/completions/?a=b", 503),
        (b"/v1/models/model:predict//", 404),
        (b"//v1/models/model:predict", 404),
        (b"/v1//models/model:predict", 404),
        (b"/v1/models/", 405),
    ],
)
async def test_one_slash_at_the_end_means_nothing(path, status):
    assert (await heard(b"POST", path))[0] == status  # 503: the model is not ready


async def test_the_server_itself_may_be_asked_for_its_options():
    status, lines, body = await heard(b"OPTIONS", b"*")
    assert (status, body) == (200, b"")
    assert b"allow: GET, HEAD, POST, OPTIONS" in lines


async def test_what_is_held_can_be_asked_by_head():
    status, lines, _ = await heard(b"GET", b"/held", PrivateRoutes(set()))
    assert status == 200
    assert await heard(b"HEAD", b"/held", PrivateRoutes(set())) == (200, lines, b"")
