"""Ten thousand requests queued on one deployment: little memory, first in first out, every one answered."""

import asyncio
import json
import resource
from pathlib import Path

import pytest
import uvloop

from system.serving import Serving, serving, wait_until

pytestmark = pytest.mark.alone

STAGES = Path(__file__).parent / "models" / "stages"
QUEUED = 10_000
CONNECTING_AT_ONCE = 200


def test_ten_thousand_queued_requests_stay_small_and_are_answered_in_order(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        with serving(STAGES, "--set", f"queue_limit={QUEUED}", data_dir=tmp_path) as served:
            (gateway,) = [pid for pid, command in served.processes().items() if "headway.gateway" in command]
            at_rest = resident_bytes(gateway)
            answers, with_queue = uvloop.run(queue_behind_one(served, gateway, tmp_path / "queued"))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert [status for status, _, _ in answers] == [200] * (QUEUED + 1), "every one is answered"
    by_arrival = sorted(answers, key=lambda answer: answer[1])
    begun = [began for _, _, began in by_arrival]
    assert begun == sorted(begun), "first in, first out"
    assert with_queue < 100 * 1024 * 1024
    assert (with_queue - at_rest) / QUEUED < 8 * 1024, "a queued request is small"


async def queue_behind_one(
    served: Serving, gateway: int, all_queue: Path
) -> tuple[list[tuple[int, str, float]], int]:
    """One request holds the only slot while the others queue; the answers, and the gateway's memory meanwhile."""
    port = int(served.url.rpartition(":")[2])
    connecting = asyncio.Semaphore(CONNECTING_AT_ONCE)
    async with asyncio.TaskGroup() as group:
        first = group.create_task(post(port, {"until": str(all_queue)}, connecting))
        await asyncio.to_thread(
            wait_until, lambda: served.model()["in_flight"] == 1, 10, "the first is in flight"
        )
        others = [group.create_task(post(port, {}, connecting)) for _ in range(QUEUED)]
        await asyncio.to_thread(
            wait_until, lambda: served.model()["queued"] == QUEUED, 60, "all others queue"
        )
        with_queue = resident_bytes(gateway)
        await asyncio.to_thread(all_queue.touch)
    return [task.result() for task in [first, *others]], with_queue


async def post(port: int, request: dict[str, str], connecting: asyncio.Semaphore) -> tuple[int, str, float]:
    """Status, the gateway's id (which counts arrivals), and the instant at which its preprocess began."""
    body = json.dumps(request).encode()
    async with asyncio.timeout(90):
        async with connecting:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"POST /models/stages/predict HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n%s" % (len(body), body)
            )
            await writer.drain()
        head, _, content = (await reader.read()).partition(b"\r\n\r\n")
        writer.close()
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return (
        int(lines[0].split()[1]),
        headers["x-headway-request-id"],
        json.loads(content)["stages"]["preprocess"][0],
    )


def resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} is gone")
