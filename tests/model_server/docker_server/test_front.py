import asyncio
import socket

from headway.model_server.docker_server import front


class Readiness:
    def __init__(self):
        self.said = asyncio.Event()

    def say(self):
        self.said.set()


async def test_a_program_that_listens_is_said_to_be_ready(monkeypatch):
    monkeypatch.setattr(front, "_TRIED_EVERY", 0.0)
    readiness = Readiness()
    with socket.socket() as program:
        program.bind(("127.0.0.1", 0))
        saying = asyncio.create_task(front.say_when_it_listens(program.getsockname()[1], readiness))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not readiness.said.is_set()
        program.listen()
        await readiness.said.wait()
        await saying
