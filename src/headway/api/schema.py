"""`python -m headway.api.schema` prints what the API says of itself (OpenAPI, as JSON), without starting anything."""

import json
import sys
from typing import Any

from fastapi import FastAPI

from headway.api.application import described


def openapi() -> dict[str, Any]:
    """As at /openapi.json."""
    app: FastAPI = described()
    return app.openapi()


if __name__ == "__main__":
    json.dump(openapi(), sys.stdout)
