"""Runs a root with stand-ins for gateway and control: `root_program.py DIRECTORY LOG_LIMIT_BYTES`.

The gateway is a process that only waits; control obeys lines in DIRECTORY/orders and writes down what root
tells it in DIRECTORY/told.
"""

import asyncio
import os
import sys
from pathlib import Path

from headway.processes.child import Program
from headway.processes.root import Graces, Root

GATEWAY = "import signal, time; signal.signal(15, lambda *_: exit(0)); print('gateway', flush=True); time.sleep(600)"

CONTROL = """
import os, socket, sys, threading, time
link = socket.socket(fileno=int(sys.argv[1]))
directory = sys.argv[2]
def obey():
    os.path.exists(directory + "/orders") or os.mkfifo(directory + "/orders")
    while True:
        with open(directory + "/orders", "rb") as orders:
            for line in orders:
                link.sendall(line)
threading.Thread(target=obey, daemon=True).start()
with open(directory + "/told", "ab", buffering=0) as told:
    while data := link.recv(65536):
        told.write(data)
"""


def main() -> None:
    directory = Path(sys.argv[1])

    def program(name: str, code: str, *arguments: str, descriptors: tuple[int, ...] = ()) -> Program:
        return Program(
            name,
            (sys.executable, "-c", code, *arguments),
            directory / f"{name}.log",
            os.environ,
            descriptors=descriptors,
        )

    root = Root(
        program("gateway", GATEWAY),
        lambda descriptor: program(
            "control", CONTROL, str(descriptor), str(directory), descriptors=(descriptor,)
        ),
        graces=Graces(drain=2.0, exit=1.0),
        log_limit_bytes=int(sys.argv[2]),
    )
    asyncio.run(root.run())


if __name__ == "__main__":
    main()
