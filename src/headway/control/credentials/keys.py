"""API keys: made once and shown once, kept as digests, checked against the scopes that a call needs.

A key has 160 random bits, so its plain SHA-256 tells nothing about it.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping

from headway.control.store.rows import KeyRow
from headway.core import credentials
from headway.core.credentials import MANAGE, SCOPES, Denial, Headers
from headway.core.errors import HeadwayError
from headway.core.settings import nearest


class InvalidKeyError(HeadwayError):
    code = "invalid_key"


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
    return key, KeyRow(prefix, credentials.digest(key.encode()), name, chosen, now)


class Keyring:
    """The keys there are."""

    def __init__(self, rows: Iterable[KeyRow] = ()) -> None:
        self._rows: dict[str, KeyRow] = {}
        self._by_digest: dict[str, KeyRow] = {}
        self.removed: Callable[[KeyRow], None] = lambda _: None
        """Is told of each key that has gone."""
        for row in rows:
            self.add(row)

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
        return {digest: row.scopes for digest, row in self._by_digest.items()}

    def add(self, row: KeyRow) -> None:
        self._rows[row.prefix] = row
        self._by_digest[row.digest] = row

    def remove(self, prefix: str) -> None:
        row = self._rows.pop(prefix, None)
        if row is not None:
            self._by_digest.pop(row.digest, None)
            self.removed(row)

    def known_in(self, headers: Headers) -> str | None:
        """The first key in these headers that exists, whatever it is good for."""
        known = (key for key in credentials.keys_in(headers) if credentials.digest(key) in self._by_digest)
        return next((key.decode("latin-1") for key in known), None)

    def judge(self, headers: Headers, wanted: tuple[str, ...]) -> KeyRow | Denial | None:
        """The key by which a call with these headers may pass, None where there are no keys; or why it may not."""
        if not self._rows:
            return None
        rows = [self._by_digest.get(credentials.digest(key)) for key in credentials.keys_in(headers)]
        good = credentials.first_good([one if one is None else one.scopes for one in rows], wanted)
        return good if isinstance(good, Denial) else rows[good]
