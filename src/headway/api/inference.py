"""The gateway as its clients reach it: what is tried in the console goes the way of all requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx

from headway.control.credentials.keys import Keyring
from headway.control.desired.state import Deployment
from headway.core.errors import HeadwayError
from headway.core.wire import REQUEST_ID

_CONNECT_TIMEOUT = 5.0
_SILENCE_TIMEOUT = 1200.0
"""As long as a request may queue or hold its slot by default."""
_PASSED_ON = ("accept", "authorization", "content-type", "traceparent")
_STAYING = frozenset({"connection", "keep-alive", "transfer-encoding", "date", "server"})
_LONGEST_BODY = 2048


class GatewayUnreachableError(HeadwayError):
    code = "gateway"


class Inference:
    """`url` is the inference address on this machine. Who tries something does so with the key that he came with."""

    def __init__(self, url: str, keyring: Keyring) -> None:
        self._keyring = keyring
        timeout = httpx.Timeout(_SILENCE_TIMEOUT, connect=_CONNECT_TIMEOUT)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._client = httpx.AsyncClient(base_url=url, timeout=timeout, limits=limits, trust_env=False)

    async def send(self, deployment: Deployment, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """The answer, of which only the head has been read. Raises GatewayUnreachableError."""
        path = f"/models/{deployment.model}/deployments/{deployment.deployment_id}/predict"
        passed_on = {name: headers[name] for name in _PASSED_ON if name in headers}
        key = self._keyring.known_in(
            (name.encode(), value.encode("latin-1")) for name, value in headers.items()
        )
        if key is not None:
            # Not in Authorization, which a model may be given: it is the operator's.
            passed_on.pop("authorization", None)
            passed_on["x-api-key"] = key
        request = self._client.build_request("POST", path, content=body, headers=passed_on)
        try:
            return await self._client.send(request, stream=True)
        except httpx.HTTPError as error:
            raise GatewayUnreachableError(
                f"the gateway does not answer: {type(error).__name__}",
                hint="it is restarted at once: try again",
            ) from error

    async def burst(
        self, deployment: Deployment, body: bytes, headers: Mapping[str, str], count: int
    ) -> AsyncIterator[dict[str, object]]:
        """Send the same request `count` times at once, and tell each answer as it ends."""
        tasks = {
            asyncio.ensure_future(self._timed(number, deployment, body, headers)) for number in range(count)
        }
        try:
            for ended in asyncio.as_completed(tasks):
                yield await ended
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _timed(
        self, number: int, deployment: Deployment, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, object]:
        began = asyncio.get_running_loop().time()
        told: dict[str, object] = {
            "index": number,
            "request_id": "",
            "status": 0,
            "server_timing": "",
            "body": "",
        }
        try:
            answer = await self.send(deployment, body, headers)
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


def passed_back(answer: httpx.Response) -> list[tuple[bytes, bytes]]:
    """Its headers but for those of the connection."""
    return [
        (name, value) for name, value in answer.headers.raw if name.lower().decode("latin-1") not in _STAYING
    ]
