"""Control's end of the link: what gateways tell of requests reaches its listener."""

import asyncio
import contextlib

from control.gateway_double import GatewayDouble
from fakes.cluster import until
from headway.control.running.link import GatewayLink, Listeners
from headway.gateway.table import RoutingTable


async def test_a_table_published_just_as_a_gateway_dies_ends_nothing(tmp_path):
    """A lost connection refuses to be written to before its reader hears of the loss."""
    nothing = lambda *_: None  # noqa: E731
    link = GatewayLink(tmp_path / "link", Listeners(*[nothing] * 6))
    serving = asyncio.ensure_future(link.serve())
    gateway = await GatewayDouble.dial(tmp_path / "link")
    await until(lambda: link.is_up)
    (lost,) = link._writers
    lost.transport.abort()
    await asyncio.sleep(0)
    assert lost in link._writers
    link.publish(RoutingTable(1, (), {}), "{}")
    link.watch(frozenset({"d1"}))
    gateway.close()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def test_requests_and_what_was_left_out_reach_the_listener(tmp_path):
    told = asyncio.Queue()
    nothing = lambda *_: None  # noqa: E731
    listeners = Listeners(
        nothing, nothing, nothing, nothing, nothing, lambda *report: told.put_nowait(report)
    )
    serving = asyncio.ensure_future(GatewayLink(tmp_path / "link", listeners).serve())
    gateway = await GatewayDouble.dial(tmp_path / "link")
    gateway.tell(type="requests", rows=[{"request_id": "1"}], sampled_out={"d1": 2}, ended={"d1": {"2xx": 3}})
    assert await told.get() == ([{"request_id": "1"}], {"d1": 2}, {"d1": {"2xx": 3}}, {}), (
        "as former versions tell"
    )
    gateway.tell(
        type="requests", rows=[], sampled_out={}, ended={"d1": {"4xx": 1}}, errors={"d1": {"refused": 1}}
    )
    assert await told.get() == ([], {}, {"d1": {"4xx": 1}}, {"d1": {"refused": 1}})
    gateway.close()
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
