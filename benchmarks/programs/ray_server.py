"""Ray Serve with one echoing replica, until it is told to stop. Arguments: port, folder for its files."""

import signal
import sys
from typing import Any

import ray  # type: ignore[import-not-found]
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=1000)
class Echo:
    async def __call__(self, request: Any) -> Any:
        return await request.json()


if __name__ == "__main__":
    ray.init(include_dashboard=False, num_cpus=4, _temp_dir=sys.argv[2], log_to_driver=False)
    serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1])})
    serve.run(Echo.bind(), route_prefix="/")  # type: ignore[attr-defined]
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    serve.shutdown()
    ray.shutdown()
