"""A command for another terminal that reaches a model: what fits the methods that it has."""

import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from headway.cli.addresses import path_of
from headway.cli.api_key import HEADER_IN_SHELL

_PRODUCTION = "production"
_CONVERSATION = {"messages": [{"role": "user", "content": "Hello"}]}
_CALLS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "chat_completions": ("/v1/chat/completions", _CONVERSATION),
    "completions": ("/v1/completions", {"prompt": "Hello"}),
    "embeddings": ("/v1/embeddings", {"input": "Hello"}),
    "messages": ("/v1/messages", {"max_tokens": 100, **_CONVERSATION}),
    "responses": ("/v1/responses", {"input": "Hello"}),
}
"""Methods besides predict, by their paths and the least that they take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A deployment as requests name it: by its id, or by an environment."""

    base: str
    """Where requests go."""
    model: str
    environment: str = _PRODUCTION
    deployment: str | None = None
    needs_key: bool = False

    def path(self, verb: str) -> str:
        place: tuple[str, ...] = ()
        if self.deployment is not None:
            place = "deployments", self.deployment
        elif self.environment != _PRODUCTION:
            place = "environments", self.environment
        return self.base.rstrip("/") + path_of("models", self.model, *place, verb)

    @property
    def name(self) -> str:
        """What the model is called where a body names it."""
        if self.deployment is not None:
            return f"{self.model}@{self.deployment}"
        return self.model if self.environment == _PRODUCTION else f"{self.model}/{self.environment}"


def ready_line(reached: Reached, ways_in: Sequence[str] | None, example: Any) -> str:
    """`ways_in` are the model's methods, None where they are not known; `example` is an input, or None."""
    if not ways_in or "predict" in ways_in:
        return _curl(reached, reached.path("predict"), {} if example is None else example)
    call = next((_CALLS[one] for one in ways_in if one in _CALLS), None)
    if call is None:
        return _websocket(reached)
    path, least = call
    body = {**(example if isinstance(example, Mapping) else least), "model": reached.name}
    return _curl(reached, reached.base.rstrip("/") + path, body)


def _curl(reached: Reached, address: str, body: Any) -> str:
    key = f" -H {HEADER_IN_SHELL}" if reached.needs_key else ""
    return f"curl {address}{key} -d {shlex.quote(json.dumps(body, default=str))}"


def _websocket(reached: Reached) -> str:
    """With a program that is there wherever Headway is; it sends no key, so with one it is another."""
    address = "ws" + reached.path("websocket").removeprefix("http")
    if reached.needs_key:
        return f"websocat -H {HEADER_IN_SHELL} {address}"
    return f"{shlex.quote(sys.executable)} -m websockets {address}"
