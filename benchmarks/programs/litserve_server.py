"""LitServe with one of the models. Arguments: class, port."""

import asyncio
import sys
from typing import Any

import litserve  # type: ignore[import-not-found]
from fastapi import Request

from benchmarks import models


class Api(litserve.LitAPI):  # type: ignore[misc]
    def setup(self, _device: str) -> None:
        self.model = getattr(models, sys.argv[1])()

    def decode_request(self, request: Request) -> Any:
        return request

    def predict(self, inputs: Any) -> Any:
        answer = self.model.predict(inputs)
        return asyncio.run(answer) if asyncio.iscoroutine(answer) else answer

    def encode_response(self, output: Any) -> Any:
        return output


if __name__ == "__main__":
    litserve.LitServer(Api(), accelerator="cpu", workers_per_device=1).run(
        host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning"
    )
