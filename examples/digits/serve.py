"""Serves this Truss beside an S3-compatible server that holds ten pictures to try it on.

Arguments are passed on to `headway serve`. Ctrl-C ends both.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import FrameType

from object_store import object_store
from pictures import BUCKET, upload


def main() -> int:
    print("Starting an S3-compatible server", flush=True)
    with object_store() as store:
        names = upload(store.client())
        print(f"It is at {store.endpoint_url} and holds s3://{BUCKET}/{{{','.join(names)}}}", flush=True)
        return _run_headway(store.environment())


def _run_headway(environment: dict[str, str]) -> int:
    # Its own process group: the terminal's Ctrl-C reaches it once, from here, since a second one means "at once".
    serving = subprocess.Popen(
        [sys.executable, "-m", "headway", "serve", Path(__file__).parent, *sys.argv[1:]],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        process_group=0,
    )

    def pass_on(number: int, _frame: FrameType | None) -> None:
        serving.send_signal(signal.SIGINT if number == signal.SIGINT else signal.SIGTERM)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, pass_on)
    code = serving.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:  # Ctrl-C before headway runs
        sys.exit(130)
