"""One door for OpenAI's and Anthropic's clients: a real gateway, replicas and clients played."""

import asyncio
import gzip
import hashlib
import json
import re
import zlib

import pytest

from fakes.cluster import cluster, predict, until
from fakes.garbage import no_circles
from headway.core.settings import DeploymentSettings
from headway.gateway.body import BodyBudget
from headway.gateway.door import Reading
from headway.gateway.table import DeploymentRoute, RoutingTable

CHAT = b"/v1/chat/completions"
MESSAGES = b"/v1/messages"


def chat(name="m", *, target=CHAT, headers=b"", **more):
    body = json.dumps({"messages": [{"role": "user", "content": "model"}], **more, "model": name}).encode()
    return predict(body, target=target, headers=headers)


def get(target, headers=b"", method=b"GET"):
    return b"%s %s HTTP/1.1\r\nhost: h\r\n%s\r\n" % (method, target, headers)


def routes(*replicas, **settings):
    """Two models: `story` with production and staging, `digits` with staging alone."""
    options = DeploymentSettings(**settings)
    return RoutingTable(
        1,
        (
            DeploymentRoute(
                "s1", "story", options, replicas=tuple(one.route() for one in replicas), created_at=1000.5
            ),
            DeploymentRoute("s2", "story", options, created_at=2000.0),
            DeploymentRoute("g1", "digits", options, created_at=3000.0),
        ),
        {("story", "production"): "s1", ("story", "staging"): "s2", ("digits", "staging"): "g1"},
    )


def content(answer):
    return json.loads(answer.body)


@pytest.mark.parametrize("path", ["chat/completions", "completions", "embeddings", "responses", "messages"])
async def test_the_body_s_model_says_whom_a_request_is_for_and_all_else_is_passed_on(tmp_path, path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        target = b"/v1/" + path.encode()
        client = await one.client()
        for _ in range(4):  # as an unknown head, a noted and a known one
            client.send(chat(target=target + b"?api-version=1", headers=b"x-a: b\r\n"))
            request = await replica.next()
            assert request.exchange.target == target + b"?api-version=1"
            assert request.exchange.method == b"POST"
            assert json.loads(request.body)["model"] == "m"
            assert request.exchange.header(b"x-a") == b"b"
            dialect = b"anthropic" if path == "messages" else b"openai"
            assert request.exchange.header(b"x-headway-dialect") == dialect
            request.exchange.respond(200, b"", b"out")
            answer = await client.answer()
            assert (answer.status, answer.body) == (200, b"out")
            assert "queue" in answer.headers["server-timing"]


async def test_one_head_leads_to_each_model_that_bodies_name(tmp_path):
    async with cluster(tmp_path) as one:
        first, second = await one.replica("r1"), await one.replica("r2")
        one.gateway.apply(
            RoutingTable(
                1,
                (
                    DeploymentRoute("a1", "a", replicas=(first.route(),)),
                    DeploymentRoute("b1", "b", replicas=(second.route(),)),
                ),
                {("a", "production"): "a1", ("b", "production"): "b1"},
            )
        )
        await one.ready(1, "a1")
        await one.ready(1, "b1")
        client = await one.client()
        for name, replica in (("a", first), ("b", second)) * 4:
            client.send(chat(name))
            request = await replica.next()
            assert json.loads(request.body)["model"] == name
            request.exchange.respond(200)
            await client.answer()


@pytest.mark.parametrize("name", ["m", "m/production", "m@d1"])
async def test_a_model_is_named_alone_with_an_environment_or_with_a_deployment(tmp_path, name):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(chat(name))
        (await replica.next()).exchange.respond(200)
        assert (await client.answer()).status == 200


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("stori", "did you mean story"),
        ("story/stagin", "did you mean story/staging"),
        ("story@s3", "did you mean story@s2 or story@s1"),
        ("digits", "did you mean digits/staging"),
        ("zzz", "known are digits/staging, story, story/staging"),
        ("story/", "did you mean story"),
        ("x" * 3000, "known are"),
        ("\ud800", "known are"),
    ],
)
async def test_a_model_that_does_not_exist_is_told_with_the_nearest_names_in_the_libraries_shapes(
    tmp_path, name, hint
):
    async with cluster(tmp_path) as one:
        one.gateway.apply(routes())
        answer = await one.asks(chat(name))
        error = content(answer)["error"]
        assert answer.status == 404
        assert set(error) == {"message", "type", "param", "code"}
        assert (error["type"], error["param"], error["code"]) == (
            "not_found_error",
            "model",
            "model_not_found",
        )
        assert hint in error["message"]
        assert len(error["message"]) < 500
        answer = await one.asks(chat(name, target=MESSAGES))
        told = content(answer)
        assert (answer.status, told["type"], told["error"]["type"]) == (404, "error", "not_found_error")
        assert hint in told["error"]["message"]
        assert told["request_id"] == answer.headers["x-headway-request-id"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "no JSON object"),
        (b"hello", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'{"messages":[]', "no JSON object"),
        (b"{}", "does not say which model"),
        (b'{"model":3}', "no text"),
        (b'{"messages":[{"model":"m"}]}', "does not say which model"),
    ],
)
async def test_a_body_that_names_no_model_is_a_bad_request_of_its_library(tmp_path, body, says):
    async with cluster(tmp_path) as one:
        one.apply()
        client = await one.client()
        for target in (CHAT, MESSAGES):
            client.send(predict(body, target=target))  # on one connection, which is kept
            answer = await client.answer()
            assert answer.status == 400
            assert content(answer)["error"]["type"] == "invalid_request_error"
            assert says in content(answer)["error"]["message"]
            assert "NAME/ENVIRONMENT" in content(answer)["error"]["message"]


