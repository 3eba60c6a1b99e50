"""What the API lists of the requests that ended lately."""

import contextlib

from api.test_history import ROW

REQUESTS = "/v1/models/echo/deployments/production/requests"
NOW = 1.7e9


def row(name, *, seconds=1.0, **more):
    return {**ROW, "request_id": name, "arrived_at": NOW, "seconds": seconds, "stages": {}, **more}


ROWS = [
    row("aa-1", seconds=9.0, stages={"queue": 8.0, "predict": 0.5, "send": 0.25}),
    row("aa-2", seconds=2.0, stages={"predict": 1.5}, replica_id="r2"),
    row("ab-3", seconds=3.0, status=500, stages={"preprocess": 2.0}),
    row("bb-4", seconds=5.0, status=504, outcome="overran", ended_in="gate_wait"),
    row("bb-5", seconds=4.0, status=0, outcome="abandoned", ended_in="queue", replica_id=""),
    row("bb-6", seconds=0.001, status=429, outcome="refused", replica_id=""),
]


@contextlib.asynccontextmanager
async def listing(world):
    """A deployment of which ROWS are kept: what a query lists."""
    async with world() as it:
        deployment_id = await it.serving()
        rows = [{**one, "deployment_id": deployment_id} for one in ROWS]
        it.gateway.tell(type="requests", rows=rows, sampled_out={deployment_id: 7}, ended={})
        await it.gateway.received()

        async def asked(query=""):
            return await it.get(f"{REQUESTS}?{query}")

        asked.it = it
        yield asked


LISTED = [
    ("", "aa-1 bb-4 bb-5 ab-3 aa-2 bb-6"),
    ("status=5xx", "bb-4 ab-3"),
    ("status=429&status=none", "bb-5 bb-6"),
    ("outcome=finished", "aa-1 ab-3 aa-2"),
    ("outcome=finished&status=2xx", "aa-1 aa-2"),
    ("outcome=overran&outcome=abandoned", "bb-4 bb-5"),
    ("replica=r2", "aa-2"),
    ("stage=queue", "aa-1 bb-5"),
    ("stage=gate_wait&stage=preprocess", "bb-4 ab-3"),
    ("slower_than=3", "aa-1 bb-4 bb-5"),
    ("id=b-", "bb-4 bb-5 ab-3 bb-6"),
    (f"since={NOW + 4}", "aa-1 bb-4 bb-5"),
    (f"since={NOW + 3}&until={NOW + 5}", "bb-5 ab-3"),
    (f"seconds=2&until={NOW + 5}", "bb-5 ab-3"),
    ("seconds=60", ""),
    ("sort_by=predict", "aa-2 aa-1"),
    ("sort_by=first_byte", "aa-1"),
    ("sort_by=seconds&limit=2&offset=1", "bb-4 bb-5"),
    ("id=nothing", ""),
]


async def test_filters_narrow_and_of_one_filter_any_value_fits(world):
    async with listing(world) as asked:
        for query, expected in LISTED:
            told = await asked(query)
            assert " ".join(one["request_id"] for one in told["requests"]) == expected, query


async def test_a_page_comes_with_what_all_that_fit_say_and_what_else_is_kept(world):
    async with listing(world) as asked:
        told = await asked("outcome=finished&limit=1")
        assert len(told["requests"]) == 1
        assert (told["matched"], told["kept"], told["sampled_out"]) == (3, 6, 7)
        assert told["times"]["seconds"] == {"p50": 3.0, "p90": 9.0, "p95": 9.0, "p99": 9.0}
        assert told["times"]["first_byte"]["p50"] == 8.75
        assert told["times"].keys() == {"seconds", "first_byte", "queue", "preprocess", "predict", "send"}
        assert told["counts"]["outcome"] == {"finished": 3, "overran": 1, "abandoned": 1, "refused": 1}
        assert told["counts"]["status"] == {"200": 2, "500": 1, "504": 1, "none": 1, "429": 1}
        assert told["counts"]["replica"] == {"r1": 3, "r2": 1}


async def test_a_request_is_told_with_its_end_and_its_first_byte(world):
    async with listing(world) as asked:
        [slow] = (await asked("id=aa-1"))["requests"]
        assert (slow["ended_at"], slow["first_byte"], slow["ended_in"]) == (NOW + 9, 8.75, "")
        assert await asked.it.get(f"{REQUESTS}/aa-1") == slow
        [broken] = (await asked("id=bb-4"))["requests"]
        assert (broken["first_byte"], broken["ended_in"]) == (None, "gate_wait")


REFUSED = [
    ("status=5xy", "'5xy' is no status: it is one such as 429, a class such as 5xx, or none"),
    ("outcome=failed", "'finished', 'refused'"),
    ("stage=lunch", "'preprocess'"),
    ("slower_than=-1", "greater than or equal to 0"),
    ("since=nan", "finite"),
    ("since=5&until=5", "since is not before until"),
    ("sort_by=size", "'ended_at', 'arrived_at'"),
    ("limit=0", "greater than or equal to 1"),
    ("offset=-1", "greater than or equal to 0"),
    ("state=5xx", "state: Extra inputs are not permitted"),
]


async def test_what_is_no_filter_is_refused_in_words(world):
    async with listing(world) as asked:
        for query, told in REFUSED:
            error = await asked.it.refused("GET", f"{REQUESTS}?{query}", 422)
            assert told in error["message"], query
