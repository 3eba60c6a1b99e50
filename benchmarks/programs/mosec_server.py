"""mosec with one echoing worker; its own command line takes --address and --port."""

from typing import Any

import mosec  # type: ignore[import-not-found]


class Echo(mosec.Worker):  # type: ignore[misc]
    def forward(self, data: Any) -> Any:
        return data


if __name__ == "__main__":
    server = mosec.Server()
    server.append_worker(Echo, num=1)
    server.run()
