"""The gateway's end of the link, played by a test."""

import asyncio
import json

from headway.gateway.table import RoutingTable


class GatewayDouble:
    @classmethod
    async def dial(cls, path, name="g0", epoch="e1"):
        double = cls()
        while True:
            try:
                double.reader, double.writer = await asyncio.open_unix_connection(path)
                break
            except OSError:
                await asyncio.sleep(0)
        double.tell(type="hello", epoch=epoch, gateway=name)
        return double

    def tell(self, **message):
        self.writer.write(json.dumps(message).encode() + b"\n")

    async def received(self):
        """Everything told so far has been taken in, the supervisor's next round included."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def table(self, condition=lambda _: True):
        """The next table that fulfils `condition`."""
        while True:
            message = json.loads(await self.reader.readline())
            table = RoutingTable.from_json(json.dumps(message["table"]))
            if condition(table):
                return table

    def close(self):
        self.writer.close()
