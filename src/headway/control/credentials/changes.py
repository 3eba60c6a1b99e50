"""API keys and models' secrets as they are changed: each change is stored first, and in force then."""

import asyncio
import time
from collections.abc import Callable, Iterable

from headway.control.credentials.keys import Keyring, new_key
from headway.control.credentials.secret_copies import SecretCopies
from headway.control.credentials.secret_files import SecretFiles, require_name
from headway.control.errors import NotFoundError, RefusedError
from headway.control.faults import Faults
from headway.control.store.persistence import Persistence
from headway.control.store.rows import KeyRow, SecretRow
from headway.core.credentials import MANAGE
from headway.core.settings import nearest

_FILES_EVERY = 2.0


class Credentials:
    """`secret_files` None: somebody else keeps the folder that models read. `keys_changed` is told of each change
    of the keys. `is_exposed` says whether others than this machine's users reach a port of Headway's.
    """

    def __init__(
        self,
        persistence: Persistence,
        keyring: Keyring,
        secret_files: SecretFiles | None,
        secret_copies: SecretCopies,
        keys_changed: Callable[[], None],
        *,
        is_exposed: bool,
    ) -> None:
        self.keyring = keyring
        self._persistence = persistence
        self._secret_files = secret_files
        self._secret_copies = secret_copies
        self._faults = Faults()
        self._keys_changed = keys_changed
        self._is_exposed = is_exposed
        self._one_at_a_time = asyncio.Lock()
        """Each looks at what there is, then waits for the store."""

    async def create_key(self, name: str, scopes: Iterable[str]) -> tuple[str, KeyRow]:
        """The key in plain text, for this once, and what is kept of it. Raises InvalidKeyError, RefusedError."""
        async with self._one_at_a_time:
            key, row = new_key(name, scopes, time.time())
            if not self.keyring.managing and MANAGE not in row.scopes:
                raise RefusedError(
                    "the first key must be one that may manage",
                    hint=f"from then on every call needs one: give it the scope {MANAGE}",
                )
            await self._persistence.call(self._persistence.store.add_key, row)
            self.keyring.add(row)
            self._keys_changed()
            return key, row

    async def delete_key(self, prefix: str) -> None:
        """Calls with it are refused from now on. Raises NotFoundError, RefusedError."""
        async with self._one_at_a_time:
            if prefix not in self.keyring:
                known = [row.prefix for row in self.keyring.rows]
                raise NotFoundError(f"no key begins with {prefix!r}", hint=nearest(prefix, known))
            self._refuse_last(prefix)
            await self._persistence.call(self._persistence.store.delete_key, prefix)
            self.keyring.remove(prefix)
            self._keys_changed()

    @property
    def secret_files(self) -> SecretFiles:
        """Raises RefusedError where they are somebody else's."""
        if self._secret_files is None:
            raise RefusedError(
                "secrets come from a folder that Headway only reads", hint="put a file for each secret there"
            )
        return self._secret_files

    async def set_secret(self, name: str, value: str) -> SecretRow:
        """Raises InvalidSecretError for a name that no secret can have, StorageError when it is stored, and no model
        can see it yet.
        """
        files = self.secret_files
        require_name(name)
        async with self._one_at_a_time:
            row = SecretRow(name, value, time.time())
            await self._persistence.call(self._persistence.store.save_secret, row)
            files.write(row)
            self._refresh_copies()
            return row

    async def delete_secret(self, name: str) -> None:
        """Raises NotFoundError, and StorageError when models can see it still."""
        files = self.secret_files
        async with self._one_at_a_time:
            if name not in files.names():
                raise NotFoundError(f"there is no secret {name!r}", hint=nearest(name, files.names()))
            await self._persistence.call(self._persistence.store.delete_secret, name)
            files.remove(name)
            self._refresh_copies()

    async def keep_files(self) -> None:
        """Have models see the secrets as they are, whatever becomes of their folder; until cancelled."""
        while True:
            if self._secret_files is not None:
                self._secret_files.complete()
            self._refresh_copies()
            await asyncio.sleep(_FILES_EVERY)

    def _refresh_copies(self) -> None:
        with self._faults.of("models in sandboxes see secrets as they are"):
            self._secret_copies.refresh()

    def _refuse_last(self, prefix: str) -> None:
        """Without keys anybody could manage what can be reached from elsewhere, or nobody could with the rest."""
        is_last_of_all = len(self.keyring) == 1
        if self.keyring.managing == {prefix} and (self._is_exposed or not is_last_of_all):
            raise RefusedError(f"{prefix} is the last key that may manage", hint="create another one first")
