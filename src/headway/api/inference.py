"""The gateway as its clients reach it: what is tried in the console goes the way of all requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import httpx

from headway.api.conversations import Conversation, Conversations, Refused
from headway.control.credentials.keys import Keyring
from headway.control.desired.state import Deployment
from headway.core.errors import HeadwayError
from headway.core.wire import REQUEST_ID

_CONNECT_TIMEOUT = 5.0
_SILENCE_TIMEOUT = 1200.0
"""As long as a request may queue or hold its slot by default."""
_PASSED_ON = ("accept", "authorization", "content-type", "content-length", "traceparent")
_STAYING = frozenset({"connection", "keep-alive", "transfer-encoding", "date", "server"})
_KEPT_FROM_BROWSERS = frozenset(
    {"location", "www-authenticate", "set-cookie", "clear-site-data", "refresh", "content-security-policy"}
)
"""What a browser would act upon itself, as if this origin had said it."""
LOCATION = b"x-headway-location"
_HARMLESS = [(b"content-security-policy", b"sandbox"), (b"x-content-type-options", b"nosniff")]
"""A model's page that somebody opens by its address runs no script as the console's."""
_LONGEST_BODY = 2048


class GatewayUnreachableError(HeadwayError):
    code = "gateway"


@dataclass(frozen=True, slots=True)
class Attempt:
    """What is asked of a deployment: `path` begins after its own, and has the query."""

    method: str
    path: bytes
    headers: Mapping[str, str]
    body: bytes | AsyncIterator[bytes] = b""


class Inference:
    """`url` is the inference address on this machine. Who tries something does so with the key that he came with."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        self._keyring = keyring
        self._url = httpx.URL(url)
        timeout = httpx.Timeout(_SILENCE_TIMEOUT, connect=_CONNECT_TIMEOUT)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(timeout=timeout, limits=limits, trust_env=False)
        self.conversations = Conversations()

    async def send(self, deployment: Deployment, attempt: Attempt) -> httpx.Response:
        """The answer, of which only the head has been read. Raises GatewayUnreachableError."""
        request = self._client.build_request(
            attempt.method,
            self._address(deployment, attempt.path),
            content=attempt.body,
            headers=self._headers(attempt.headers),
        )
        try:
            return await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise _unreachable(error) from error

    async def converse(
        self, deployment: Deployment, path: bytes, headers: Mapping[str, str], protocols: Sequence[str]
    ) -> Conversation | Refused:
        """A WebSocket at a deployment's path. Raises GatewayUnreachableError, TooManyConversationsError."""
        address = self._address(deployment, path)
        scheme = {"http": "ws", "https": "wss"}[address.scheme]
        passed_on = self._headers(headers)
        for name in ("accept", "content-type", "content-length"):
            passed_on.pop(name, None)
        try:
            return await self.conversations.begin(
                str(address.copy_with(scheme=scheme)), passed_on, protocols, _SILENCE_TIMEOUT
            )
        except OSError as error:
            raise _unreachable(error) from error

    async def burst(
        self, deployment: Deployment, attempt: Attempt, count: int
    ) -> AsyncIterator[dict[str, object]]:
        """Send the same request `count` times at once, and tell each answer as it ends."""
        tasks = {asyncio.ensure_future(self._timed(number, deployment, attempt)) for number in range(count)}
        try:
            for ended in asyncio.as_completed(tasks):
                yield await ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _address(self, deployment: Deployment, path: bytes) -> httpx.URL:
        before = f"/models/{deployment.model}/deployments/{deployment.deployment_id}/".encode()
        return self._url.copy_with(raw_path=before + path)

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        passed_on = {name: headers[name] for name in _PASSED_ON if name in headers}
        key = self._keyring.known_in(
            (name.encode(), value.encode("latin-1")) for name, value in headers.items()
        )
        if key is not None:
            # Not in Authorization, which a model may be given: it is the operator's.
            passed_on.pop("authorization", None)
            passed_on["x-api-key"] = key
        return passed_on

    async def _timed(self, number: int, deployment: Deployment, attempt: Attempt) -> dict[str, object]:
        began = asyncio.get_running_loop().time()
        told: dict[str, object] = {
            "index": number,
            "request_id": "",
            "status": 0,
            "server_timing": "",
            "body": "",
        }
        try:
            answer = await self.send(deployment, attempt)
            try:
                content = await answer.aread()
            finally:
                await answer.aclose()
        except (HeadwayError, httpx.HTTPError) as error:
            told["body"] = str(error)
        else:
            told |= {
                "request_id": answer.headers.get(REQUEST_ID.decode(), ""),
                "status": answer.status_code,
                "server_timing": ", ".join(answer.headers.get_list("server-timing")),
                "body": content[:_LONGEST_BODY].decode(errors="replace"),
            }
        return told | {"seconds": round(asyncio.get_running_loop().time() - began, 6)}


def passed_back(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """A model's headers but for those of the connection and those that a browser would act upon."""
    passed = [*_HARMLESS]
    for name, value in headers:
        lower = name.lower().decode("latin-1")
        if lower == "location":
            passed.append((LOCATION, value))
        elif lower not in _STAYING and lower not in _KEPT_FROM_BROWSERS and lower != "x-content-type-options":
            passed.append((name, value))
    return passed


def _unreachable(error: Exception) -> GatewayUnreachableError:
    return GatewayUnreachableError(
        f"the gateway does not answer: {type(error).__name__}", hint="it is restarted at once: try again"
    )
