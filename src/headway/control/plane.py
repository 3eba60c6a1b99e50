"""The control plane put together: what is desired, what there is, and everything that brings the two together."""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

from headway.backends.base import Backend
from headway.configuration import MIN_FREE
from headway.control.credentials.changes import Credentials
from headway.control.credentials.keys import Keyring
from headway.control.credentials.secret_copies import SecretCopies
from headway.control.credentials.secret_files import SecretFiles
from headway.control.credentials.secret_views import SecretViews
from headway.control.desired.state import Deployment, DesiredState
from headway.control.disk.pruning import PruneBounds, Pruner, State
from headway.control.faults import Faults, lasting
from headway.control.operations.operations import Operations
from headway.control.operations.preparations import Places, Preparations
from headway.control.packages.caches import cache_of
from headway.control.packages.room import NoRoomError, require_room
from headway.control.running.run_directory import RunDirectory
from headway.control.running.supervisor import Supervisor
from headway.control.running.table_store import TableStore
from headway.control.store.databases import Databases
from headway.control.store.failures import StoreError, UnusableStoreError
from headway.control.store.ownership import OwnedElsewhereError
from headway.control.store.persistence import Persistence
from headway.control.store.rows import StoredState
from headway.control.store.store import Store
from headway.control.store.stored_requests import RequestBounds, StoredRequests
from headway.core.entry import AllowedOrigins
from headway.core.errors import HeadwayError
from headway.core.isolation import Isolation

_HISTORY_EVERY = 1.0
_OWNED_EVERY = 5.0


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
    inference_url: str = "http://127.0.0.1:8080"
    """Where the gateway answers, as this machine reaches it."""
    is_exposed: bool = False
    """Whether others than this machine's users reach a port of Headway's."""
    request_bounds: RequestBounds = field(default_factory=RequestBounds)
    prune_bounds: PruneBounds = field(default_factory=PruneBounds)
    min_free: int = MIN_FREE
    """Bytes that a push leaves free on the disk."""
    isolation: Isolation = Isolation.NONE
    """Of replicas whose config.yaml does not say it."""
    allowed_origins: AllowedOrigins = field(default_factory=AllowedOrigins)
    """Whose pages may use the API."""

    @property
    def secrets_place(self) -> Path:
        """Where each secret is a file, whoever keeps them."""
        return self.secrets_dir or self.link_path.parent / "secrets"

    @property
    def logs_dir(self) -> Path:
        return self.data_dir / "logs"


