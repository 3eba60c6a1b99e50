"""Takes a while to load, and predicts how long ago that was. Before, it may do strange things to the descriptor on
which its replica says that it is ready.
"""

import os
import time
from pathlib import Path

LOADS_FOR = 1.2  # until then the pauses between questions have grown to 0.3 s and more


class Model:
    def load(self):
        begun = time.monotonic()
        if Path(os.environ["STRANGE"]).exists():
            descriptor = int(_environment()["HEADWAY_READY_FD"])
            os.write(descriptor, b"ready")
            os.close(descriptor)
        time.sleep(begun + LOADS_FOR - time.monotonic())
        self._loaded_at = time.monotonic()

    def predict(self, _):
        return time.monotonic() - self._loaded_at


def _environment():
    """What this process was started with."""
    pairs = Path("/proc/self/environ").read_text().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if pair)
