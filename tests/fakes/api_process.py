"""The API over a fake backend, in a process of its own: `python -m fakes.api_process PORT DIRECTORY`."""

import asyncio
import sys
from pathlib import Path
from unittest import mock

import uvicorn

from fakes.control_plane import World
from headway.control.operations import preparations
from headway.control.running import replicas as replicas_module


async def main(port, directory):
    world = World(directory)
    with (
        mock.patch.object(preparations, "prepare", world.prepare),
        mock.patch.object(replicas_module, "until_ready", world.until_ready),
    ):
        async with world.running():
            await world.serving(settings='{"min_replica": 1}')
            config = uvicorn.Config(
                world.app, port=port, lifespan="off", log_level="warning", access_log=False
            )
            await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
