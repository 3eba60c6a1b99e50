"""The control plane put together: what is desired, what there is, and everything that brings the two together."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from headway.backends.base import Backend
from headway.control.keys import Keyring
from headway.control.operations import Operations
from headway.control.persistence import Persistence
from headway.control.platform import Platform
from headway.control.preparations import Places, Preparations
from headway.control.secret_files import SecretFiles
from headway.control.store.rows import KeyRow, SecretRow, StoredState
from headway.control.store.store import Store
from headway.control.supervisor import Supervisor
from headway.control.table_store import TableStore
from headway.core.errors import HeadwayError


class MissingKeysError(HeadwayError):
    code = "missing_keys"


@dataclass(frozen=True, slots=True)
class PlaneOptions:
    """Where the control plane keeps what it has."""

    data_dir: Path
    link_path: Path
    """The Unix socket that gateways dial."""
    database_url: str
    secrets_dir: Path | None = None
    """One file per secret, kept by somebody else; None: secrets are set through the API."""
    model_cache_dir: Path | None = None
    is_exposed: bool = False
    """Whether others than this machine's users reach a port of Headway's."""

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"


class ControlPlane:
    """Made by `open`; `run` runs it."""

    def __init__(
        self, options: PlaneOptions, backend: Backend, persistence: Persistence, platform: Platform
    ) -> None:
        self.options = options
        self.platform = platform
        self.persistence = persistence
        self.keyring = Keyring()
        self.secret_files: SecretFiles | None = None
        self.supervisor = Supervisor(
            platform,
            backend,
            TableStore(options.data_dir / "control" / "table.json"),
            persistence.note_decision,
            link_path=options.link_path,
            log_directory=options.logs_dir,
        )
        places = Places(options.data_dir, options.model_cache_dir)
        self.preparations = Preparations(platform, places, lambda _: self.supervisor.wake())
        self.operations = Operations(platform, self.supervisor, persistence, self.preparations, places)

    @classmethod
    async def open(cls, options: PlaneOptions, backend: Backend) -> Self:
        """With everything that was stored. Raises StoreError, and MissingKeysError where others would reach Headway
        without a key: root has seen to that at the start, but the database may be another one since.
        """
        platform = Platform()
        persistence = Persistence(Store(options.database_url), platform)
        state = await persistence.load()
        if options.is_exposed and not state.keys:
            persistence.close()
            raise MissingKeysError(
                "the database has no API keys any more, and others reach Headway",
                hint="restore a backup of it",
            )
        plane = cls(options, backend, persistence, platform)
        plane._restore(state)
        return plane

    async def run(self) -> None:
        """Until cancelled."""
        self.operations.order_missing_preparations()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.supervisor.run())
            tasks.create_task(self.preparations.run())
            tasks.create_task(self.persistence.run())
            tasks.create_task(self.operations.run())

    # Keys and secrets: stored first, in force then.

    async def add_key(self, row: KeyRow) -> None:
        await self.persistence.call(self.persistence.store.add_key, row)
        self.keyring.add(row)
        self.publish_keys()

    async def remove_key(self, prefix: str) -> None:
        await self.persistence.call(self.persistence.store.delete_key, prefix)
        self.keyring.remove(prefix)
        self.publish_keys()

    async def set_secret(self, files: SecretFiles, row: SecretRow) -> None:
        await self.persistence.call(self.persistence.store.save_secret, row)
        files.write(row)

    async def remove_secret(self, files: SecretFiles, name: str) -> None:
        await self.persistence.call(self.persistence.store.delete_secret, name)
        files.remove(name)

    def publish_keys(self) -> None:
        """The keys have changed: the gateways are told."""
        self.supervisor.publisher.keys = self.keyring.scopes_by_digest
        self.supervisor.wake()

    def _restore(self, state: StoredState) -> None:
        self.keyring = Keyring(state.keys)
        self.publish_keys()
        secrets_dir = self.options.secrets_dir
        if secrets_dir is None:
            secrets_dir = self.options.link_path.parent / "secrets"
            self.secret_files = SecretFiles(secrets_dir, state.secrets)
        self.supervisor.replicas.secrets_directory = secrets_dir
