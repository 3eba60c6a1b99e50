"""Has the Trusses of deployments made ready to run, one after another, beside everything else.

What comes out of it is put into the desired state. What goes on is told line by line, and kept in a log file. What the
machine keeps from being made, a full disk say, is tried again until it can be.
"""

import asyncio
import dataclasses
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from headway.control.desired.state import Deployment, DesiredState, Prepared
from headway.control.packages import commands
from headway.control.packages.entries import holding
from headway.control.packages.machine import Machine, this_machine
from headway.control.packages.preparation import PreparedModel, prepare
from headway.control.packages.ways_in import ways_into
from headway.control.storage import is_of_machine
from headway.core.errors import HeadwayError
from headway.core.reconcile import Thresholds, back_off
from headway.telemetry.bounded_file import BoundedFile
from headway.telemetry.instants import instant_text

_logger = logging.getLogger(__name__)

BUILD_LOG = "build"
_LOG_LIMIT_BYTES = 1024 * 1024
_LOOK_EVERY = 0.1
_ENDED_IN_LOOKS = 10
_FIRST_PAUSE = 2.0
_LONGEST_PAUSE = 60.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where preparation keeps what it makes, and where models of hubs are looked up."""

    data_dir: Path
    model_cache_dir: Path | None = None
    secrets_dir: Path | None = None
    """One file per secret, named as the secret."""

    def machine(self) -> Machine:
        """Where models are to run, as it is now."""
        return this_machine(self.data_dir, self.model_cache_dir, self.secrets_dir)

    def build_log(self, deployment_id: str) -> Path:
        return self.data_dir / "logs" / deployment_id / f"{BUILD_LOG}.log"


@dataclass(slots=True)
class Progress:
    """How far the preparation of one deployment is."""

    began_at: float
    line: str = ""
    """What goes on now, for people."""
    faults: int = 0
    """How often the machine has kept it from being made."""


@dataclass(frozen=True, slots=True)
class _NotNow:
    """The machine keeps it from being made, and why."""

    reason: str


class Preparations:
    """A queue of Trusses and the one task that works on it. `done` is called after each, with the deployment's id."""

    def __init__(self, desired_state: DesiredState, places: Places, done: Callable[[str], None]) -> None:
        self._desired_state = desired_state
        self._places = places
        self._done = done
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._progress: dict[str, Progress] = {}
        self._is_ending = False

    def order(self, deployment_id: str) -> None:
        """Have the deployment's Truss made ready, once those before it are."""
        if deployment_id not in self._progress:
            self._progress[deployment_id] = Progress(time.time(), "waits for its turn")
            self._waiting.put_nowait(deployment_id)

    def progress(self, deployment_id: str) -> Progress | None:
        """None when it is not being prepared."""
        return self._progress.get(deployment_id)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            deployment_id = await self._waiting.get()
            with holding():  # what is made, until the desired state refers to it
                await self._prepare(deployment_id)

    async def _prepare(self, deployment_id: str) -> None:
        deployment = self._desired_state.deployments.get(deployment_id)
        outcome = None if deployment is None else await self._worked_out(deployment)
        if isinstance(outcome, _NotNow):
            self._try_later(deployment_id, outcome)
            return
        if outcome is not None:
            self._put(deployment_id, outcome)
        self._progress.pop(deployment_id, None)
        self._done(deployment_id)

    def _try_later(self, deployment_id: str, fault: "_NotNow") -> None:
        progress = self._progress[deployment_id]
        progress.faults += 1
        pause = back_off(progress.faults, first=_FIRST_PAUSE, longest=_LONGEST_PAUSE)
        progress.line = f"is tried again within {pause:.0f} s: {fault.reason}"
        asyncio.get_running_loop().call_later(pause, self._waiting.put_nowait, deployment_id)

    async def _worked_out(self, deployment: Deployment) -> "Prepared | str | _NotNow":
        """When cancelled, it ends the programs that it runs: this process could not end before them, and what they
        have started would outlive it.
        """
        working = asyncio.ensure_future(asyncio.to_thread(self._outcome, deployment))
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            self._is_ending = True
            for _ in range(_ENDED_IN_LOOKS):
                commands.end_all()  # again: one may just have been about to start
                await asyncio.wait([working], timeout=_LOOK_EVERY)
                if working.done():
                    break
            raise

    def _put(self, deployment_id: str, outcome: Prepared | str) -> None:
        deployment = self._desired_state.deployments.get(deployment_id)
        if deployment is None:
            return  # deleted meanwhile
        if isinstance(outcome, Prepared):
            self._desired_state.put(dataclasses.replace(deployment, prepared=outcome, failure=""))
        else:
            self._desired_state.put(dataclasses.replace(deployment, failure=outcome))

    def _outcome(self, deployment: Deployment) -> "Prepared | str | _NotNow":
        """What preparation made of it, or why it failed. Blocks; runs in a thread."""
        progress = self._progress[deployment.deployment_id]
        log = BoundedFile(self._places.build_log(deployment.deployment_id), _LOG_LIMIT_BYTES)

        def tell(line: str) -> None:
            progress.line = line.strip()
            log.write(f"{instant_text()} {line.rstrip()}\n".encode(errors="replace"))
            log.trim()

        try:
            places = self._places
            model = prepare(
                deployment.source,
                data_dir=places.data_dir,
                progress=tell,
                model_cache_dir=places.model_cache_dir,
                model=deployment.model,
            )
            return prepared_of(model)
        except HeadwayError as error:
            return self._refused(error, deployment, tell)
        except Exception as error:
            tell(repr(error))
            _logger.exception("preparing the model broke", extra={"deployment": deployment.deployment_id})
            return f"preparing it broke: {error!r}"
        finally:
            log.close()

    def _refused(
        self, error: HeadwayError, deployment: Deployment, tell: Callable[[str], None]
    ) -> "str | _NotNow":
        """Why the model cannot be prepared, or not now."""
        if self._is_ending:
            tell("given up, for Headway ends")
            return _NotNow("Headway ends")
        tell(str(error))
        told = {"deployment": deployment.deployment_id}
        if is_of_machine(error):
            _logger.warning("the model cannot be prepared now: %s", error, extra=told)
            return _NotNow(str(error))
        _logger.error("the model cannot be prepared: %s", error, extra=told)
        return str(error)