async def test_a_model_named_behind_twenty_megabytes_is_found_while_others_go_on(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica, concurrency_target=2)
        await one.ready()
        picture = "data:image/png;base64," + "iVBORw0KGgo/" * 1_700_000
        sending = await one.client()
        data = chat(image=picture)
        sending.send(data)
        (await asyncio.wait_for(replica_of(one, replica), 30)).exchange.respond(200, b"", b"first")
        request = await replica.next()
        assert len(request.body) > 20_000_000
        assert json.loads(request.body)["image"] == picture
        request.exchange.respond(200, b"", b"large")
        assert (await sending.answer()).body == b"large"


async def replica_of(one, replica):
    """A small request that is served while the large one is read."""
    client = await one.sends(predict())
    request = await replica.next()
    assert request.body == b"{}"
    client.leave()
    return request


@pytest.mark.parametrize("sizes", [1, 7, 100_000])
async def test_chunks_of_any_size_are_read_and_passed_on_whole(tmp_path, sizes):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        body = json.dumps({"input": "a" * (300 if sizes < 100 else 300_000), "model": "m"}).encode()
        client = await one.client()
        for _ in range(2):
            head = b"POST %s HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n" % CHAT
            chunks = [body[at : at + sizes] for at in range(0, len(body), sizes)]
            client.send(head + b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in chunks) + b"0\r\n\r\n")
            request = await replica.next()
            assert request.body == body
            request.exchange.respond(200, b"", b"ok")
            assert (await client.answer()).body == b"ok"


