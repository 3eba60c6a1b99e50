"""What the API writes out of the store: all that was told, and in order."""

import csv
import dataclasses
import time

import pytest

from headway.control.errors import NotFoundError
from headway.control.store import stored_requests
from headway.control.store.failures import StoreError
from headway.control.store.stored_requests import RequestBounds
from headway.observed.records import Outcome, RequestRecord
from headway.observed.request_table import COLUMNS, read_csv

LIST = "/v1/models/echo/deployments/production/requests"
EXPORT = f"{LIST}/export"
NOW = float(int(time.time()))
"""Records of long ago would go."""


def record(number, deployment_id, **stages):
    return RequestRecord(
        *(f"a-{number}", deployment_id, "echo", "echo-1", NOW + number, 200, Outcome.FINISHED, 0.5), stages
    )


async def tell(it, *records):
    """As a gateway does."""
    it.gateway.tell(type="requests", rows=[one.as_row() for one in records], sampled_out={}, ended={})
    await it.gateway.received()


async def exported(it, query=""):
    answer = await it.api.get(EXPORT + query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(read_csv(answer.text.splitlines()))


async def test_what_was_told_just_now_is_in_an_export_with_every_column(world):
    async with world() as it:
        deployment_id = await it.serving()
        records = [record(number, deployment_id, queue=0.25) for number in (1, 2)]
        await tell(it, *records)
        answer = await it.api.get(EXPORT)
        assert f"{deployment_id}-requests.csv" in answer.headers["content-disposition"]
        first, *_ = rows = list(csv.DictReader(answer.text.splitlines()))
        assert tuple(first) == COLUMNS
        assert (first["request_id"], first["queue_seconds"], first["predict_seconds"]) == ("a-1", "0.25", "")
        assert len(rows) == 2
        assert await exported(it) == records


async def test_an_export_takes_pages_and_stays_within_the_time_asked_for(world, monkeypatch):
    monkeypatch.setattr(stored_requests, "_PAGE", 2)
    async with world() as it:
        deployment_id = await it.serving()
        records = [record(number, deployment_id) for number in range(7)]
        await tell(it, *records[::-1])
        assert await exported(it) == records
        assert await exported(it, f"?since={NOW + 2}&until={NOW + 5}") == records[2:5]
        assert await exported(it, f"?since={NOW + 99}") == []
        for query in ("since=nan", "until=inf", "since=x", "since=2&until=2", "since=3&until=2"):
            await it.refused("GET", f"{EXPORT}?{query}", 422)


async def test_an_export_ends_though_requests_go_on(world, monkeypatch):
    monkeypatch.setattr(stored_requests, "_PAGE", 2)
    async with world() as it:
        deployment_id = await it.serving()
        await tell(it, *(record(number, deployment_id) for number in range(4)))
        pages = it.plane.stored_requests.csv(deployment_id)
        text, number = "", 4
        async for page in pages:
            text += page
            await tell(it, record(number, deployment_id), record(number + 1, deployment_id))
            await it.plane.persistence.save()
            number += 2
        assert [one.arrived_at - NOW for one in read_csv(text.splitlines())] == [0, 1, 2, 3]


async def test_a_database_that_fails_is_an_error_before_the_first_line_and_breaks_the_answer_later(
    world, monkeypatch
):
    monkeypatch.setattr(stored_requests, "_PAGE", 1)
    async with world() as it:
        deployment_id = await it.serving()
        await tell(it, record(1, deployment_id), record(2, deployment_id))
        await it.plane.persistence.save()
        store = it.plane.persistence.store
        read = store.requests

        def fail(*_, **__):
            raise StoreError("the disk is gone")

        monkeypatch.setattr(store, "requests", fail)
        assert (await it.refused("GET", EXPORT, 503))["code"] == "store"
        monkeypatch.setattr(
            store, "requests", lambda asked, limit, end: fail() if end else read(asked, limit)
        )
        with pytest.raises(RuntimeError, match="response already started"):
            await it.api.get(EXPORT)


@pytest.mark.parametrize("comes_back", [False, True])
async def test_an_export_of_what_is_deleted_meanwhile_breaks_off_instead_of_ending(
    world, monkeypatch, comes_back
):
    monkeypatch.setattr(stored_requests, "_PAGE", 2)
    async with world() as it:
        deployment_id = await it.serving()
        await tell(it, *(record(number, deployment_id) for number in range(5)))
        pages = it.plane.stored_requests.csv(deployment_id)
        assert len((await anext(pages)).splitlines()) == 3
        deployment = it.desired_state.deployments[deployment_id]
        await it.api.delete("/v1/models/echo")
        await it.until(lambda: not it.desired_state.deployments)
        await it.plane.persistence.save()
        if comes_back:
            it.desired_state.put(dataclasses.replace(deployment, created_at=deployment.created_at + 1))
        with pytest.raises(NotFoundError, match="deleted while"):
            await anext(pages)


async def test_an_export_goes_on_though_settings_change(world, monkeypatch):
    monkeypatch.setattr(stored_requests, "_PAGE", 2)
    async with world() as it:
        deployment_id = await it.serving()
        await tell(it, *(record(number, deployment_id) for number in range(3)))
        pages = it.plane.stored_requests.csv(deployment_id)
        await anext(pages)
        deployment = it.desired_state.deployments[deployment_id]
        it.desired_state.put(dataclasses.replace(deployment, version=2))
        assert len((await anext(pages)).splitlines()) == 1


@pytest.mark.parametrize("bounds", [RequestBounds(most=0), RequestBounds(days=0)])
async def test_where_no_records_are_kept_an_export_is_refused_and_nothing_is_stored(world, bounds):
    async with world(request_bounds=bounds) as it:
        deployment_id = await it.serving()
        await tell(it, record(1, deployment_id))
        error = await it.refused("GET", EXPORT, 409)
        assert "HEADWAY_KEEP_REQUESTS" in error["hint"]
        await it.plane.persistence.save()
        assert await it.plane.persistence.call(it.plane.persistence.store.last_request) == 0
        assert len((await it.get(LIST))["requests"]) == 1


async def test_there_is_no_export_of_what_is_not_there(world):
    async with world() as it:
        await it.refused("GET", EXPORT, 404)


async def test_the_description_says_that_it_is_csv(world):
    async with world() as it:
        answers = (await it.get("/openapi.json"))["paths"]
        [told] = [one for path, one in answers.items() if path.endswith("/requests/export")]
        assert told["get"]["responses"]["200"]["content"] == {"text/csv": {"schema": {"type": "string"}}}


async def test_records_are_there_after_a_restart(world):
    async with world() as it:
        deployment_id = await it.serving()
        await tell(it, *(record(number, deployment_id, predict=0.1) for number in (1, 2, 3)))
    async with world() as it:
        while len(it.plane.supervisor.requests) < 3:
            await it.plane.persistence.call(lambda: None)  # behind what is being read
        assert [one["arrived_at"] - NOW for one in (await it.get(LIST))["requests"]] == [3, 2, 1]
        assert (await it.get(f"{LIST}/a-2"))["stages"] == {"predict": 0.1}
        assert (await it.get(f"{LIST}/a-2"))["stages"] == {"predict": 0.1}
