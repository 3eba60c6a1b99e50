"""The gateway's end of the link, played by a test."""

import asyncio
import json

from headway.gateway.table import RoutingTable


class GatewayDouble:
    """`applies` false: it takes tables and never says that one is in force."""

    def __init__(self, *, applies=True):
        self.applies = applies

    @classmethod
    async def dial(cls, path, name="g0", epoch="e1", *, applies=True):
        double = cls(applies=applies)
        while True:
            try:
                double.reader, double.writer = await asyncio.open_unix_connection(path)
                break
            except OSError:
                await asyncio.sleep(0)
        double.tell(type="hello", epoch=epoch, gateway=name)
        double.lines = asyncio.Queue()
        double.reading = asyncio.create_task(double.read())
        return double

    async def read(self):
        async for line in self.reader:
            message = json.loads(line)
            if self.applies and message["type"] == "table":
                self.tell(type="applied", version=message["table"]["version"])
            self.lines.put_nowait(message)

    def tell(self, **message):
        if not self.writer.is_closing():
            self.writer.write(json.dumps(message).encode() + b"\n")

    async def received(self):
        """Everything told so far has been taken in, the supervisor's next round included."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def table(self, condition=lambda _: True):
        """The next table that fulfils `condition`."""
        while True:
            message = await self.lines.get()
            if message["type"] != "table":
                continue
            table = RoutingTable.from_json(json.dumps(message["table"]))
            if condition(table):
                return table

    def close(self):
        self.reading.cancel()
        self.writer.close()