def prepared_of(model: PreparedModel) -> Prepared:
    """What a deployment keeps of a prepared Truss."""
    checks, default = model.config.health_checks, Thresholds()
    return Prepared(
        interpreter=model.interpreter,
        directory=model.directory,
        environment=dict(model.environment_variables),
        predict_concurrency=model.config.predict_concurrency,
        use_gpu=model.config.use_gpu,
        thresholds=Thresholds(
            startup=checks.startup_threshold_seconds or default.startup,
            stop_traffic=checks.stop_traffic_threshold_seconds or default.stop_traffic,
            restart=checks.restart_threshold_seconds or default.restart,
            restart_delay=checks.restart_check_delay_seconds or default.restart_delay,
        ),
        warnings=model.warnings,
        example=example_input(model),
        secrets={name: bool(default) for name, default in model.config.secrets.items()},
        ways_in=ways_into(model.config),
        isolation=model.config.headway.isolation,
        attached=model.attached,
        mounts=model.mounts,
    )


def example_input(model: PreparedModel) -> Any:
    """An input that the Truss itself gives as an example, as far as JSON can say it; else None."""
    example = model.config.example_model_input
    if example is None:
        example = _first_example(model)
    try:
        return json.loads(json.dumps(example, default=str, allow_nan=False))
    except (
        TypeError,
        ValueError,
        RecursionError,
    ):  # keys that are no text, no numbers, an anchor within itself
        return None


def _first_example(model: PreparedModel) -> Any:
    name = model.config.expanded.get("examples_filename") or "examples.yaml"
    try:
        examples = yaml.safe_load((model.directory / name).read_bytes())
    except (OSError, ValueError, RecursionError, yaml.YAMLError):
        return None
    match examples:
        case [Mapping() as first, *_] if "input" in first:
            return first["input"]
        case _:
            return None
