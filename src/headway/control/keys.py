"""API keys: made once and shown once, kept as digests, checked against the scopes that a call needs.

A key has 160 random bits, so its plain SHA-256 tells nothing about it.
"""

import hashlib
import secrets
from collections.abc import Iterable, Mapping
from enum import Enum

from headway.control.store.rows import KeyRow
from headway.core.errors import HeadwayError
from headway.core.settings import nearest

INFERENCE, MANAGE = "inference", "manage"
SCOPES = (INFERENCE, MANAGE)
_SCHEMES = {"bearer", "api-key"}


class InvalidKeyError(HeadwayError):
    code = "invalid_key"


class Verdict(Enum):
    """What a key is good for."""

    ACCEPTED = "accepted"
    MISSING = "missing"
    UNKNOWN = "unknown"
    WRONG_SCOPE = "wrong_scope"


def new_key(name: str, scopes: Iterable[str], now: float) -> tuple[str, KeyRow]:
    """A new key in plain text, and what is kept of it. Raises InvalidKeyError for an unknown scope or none."""
    chosen = tuple(sorted(set(scopes)))
    for scope in chosen:
        if scope not in SCOPES:
            raise InvalidKeyError(f"unknown scope {scope!r}", hint=nearest(scope, SCOPES))
    if not chosen:
        raise InvalidKeyError("a key needs a scope", hint=f"it is {' or '.join(SCOPES)}")
    prefix = f"hw_{secrets.token_hex(4)}"
    key = f"{prefix}_{secrets.token_hex(20)}"
    return key, KeyRow(prefix, digest(key), name, chosen, now)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


class Keyring:
    """The keys there are."""

    def __init__(self, rows: Iterable[KeyRow] = ()) -> None:
        self._rows = {row.prefix: row for row in rows}

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, prefix: str) -> bool:
        return prefix in self._rows

    @property
    def rows(self) -> tuple[KeyRow, ...]:
        return tuple(self._rows.values())

    @property
    def managing(self) -> set[str]:
        """How the keys begin that may manage."""
        return {row.prefix for row in self._rows.values() if MANAGE in row.scopes}

    @property
    def scopes_by_digest(self) -> Mapping[str, tuple[str, ...]]:
        return {row.digest: row.scopes for row in self._rows.values()}

    def add(self, row: KeyRow) -> None:
        self._rows[row.prefix] = row

    def remove(self, prefix: str) -> None:
        self._rows.pop(prefix, None)

    def judge(self, authorization: str, scope: str) -> Verdict:
        """What to do with a call that carries this Authorization header; where there are no keys, all may pass."""
        if not self._rows:
            return Verdict.ACCEPTED
        scheme, _, key = authorization.partition(" ")
        if scheme.lower() not in _SCHEMES or not key.strip():
            return Verdict.MISSING
        wanted = digest(key.strip())
        found = [row for row in self._rows.values() if secrets.compare_digest(row.digest, wanted)]
        if not found:
            return Verdict.UNKNOWN
        return Verdict.ACCEPTED if scope in found[0].scopes else Verdict.WRONG_SCOPE
