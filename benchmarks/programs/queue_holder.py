"""Opens many connections, sends one request on each, in order, and waits for every answer.

Prints `sent` when all are sent, then, when all are answered, how many were and with what status, as JSON.
Arguments: host, port, path, how many.
"""

import asyncio
import collections
import json
import resource
import sys

_ANSWER_WITHIN = 120.0


async def main(host: str, port: int, path: str, count: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    readers = []
    for number in range(count):
        reader, writer = await asyncio.open_connection(host, port)
        body = json.dumps(number)
        writer.write(
            f"POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n{body}".encode()
        )
        readers.append((reader, writer))
    print("sent", flush=True)
    statuses: collections.Counter[str] = collections.Counter()
    async with asyncio.timeout(_ANSWER_WITHIN):
        for reader, writer in readers:
            head = await reader.readuntil(b"\r\n\r\n")
            statuses[head.split(b" ", 2)[1].decode()] += 1
            writer.close()
    print(json.dumps(statuses), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
