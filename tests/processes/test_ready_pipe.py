import asyncio
import os

import pytest

from headway.processes.ready_pipe import ReadyPipe


class Root:
    def __init__(self):
        self.heard = asyncio.Queue()
        self.pipe = ReadyPipe(lambda: self.heard.put_nowait(None))
        self.child = os.dup(self.pipe.theirs)
        self.pipe.close_theirs()


async def turns():
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_child_is_heard_once_however_much_it_writes():
    root = Root()
    os.write(root.child, b"ready and more")
    await root.heard.get()
    with pytest.raises(BrokenPipeError):
        os.write(root.child, b"again")
    await turns()
    assert root.heard.empty()
    root.pipe.close()  # twice is fine
    os.close(root.child)


async def test_a_child_that_closes_its_end_has_said_nothing():
    root = Root()
    os.close(root.child)
    await turns()
    assert root.heard.empty()


async def test_what_a_child_says_after_its_end_is_not_heard():
    root = Root()
    os.write(root.child, b"x")
    root.pipe.close()
    await turns()
    assert root.heard.empty()
    os.close(root.child)
