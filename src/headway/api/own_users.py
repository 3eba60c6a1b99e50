"""Stands before the API where there are no keys: only processes of the user who runs Headway, and of root, may ask.

Whose a connection is, is looked at once, when it comes. Where the operating system does not tell, this machine's own
addresses have to do.
"""

import ipaddress
import os
from collections.abc import Sized

from starlette.types import ASGIApp, Receive, Scope, Send

from headway.api.errors import answer
from headway.api.outgoing import Outgoing
from headway.api.owners import Address, UnknowableError, owner_of
from headway.core.sharing import Sharing

PEER = "peer"
"""In a request's state: the Peer that it comes from."""
_ROOT = 0
_OPEN_TO_ALL = "/healthz"


class Peer:
    """The other end of one connection."""

    def __init__(self, theirs: Address | None, ours: Address | None) -> None:
        self._theirs = theirs
        self._ours = ours
        self._is_ours: bool | None = None

    @property
    def is_ours(self) -> bool:
        """Whether it is of a user who may manage without a key."""
        return self.judge()

    def judge(self) -> bool:
        """The same; it is looked up the first time."""
        if self._is_ours is None:
            self._is_ours = self._judged()
        return self._is_ours

    def _judged(self) -> bool:
        if self._theirs is None or self._ours is None or not _is_of_this_machine(self._theirs[0]):
            return False
        try:
            return owner_of(self._theirs, self._ours) in {_ROOT, os.geteuid()}
        except UnknowableError:
            return True


class OwnUsersOnly:
    """`keys` are the API keys that exist: with any of them, who may ask is judged by them alone. `sharing` says which
    pages may read a refusal.
    """

    def __init__(self, app: ASGIApp, keys: Sized, sharing: Sharing) -> None:
        self._app = app
        self._keys = keys
        self._sharing = sharing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != _OPEN_TO_ALL and not self._keys:
            peer: Peer = scope["state"][PEER]
            if not peer.is_ours:
                await _refusal()(scope, receive, Outgoing(send, self._sharing.lines(scope["headers"])))
                return
        await self._app(scope, receive, send)


def _is_of_this_machine(host: str) -> bool:
    return ipaddress.ip_address(host.partition("%")[0]).is_loopback


def _refusal() -> ASGIApp:
    return answer(
        403,
        "other_user",
        "without API keys only the user who runs Headway, and root, may manage it",
        "its owner makes a key with headway keys create --scope manage; HEADWAY_API_KEY holds it for commands",
    )
