"""Control's end of the link: what gateways tell of requests reaches its listener."""

import asyncio
import contextlib

from control.gateway_double import GatewayDouble
from headway.control.link import GatewayLink, Listeners


async def test_requests_and_what_was_left_out_reach_the_listener(tmp_path):
    told = asyncio.Queue()
    nothing = lambda *_: None  # noqa: E731
    listeners = Listeners(
        nothing, nothing, nothing, nothing, nothing, lambda *report: told.put_nowait(report)
    )
    serving = asyncio.ensure_future(GatewayLink(tmp_path / "link", listeners).serve())
    gateway = await GatewayDouble.dial(tmp_path / "link")
    gateway.tell(type="requests", rows=[{"request_id": "1"}], sampled_out={"d1": 2}, ended={"d1": {"2xx": 3}})
    assert await told.get() == ([{"request_id": "1"}], {"d1": 2}, {"d1": {"2xx": 3}})
    gateway.close()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