async def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        whole = chat(headers=b"expect: 100-continue\r\n")
        head, _, body = whole.partition(b"\r\n\r\n")
        client = await one.sends(head + b"\r\n\r\n")
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.send(body)
        request = await replica.next()
        assert request.body == body
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_pipelined_requests_for_different_models_are_answered_in_order(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(chat("m") + chat("nobody") + chat("m@d1") + get(b"/v1/models"))
        for number in (b"1", b"3"):
            (await replica.next()).exchange.respond(200, b"", number)
        read = b""
        while read.count(b"HTTP/1.1 ") < 4:
            read += await client.reader.read(65_536)
        assert re.findall(rb"HTTP/1.1 (\d+)", read) == [b"200", b"404", b"200", b"200"]


async def test_a_client_that_leaves_while_its_body_is_read_is_gone(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        with no_circles(Reading):
            client = await one.sends(chat()[:-4])
            await until(lambda: one.gateway.reception.budget.used_bytes > 0)
            client.leave()
            await until(lambda: one.gateway.reception.budget.used_bytes == 0)
        assert one.queued == 0


async def test_it_queues_in_the_order_in_which_models_became_known_and_leaves_at_once(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply()
        slow = await one.sends(chat()[:-4])
        await until(lambda: one.gateway.reception.budget.used_bytes > 0)
        quick = await one.sends(chat(number=2))
        await until(lambda: one.queued == 1)
        slow.send(chat()[-4:])
        await until(lambda: one.queued == 2)
        leaving = await one.sends(chat(number=3))
        await until(lambda: one.queued == 3)
        leaving.leave()
        await until(lambda: one.queued == 2)
        one.apply(replica)
        first = await replica.next()
        assert json.loads(first.body)["number"] == 2
        first.exchange.respond(200)
        (await replica.next()).exchange.respond(200)
        assert ((await quick.answer()).status, (await slow.answer()).status) == (200, 200)


async def test_a_deadline_counts_from_arrival_and_a_bad_one_is_told(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        answer = await one.asks(chat(headers=b"x-headway-deadline: soon\r\n"))
        assert (answer.status, content(answer)["error"]["code"]) == (400, "bad_deadline")
        answer = await one.asks(chat(headers=b"x-headway-deadline: 0.05\r\n"))
        assert (answer.status, content(answer)["error"]["type"]) == (504, "timeout_error")


async def test_bodies_larger_than_any_model_takes_are_refused_before_and_while_they_are_read(tmp_path):
    async with cluster(tmp_path) as one:
        one.gateway.apply(routes(body_limit_bytes=5000))
        answer = await one.asks(chat(fill="x" * 6000))
        assert (answer.status, content(answer)["error"]["type"]) == (413, "request_too_large")
        head = b"POST %s HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n" % MESSAGES
        answer = await one.asks(head + b'1770\r\n{"a":"%s\r\n' % (b"x" * 5994))
        assert (answer.status, content(answer)["error"]["type"]) == (413, "request_too_large")


async def test_the_limit_of_the_model_that_is_meant_holds(tmp_path):
    async with cluster(tmp_path) as one:
        table = routes()
        small = DeploymentRoute("t1", "tiny", DeploymentSettings(body_limit_bytes=1024))
        environments = {**table.environments, ("tiny", "production"): "t1"}
        one.gateway.apply(RoutingTable(1, (*table.deployments, small), environments))
        assert (await one.asks(chat("tiny", fill="x" * 6000))).status == 413
        chunked = b"POST %s HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n" % CHAT
        assert (
            await one.asks(chunked + b'1770\r\n{"model":"tiny","a":"%s\r\n' % (b"x" * 5979))
        ).status == 413


async def test_past_the_budget_a_body_that_does_not_say_whom_it_is_for_is_refused(tmp_path):
    async with cluster(tmp_path) as one:
        one.gateway.reception.budget = BodyBudget(10_000)
        one.apply()
        answer = await one.asks(chat(fill="x" * 20_000))
        assert (answer.status, content(answer)["error"]["type"]) == (503, "overloaded_error")
        assert answer.headers["retry-after"] == "1"
        early = predict(b'{"model":"m","fill":"%s"}' % (b"x" * 20_000), target=CHAT)
        client = await one.sends(early)
        await until(lambda: one.queued == 1)
        client.leave()
        await until(lambda: one.queued == 0)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        (b"gzip", gzip.compress),
        (
            b"GZIP, identity",
            lambda body: gzip.compress(body[:10]) + gzip.compress(b"") + gzip.compress(body[10:]),
        ),
        (b"deflate", zlib.compress),
        (b"deflate", lambda body: zlib.compress(body, wbits=-15)),
    ],
)
async def test_a_compressed_body_is_looked_into_and_passed_on_as_it_came(tmp_path, encoding, encode):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        body = encode(json.dumps({"fill": "x" * 1_000_000, "model": "m"}).encode())
        client = await one.sends(predict(body, target=CHAT, headers=b"content-encoding: %s\r\n" % encoding))
        request = await replica.next()
        assert request.body == body
        assert request.exchange.header(b"content-encoding") == encoding
        request.exchange.respond(200)
        assert (await client.answer()).status == 200


async def test_what_cannot_be_decoded_or_grows_past_the_limit_is_refused(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply(body_limit_bytes=100_000)
        for encoding, body, status in (
            (b"br", b"xx", 415),
            (b"gzip, gzip", b"xx", 415),
            (b"gzip", b"no gzip", 400),
            (b"gzip", gzip.compress(b'{"a":"' + b"x" * 10_000_000), 413),
            (b"gzip", gzip.compress(b'{"a":"'), 400),
        ):
            headers = b"content-encoding: %s\r\n" % encoding
            assert (await one.asks(predict(body, target=CHAT, headers=headers))).status == status


async def test_the_list_names_what_environments_point_at_for_both_libraries(tmp_path):
    async with cluster(tmp_path) as one:
        one.gateway.apply(routes())
        for target in (b"/v1/models", b"/v1/models/", b"/v1/models?limit=2"):
            listed = content(await one.asks(get(target)))
            assert (listed["object"], listed["has_more"]) == ("list", False)
            assert (listed["first_id"], listed["last_id"]) == ("digits/staging", "story/staging")
            assert [(row["id"], row["created"]) for row in listed["data"]] == [
                ("digits/staging", 3000),
                ("story", 1000),
                ("story/staging", 2000),
            ]
        assert listed["data"][1] == {
            "id": "story",
            "object": "model",
            "created": 1000,
            "owned_by": "headway",
            "type": "model",
            "display_name": "story",
            "created_at": "1970-01-01T00:16:40Z",
        }
        assert one.woken == []
        head = await one.client()
        head.send(get(b"/v1/models", method=b"HEAD"))
        assert (await head.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize(
    "name", ["story", "story/staging", "story%2Fstaging", "story@s2", "story%40s1", "digits/staging"]
)
async def test_one_model_is_told_however_its_name_is_written(tmp_path, name):
    async with cluster(tmp_path) as one:
        one.gateway.apply(routes())
        told = content(await one.asks(get(b"/v1/models/" + name.encode())))
        assert told["id"] == name.replace("%2F", "/").replace("%40", "@")
        assert told["object"] == told["type"] == "model"


async def test_a_list_of_nothing_and_no_table(tmp_path):
    async with cluster(tmp_path) as one:
        answer = await one.asks(get(b"/v1/models"))
        assert (answer.status, content(answer)["error"]["type"]) == (503, "overloaded_error")
        assert (await one.asks(chat())).status == 503
        one.gateway.apply(RoutingTable(1))
        assert content(await one.asks(get(b"/v1/models")))["data"] == []
        assert "there are none" in content(await one.asks(chat()))["error"]["message"]


async def test_every_refusal_speaks_as_the_library_that_asks(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply()
        anthropic = b"anthropic-version: 2023-06-01\r\n"
        for data, status, kind in (
            (get(CHAT), 405, "openai"),
            (get(MESSAGES), 405, "anthropic"),
            (predict(target=b"/v1/models"), 405, "openai"),
            (get(b"/v1/models/nobody"), 404, "openai"),
            (get(b"/v1/models/nobody", anthropic), 404, "anthropic"),
            (predict(target=b"/v1/audio/speech"), 404, "openai"),
            (predict(target=b"/v1/messages/count_tokens"), 404, "anthropic"),
            (predict(target=b"/models/n/sync/v1/chat/completions"), 404, "openai"),
            (predict(target=b"/models/n/sync/v1/messages"), 404, "anthropic"),
            (predict(target=b"/models/n/sync/v1/other"), 404, "headway"),
            (predict(target=b"/models/n/predict"), 404, "headway"),
            (predict(target=b"/v1/models/n:predict"), 404, "headway"),
            (get(b"/v1/models/m:predict"), 405, "headway"),
        ):
            answer = await one.asks(data)
            told = content(answer)
            assert answer.status == status
            shapes = {"openai": {"message", "type", "param", "code"}, "anthropic": {"type", "message"}}
            assert set(told["error"]) == shapes.get(kind, {"code", "message", "hint"}), data
            assert ("request_id" in told) == (kind == "anthropic")


async def test_what_waits_is_refused_in_the_dialect_too(tmp_path):
    async with cluster(tmp_path) as one:
        one.apply(queue_limit=1)
        waiting = await one.sends(chat())
        await until(lambda: one.queued == 1)
        for target in (CHAT, b"/models/m/sync/v1/chat/completions"):
            answer = await one.asks(chat(target=target))
            assert (answer.status, content(answer)["error"]["type"]) == (429, "rate_limit_error")
            assert int(answer.headers["retry-after"]) >= 1
        assert content(await one.asks(chat(target=MESSAGES)))["error"]["type"] == "rate_limit_error"
        assert content(await one.asks(predict()))["error"]["code"] == "queue_full"
        waiting.leave()
        await until(lambda: one.queued == 0)


async def test_a_key_is_asked_for_before_a_byte_is_read_or_a_name_is_told(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        keys = {hashlib.sha256(b"secret").hexdigest(): ("inference",)}
        one.apply_routes(one.deployment("d1", replica), keys=keys)
        await one.ready()
        for data in (chat()[:-4], get(b"/v1/models"), get(b"/v1/models/m"), chat(target=MESSAGES)):
            answer = await one.asks(data)
            assert (answer.status, content(answer)["error"]["type"]) == (401, "authentication_error")
        client = await one.sends(chat(headers=b"authorization: Bearer secret\r\n"))
        (await replica.next()).exchange.respond(200)
        assert (await client.answer()).status == 200
        assert (await one.asks(get(b"/v1/models", b"authorization: Bearer secret\r\n"))).status == 200


async def test_a_key_that_is_deleted_while_a_body_is_read_lets_nobody_in(tmp_path):
    async with cluster(tmp_path) as one:
        keys = {hashlib.sha256(name).hexdigest(): ("inference",) for name in (b"secret", b"other")}
        one.apply_routes(one.deployment("d1"), keys=keys)
        data = chat(headers=b"authorization: Bearer secret\r\n")
        client = await one.sends(data[:-4])
        await until(lambda: one.gateway.reception.budget.used_bytes > 0)
        keys.pop(hashlib.sha256(b"secret").hexdigest())
        one.apply_routes(one.deployment("d1"), keys=keys)
        client.send(data[-4:])
        assert (await client.answer()).status == 401


async def test_a_client_cannot_say_whose_errors_it_understands(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.sends(predict(headers=b"x-headway-dialect: openai\r\n"))
        request = await replica.next()
        assert request.exchange.header(b"x-headway-dialect") is None
        request.exchange.respond(200)
        await client.answer()


async def test_a_new_table_holds_for_heads_that_are_known(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply(replica)
        await one.ready()
        client = await one.client()
        for _ in range(3):
            client.send(chat())
            (await replica.next()).exchange.respond(200)
            assert (await client.answer()).status == 200
        other = DeploymentRoute("n1", "n")
        one.gateway.apply(RoutingTable(99, (other,), {("n", "production"): "n1"}))
        client.send(chat())
        assert (await client.answer()).status == 404


async def test_a_request_that_queues_follows_its_environment(tmp_path):
    async with cluster(tmp_path) as one:
        replica = await one.replica()
        one.apply()
        client = await one.sends(chat())
        await until(lambda: one.queued == 1)
        one.apply_routes(one.deployment("d1"), one.deployment("d2", replica), production="d2")
        request = await replica.next()
        assert json.loads(request.body)["model"] == "m"
        request.exchange.respond(200)
        assert (await client.answer()).status == 200
