"""One model as OpenAI's and Anthropic's clients list it, in one document that both understand."""

from datetime import UTC, datetime
from typing import Any


def model_document(name: str, created: float) -> dict[str, Any]:
    """`created` is in seconds since 1970."""
    seconds = int(created)
    return {
        "id": name,
        "object": "model",
        "created": seconds,
        "owned_by": "headway",
        "type": "model",
        "display_name": name,
        "created_at": datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def list_document(models: list[dict[str, Any]]) -> dict[str, Any]:
    """All of them on one page."""
    first, last = (models[0]["id"], models[-1]["id"]) if models else (None, None)
    return {"object": "list", "data": models, "has_more": False, "first_id": first, "last_id": last}
