"""The machine that a Truss is to run on, as far as one can look at it: programs, packages, secrets, GPUs, its user.

It answers questions; what follows from the answers is said elsewhere.
"""

import os
import pwd
import shutil
import subprocess
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from headway import passed_on
from headway.backends.gpus import find_gpus
from headway.backends.isolation.bubblewrap import NoSandboxError, sandbox_here
from headway.backends.isolation.none import OnTheMachine
from headway.backends.isolation.sandbox import Sandbox
from headway.backends.isolation.ways import WORLDS
from headway.backends.isolation.world import Way
from headway.configuration import Configuration
from headway.core.isolation import Isolation
from headway.model_server.truss.truss_config import TrussConfig

_QUERY_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class Machine:
    """`path` is where programs are looked for; `secrets_dir` has a file for each secret."""

    data_dir: Path
    model_cache: Path
    path: str
    user: str
    gpus: Sequence[str] = ()
    secrets_dir: Path | None = None
    has_environment: bool = False
    """Whether `path` begins with the programs of the model's own environment."""
    isolation: Isolation = Isolation.NONE
    """Of models whose config.yaml does not say it."""
    stored_secrets: Container[str] = frozenset()
    """The names of those that a Headway keeps for its models."""

    def program(self, name: str, directory: Path) -> str | None:
        """Where the program called `name` is, for who stands in `directory`; None if nowhere."""
        if "/" in name:
            return shutil.which(directory / name)
        return shutil.which(name, path=self.path)

    def wanted(self, config: TrussConfig) -> Isolation:
        """How the model is to be kept apart, whether that works here or not."""
        return config.headway.isolation or self.isolation

    def sandbox(self) -> Sandbox | NoSandboxError:
        """Blocks for a moment, once."""
        return sandbox_here(self.data_dir / WORLDS, self._hidden)

    def way(self, config: TrussConfig) -> Way:
        """To run build commands of the model in. Raises NoSandboxError where its own does not work here."""
        if self.way_for(config) is Isolation.NONE:
            return OnTheMachine()
        match self.sandbox():
            case Sandbox() as sandbox:
                return sandbox
            case missing:
                raise missing

    def way_for(self, config: TrussConfig) -> Isolation:
        """The way in which the model runs here, if it does."""
        wanted = self.wanted(config)
        if wanted is Isolation.AUTO:
            return Isolation.SANDBOX if isinstance(self.sandbox(), Sandbox) else Isolation.NONE
        return wanted

    @property
    def _hidden(self) -> tuple[Path, ...]:
        changed = Configuration.load().with_changes(data_dir=self.data_dir, secrets_dir=self.secrets_dir)
        return changed.private_places()

    def has_secret(self, name: str) -> bool:
        return has_secret(name, self.secrets_dir) or name in self.stored_secrets


def this_machine(data_dir: Path, model_cache: Path | None = None, secrets_dir: Path | None = None) -> Machine:
    """The one that this process runs on. `model_cache` is `model_cache` in the data directory if not told."""
    return Machine(
        data_dir=data_dir,
        model_cache=(model_cache or data_dir / "model_cache").resolve(),
        path=passed_on.for_models().get("PATH", os.defpath),
        user=_user(),
        gpus=find_gpus(),
        secrets_dir=secrets_dir,
        isolation=Isolation(Configuration.load().isolation),
    )


def has_secret(name: str, secrets_dir: Path | None) -> bool:
    """Whether a model that asks for the secret now gets a value: from a variable, or a file of that folder."""
    if passed_on.has_secret(name):
        return True
    if secrets_dir is None or "/" in name:
        return False
    try:
        return (secrets_dir / name).stat().st_size > 0
    except (OSError, ValueError):
        return False


def missing_system_packages(names: Sequence[str]) -> list[str] | None:
    """Those of the operating system's packages that are not here; None where that cannot be seen."""
    query = shutil.which("dpkg-query")
    if not names:
        return []
    if not query:
        return None
    try:
        listed = subprocess.run(  # noqa: S603  # names are arguments, never a shell's text
            [query, "--show", "--showformat", "${binary:Package} ${db:Status-Status}\\n", "--", *names],
            capture_output=True,
            text=True,
            check=False,
            timeout=_QUERY_TIMEOUT,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    installed = {
        line.split()[0].partition(":")[0]
        for line in listed.stdout.splitlines()
        if line.endswith(" installed")
    }
    return [name for name in names if name.partition("=")[0].partition(":")[0] not in installed]


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # a container may run under a number that nobody named
        return f"user {os.geteuid()}"
