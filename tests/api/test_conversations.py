"""WebSockets to models that a page of the console holds: events out, messages in."""

import asyncio
import base64
import contextlib
import json

from websockets.asyncio.server import serve

from fakes.control_plane import opened
from headway.api import conversations

ECHO = "/v1/models/echo/deployments/production"
JSON = {"content-type": "application/json"}


@contextlib.asynccontextmanager
async def gateway(converse, **options):
    """A WebSocket server in the place of the gateway; yields its URL and the requests that came."""
    requests = []

    async def handler(connection):
        requests.append(connection.request)
        await converse(connection)

    async with serve(handler, "127.0.0.1", 0, **options) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", requests


async def echo(connection):
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def conversation(it, **wanted):
    """Its events, as (name, content)."""
    body = json.dumps(wanted).encode()
    async with opened(it.app, f"{ECHO}/websocket", "POST", body=body) as (status, headers, pieces):
        assert status == 200, await anext(pieces)
        assert headers["content-type"].startswith("text/event-stream")

        async def events():
            async for piece in pieces:
                name, data = piece.strip().split("\n")
                yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))

        yield events()


async def test_messages_go_both_ways_and_the_close_is_told(world):
    async with gateway(echo) as (url, requests), world(inference_url=url) as it:
        deployment_id = await it.serving()
        async with conversation(it, path="websocket?room=1", protocols=[]) as events:
            name, opening = await anext(events)
            assert name == "open"
            assert requests[0].path == f"/models/echo/deployments/{deployment_id}/websocket?room=1"
            messages = f"{ECHO}/websocket/{opening['id']}/messages"
            for content, type_, expected in (
                ("grüße\n", "text/plain", {"text": "grüße\n", "bytes": 8}),
                (b"\x00\xff", "application/octet-stream", {"base64": "AP8=", "bytes": 2}),
            ):
                sent = await it.api.post(messages, content=content, headers={"content-type": type_})
                assert sent.status_code == 202
                name, told = await anext(events)
                assert (name, told.pop("seconds") > 0, told) == ("message", True, expected)
            await it.post(f"{ECHO}/websocket/{opening['id']}/close", {"code": 4000, "reason": "enough"})
            name, told = await anext(events)
            assert (name, told["code"], told["reason"], told["by_model"]) == ("close", 4000, "enough", False)
            assert [one async for one in events] == []
        error = await it.refused("POST", messages, 404, content="late")
        assert error["code"] == "not_found"


async def test_what_the_model_closes_with_is_told(world):
    async def refuses(connection):
        await connection.close(4321, "not today")

    async with gateway(refuses) as (url, _), world(inference_url=url) as it:
        await it.serving()
        async with conversation(it) as events:
            assert (await anext(events))[0] == "open"
            name, told = await anext(events)
            assert (name, told["code"], told["reason"], told["by_model"]) == (
                "close",
                4321,
                "not today",
                True,
            )


async def test_a_subprotocol_is_offered_and_the_selected_one_told(world):
    async with gateway(echo, subprotocols=["b", "c"]) as (url, _), world(inference_url=url) as it:
        await it.serving()
        async with conversation(it, protocols=["a", "b"]) as events:
            assert (await anext(events))[1]["protocol"] == "b"


async def test_a_refused_handshake_is_answered_as_it_was(world):
    def refuse(connection, _):
        answer = connection.respond(429, '{"error": {"code": "queue_full", "message": "full", "hint": ""}}')
        answer.headers["x-headway-request-id"] = "r9"
        return answer

    async with gateway(echo, process_request=refuse) as (url, _), world(inference_url=url) as it:
        await it.serving()
        answer = await it.api.post(f"{ECHO}/websocket", json={})
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "queue_full")
        assert answer.headers["x-headway-request-id"] == "r9"


async def test_one_who_leaves_ends_the_conversation(world):
    ended = asyncio.Event()

    async def listens(connection):
        await connection.wait_closed()
        assert connection.close_code == 1001
        ended.set()

    async with gateway(listens) as (url, _), world(inference_url=url) as it:
        await it.serving()
        async with conversation(it) as events:
            await anext(events)
        await ended.wait()


async def test_one_who_leaves_before_the_handshake_ends_it_and_is_counted_until_then(world, monkeypatch):
    monkeypatch.setattr(conversations, "MOST", 1)
    came, left = asyncio.Event(), asyncio.Event()

    async def silent(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        came.set()
        await reader.read()
        left.set()
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, world(inference_url=url) as it:
        await it.serving()
        async with opened(it.app, f"{ECHO}/websocket", "POST", body=b"{}", answers=False):
            await came.wait()
            assert (await it.refused("POST", f"{ECHO}/websocket", 503, json={}))["code"] == "busy"
        await left.wait()


async def test_the_operators_key_is_shown_to_the_gateway_and_not_in_authorization(world):
    async with gateway(echo) as (url, requests), world(inference_url=url) as it:
        await it.serving()
        key = (await it.post("/v1/api_keys", {}, expected=201))["api_key"]
        headers = {"authorization": f"Bearer {key}"}
        async with opened(it.app, f"{ECHO}/websocket", "POST", body=b"{}", headers=headers) as (status, *_):
            assert status == 200
        assert requests[0].headers["x-api-key"] == key
        assert "authorization" not in requests[0].headers


async def test_a_long_message_is_cut_and_its_size_told(world, monkeypatch):
    monkeypatch.setattr(conversations, "MOST_SHOWN_BYTES", 4)

    async def tells(connection):
        await connection.send("abcé")
        await connection.send(b"12345678")

    async with gateway(tells) as (url, _), world(inference_url=url) as it:
        await it.serving()
        async with conversation(it) as events:
            await anext(events)
            told = [(await anext(events))[1] for _ in range(2)]
            assert told[0]["text"] == "abc"
            assert told[0]["bytes"] == 5
            assert base64.b64decode(told[1]["base64"]) == b"1234"
            assert told[1]["bytes"] == 8


async def test_there_are_so_many_and_no_more(world, monkeypatch):
    monkeypatch.setattr(conversations, "MOST", 1)
    async with gateway(echo) as (url, _), world(inference_url=url) as it:
        await it.serving()
        async with conversation(it) as events:
            await anext(events)
            error = await it.refused("POST", f"{ECHO}/websocket", 503, json={})
            assert error["code"] == "busy"
        async with conversation(it) as events:
            assert (await anext(events))[0] == "open"


async def test_what_cannot_be_opened_is_refused(world):
    async with world(inference_url="http://127.0.0.1:1") as it:
        await it.serving()
        assert (await it.refused("POST", f"{ECHO}/websocket", 503, json={}))["code"] == "gateway"
        for path in ("predict", "websocket/../x", "sync", "sync/a b", "sync/a#b", "http://h/"):
            await it.refused("POST", f"{ECHO}/websocket", 422, json={"path": path})
        await it.refused("POST", f"{ECHO}/websocket", 422, json={"protocols": ["a b"]})
        for code in (999, 1001, 2999, 5000):
            await it.refused("POST", f"{ECHO}/websocket/x/close", 422, json={"code": code})
        await it.refused("POST", f"{ECHO}/websocket/x/close", 404, json={"code": 1000})
