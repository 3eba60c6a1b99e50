"""What a model can learn of its caller, behind the gateway and without it."""

import json

from starlette.requests import Request

from fakes.served_model import Client, ServedModel
from headway.http.peer import Peer
from headway.model_server.call import Call

TOLD = (
    b"x-forwarded-for: 1.2.3.4, 10.0.0.9\r\nx-forwarded-proto: https\r\nx-forwarded-host: app.example:444\r\n"
    b"forwarded: for=1.2.3.4;host=app.example;proto=https\r\n"
)


class Curious:
    def predict(self, inputs, request: Request):  # noqa: ARG002
        state = request.app.state
        state.asked = getattr(state, "asked", 0) + 1
        scope = request.scope
        client = request.client and list(request.client)
        return [client, list(scope["server"]), scope["scheme"], state.asked > 0]


async def seen(lines=b"", *, peer=None, host=b"h:81"):
    served = ServedModel(Curious())

    def call(exchange):
        exchange._connection.peer = Peer(peer)
        return Call(exchange, served.pipeline.predict, served.calls, cancels=True)

    client = Client(call, b"null", b"/", headers=b"host: %s\r\n%s" % (host, lines))
    return json.loads((await client.answer()).partition(b"\r\n\r\n")[2])


async def test_behind_the_gateway_the_caller_is_whom_the_gateway_tells():
    assert await seen(TOLD) == [["1.2.3.4", 0], ["app.example", 444], "https", True]
    told = b"x-forwarded-for: 2001:db8::7\r\nx-forwarded-proto: http\r\nx-forwarded-host: h:81\r\n"
    assert await seen(told) == [["2001:db8::7", 0], ["h", 81], "http", True]
    assert await seen() == [None, ["h", 81], "http", True]
    assert await seen(b"x-forwarded-for: unknown\r\n", host=b"[::1]") == [None, ["::1", 80], "http", True]
    assert (await seen(host=b"h:port"))[1] == ["localhost", 80]


async def test_who_comes_by_tcp_is_the_caller_whatever_he_says():
    assert await seen(TOLD, peer=("9.9.9.9", 5)) == [["9.9.9.9", 5], ["h", 81], "http", True]
    assert (await seen(TOLD, peer=("::1", 5, 0, 0)))[0] == ["::1", 5]