class ControlPlane:
    """Made by `open`; `run` runs it."""

    def __init__(
        self, options: PlaneOptions, backend: Backend, persistence: Persistence, state: StoredState
    ) -> None:
        self.options = options
        self.desired_state = desired_state = persistence.desired_state
        self.persistence = persistence
        self.supervisor = Supervisor(
            desired_state,
            backend,
            TableStore(options.data_dir / "control" / "table.json"),
            persistence.note_decision,
            link_path=options.link_path,
            log_directory=options.logs_dir,
        )
        self.supervisor.replicas.isolation = options.isolation
        self.run_directory = RunDirectory(options.link_path.parent, self.supervisor)
        self.stored_requests = StoredRequests(persistence, options.request_bounds)
        if self.stored_requests.are_kept:
            self.supervisor.requests.recorded = persistence.note_requests
        places = Places(options.data_dir, options.model_cache_dir, options.secrets_place)
        self.supervisor.replicas.cache_of = partial(cache_of, options.data_dir.resolve())
        self.preparations = Preparations(desired_state, places, lambda _: self.supervisor.wake())
        self.operations = Operations(desired_state, self.supervisor, persistence, self.preparations, places)
        self.credentials = self._restored_credentials(state)
        self.databases = Databases(options.data_dir, options.database_url, options.link_path.parent)
        self.pruner = Pruner(
            options.data_dir,
            State(desired_state, self._present, self._delete_replaced, self.databases.deployments_elsewhere),
            options.prune_bounds,
        )

    @classmethod
    async def open(cls, options: PlaneOptions, backend: Backend) -> Self:
        """With everything that was stored. Raises StoreError, OwnedElsewhereError too, and MissingKeysError where
        others would reach Headway without a key: root has seen to that at the start, but the database may be another
        one since.
        """
        persistence = Persistence(Store(options.database_url), DesiredState())
        try:
            await persistence.call(persistence.store.own)
            state, points = await persistence.load(), await persistence.points(time.time())
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise UnusableStoreError(
                f"the database holds what no Headway writes: {error!r}",
                hint="restore a backup, or begin anew with another --data-dir",
            ) from error
        if options.is_exposed and not state.keys:
            await persistence.close()
            raise MissingKeysError(
                "the database has no API keys any more, and others reach Headway",
                hint="restore a backup of it",
            )
        plane = cls(options, backend, persistence, state)
        with contextlib.suppress(OSError):  # or later, with the first look at what can go
            await asyncio.to_thread(plane.databases.note_own)
        for row in state.lives:
            plane.supervisor.lives.restore(row.deployment_id, row.content)
        plane.supervisor.lives.remember = persistence.note_life
        for stored in points:
            plane.supervisor.history.restore(*stored)
        return plane

    async def run(self) -> None:
        """Until cancelled. Raises RunDirectoryLostError and OwnedElsewhereError."""
        self.operations.order_missing_preparations()
        works = {
            "records of requests are kept": self._keep_requests,
            "replicas are kept as they are wanted": self.supervisor.run,
            "models are prepared": self.preparations.run,
            "the state is kept": self.persistence.run,
            "deletions are finished": self.operations.run,
            "what charts show is kept": self._keep_history,
            "secrets are kept for models": self.credentials.keep_files,
            "what nobody needs is removed": self.pruner.run,
        }
        async with asyncio.TaskGroup() as tasks:
            for what, work in works.items():
                tasks.create_task(lasting(what, work))
            tasks.create_task(self.run_directory.keep())
            tasks.create_task(self._own_database())

    async def require_room(self, coming_bytes: int = 0) -> None:
        """For a push; what nobody needs goes first. Raises NoRoomError."""
        asked = self.options.data_dir, self.options.min_free, coming_bytes
        try:
            require_room(*asked)
        except NoRoomError:
            with Faults().of("room is made for a push"):
                await self.pruner.prune()
            require_room(*asked)

    def _present(self, deployment_id: str) -> int:
        return self.supervisor.replicas.present(deployment_id)

    async def _delete_replaced(self, deployment: Deployment) -> None:
        deletions = self.operations.deletions
        await deletions.deployment(deployment.model, deployment.deployment_id)
        await deletions.finish()

    async def _own_database(self) -> None:
        """Raises OwnedElsewhereError when another control has it since a fault of the server."""
        faults, what = Faults(), "the database is looked at for another control"
        while True:
            await asyncio.sleep(_OWNED_EVERY)
            try:
                await self.persistence.call(self.persistence.store.own)
            except OwnedElsewhereError:
                raise
            except StoreError as error:
                faults.note(what, error)
            else:
                faults.end(what)

    async def _keep_history(self) -> None:
        while True:
            await asyncio.sleep(_HISTORY_EVERY)
            for deployment in self.desired_state.deployments.values():
                self.supervisor.note_state(deployment)
            self.persistence.note_points(self.supervisor.history.take_closed())

    async def _keep_requests(self) -> None:
        """While everything runs: to read a hundred thousand records takes two seconds."""
        await self.stored_requests.read_back(self.supervisor.requests)
        await self.stored_requests.keep_bounded()

    def _restored_credentials(self, state: StoredState) -> Credentials:
        """The replicas and the gateways are told of them."""
        secrets_dir, files = self.options.secrets_place, None
        if self.options.secrets_dir is None:
            files = SecretFiles(secrets_dir, state.secrets)
        run_dir, replicas = self.options.link_path.parent, self.supervisor.replicas
        replicas.secrets = SecretViews(secrets_dir, run_dir / "declared_secrets")
        replicas.secret_copies = SecretCopies(secrets_dir, run_dir / "copied_secrets")
        keyring = Keyring(state.keys)
        self._publish_keys(keyring)
        return Credentials(
            self.persistence,
            keyring,
            files,
            replicas.secret_copies,
            lambda: self._publish_keys(keyring),
            is_exposed=self.options.is_exposed,
        )

    def _publish_keys(self, keyring: Keyring) -> None:
        self.supervisor.publisher.keys = keyring.scopes_by_digest
        self.supervisor.wake()
