"""What this machine will do with a Truss that an image would do otherwise: whose Python, whose programs, as whom.

Each finding is about one field of config.yaml. Nothing is run but what shows what is there, and nothing downloaded.
"""

import itertools
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from headway.backends.isolation.bubblewrap import NoSandboxError
from headway.control.packages.attachments import Sources, attachments
from headway.control.packages.declared import stated_python_version
from headway.control.packages.entries import PreparationError
from headway.control.packages.findings import Finding, Level, of_error
from headway.control.packages.interpreters import pick_interpreter
from headway.control.packages.machine import Machine, missing_system_packages
from headway.control.packages.stand_ins import STAND_INS
from headway.core.isolation import Isolation
from headway.model_server.truss.truss_config import InvalidTrussError, TrussConfig

_CONFIG = "config.yaml"
_LONGEST_COMMAND = 120
_SHELLS = ("sh", "bash", "dash", "ash", "zsh")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_PROGRAM = re.compile(r"[\w./+-]+")
_OF_SHELLS = re.compile(
    r"cd|set|export|if|for|while|until|case|source|eval|test|true|false|ulimit|umask|trap|echo|printf|wait|command"
    r"|builtin|time|unset|read|local|declare|shift|exit|function|\.|" + "|".join(STAND_INS)
)
"""What a shell understands by itself, and what Headway has a stand-in for."""


def of_machine(config: TrussConfig, machine: Machine) -> Iterator[Finding]:
    yield from _of_isolation(config, machine)
    yield from _of_interpreter(config)
    yield from _of_gpus(config, machine)
    yield from _of_system_packages(config)
    yield from _of_commands(config, machine)
    yield from _of_base_image(config)
    yield from _of_attachments(config, machine)


def secret_warnings(declared: Mapping[str, bool], has_value: Callable[[str], bool]) -> Iterator[str]:
    """Of the secrets that a Truss declares (with whether it has a value of its own), those that have none here."""
    for name, has_default in declared.items():
        if not has_default and not has_value(name):
            yield (
                f"secrets: {name} has no value here, and a model that asks for it gets an error: "
                f"headway secrets set {name}, or a file {name} in the folder that --secrets-dir names"
            )


def _warning(message: str, hint: str = "") -> Finding:
    return Finding(Level.WARNING, _CONFIG, message, hint)


def _of_interpreter(config: TrussConfig) -> Iterator[Finding]:
    try:
        interpreter, warnings = pick_interpreter(stated_python_version(config))
    except PreparationError as error:
        yield of_error(_CONFIG, error)
        return
    yield from map(_warning, warnings)
    if not warnings:
        yield Finding(
            Level.NOTE, _CONFIG, f"the model runs on Python {interpreter.version}, {interpreter.path}"
        )


def _of_isolation(config: TrussConfig, machine: Machine) -> Iterator[Finding]:
    wanted = machine.wanted(config)
    if wanted is Isolation.NONE:
        return
    match machine.sandbox():
        case NoSandboxError() as missing if wanted is Isolation.AUTO:
            yield _warning(
                f"isolation: the model runs without a sandbox, for {missing.message}", missing.hint
            )
        case NoSandboxError() as missing:
            yield _warning(f"isolation is sandbox, and no replica can start: {missing.message}", missing.hint)
        case sandbox:
            yield Finding(
                Level.NOTE, _CONFIG, f"isolation: the model runs in a sandbox, by {sandbox.program}"
            )


def _of_gpus(config: TrussConfig, machine: Machine) -> Iterator[Finding]:
    wanted, gpus = config.expanded["resources"]["accelerator"], ", ".join(machine.gpus)
    if wanted is None:
        if gpus:
            yield Finding(
                Level.NOTE, _CONFIG, f"resources.accelerator is not set, so the model sees no GPU of {gpus}"
            )
        return
    if not gpus:
        yield _warning(
            f"resources.accelerator is {wanted} and this machine has no GPU, so no replica has a place",
            "remove it to run on the CPU",
        )
        return
    count = wanted.partition(":")[2]
    level = Level.WARNING if count else Level.NOTE
    asked = f", not {count}" if count else ""
    yield Finding(
        level,
        _CONFIG,
        f"resources.accelerator {wanted}: one GPU is set aside for each replica{asked}, of any kind; here are {gpus}",
    )


def _of_system_packages(config: TrussConfig) -> Iterator[Finding]:
    names = config.system_packages
    missing = missing_system_packages(names)
    if missing is None:
        yield _warning(f"system_packages: cannot see whether they are on this machine: {', '.join(names)}")
    elif missing:
        yield _warning(
            f"system_packages: not on this machine: {', '.join(missing)}; install them with your package manager, "
            "since Headway does not change the operating system"
        )


def _of_commands(config: TrussConfig, machine: Machine) -> Iterator[Finding]:
    is_apart = machine.way_for(config) is Isolation.SANDBOX
    level, where = (Level.NOTE, "in a sandbox") if is_apart else (Level.WARNING, "on this machine")
    commands = config.expanded["build_commands"]
    if commands:
        shown = "; ".join(
            one if len(one) <= _LONGEST_COMMAND else f"{one[:_LONGEST_COMMAND]}..." for one in commands
        )
        yield Finding(
            level,
            _CONFIG,
            f"build_commands run {where} as {machine.user}, in a copy of the Truss with the model's "
            f"environment: {shown}",
        )
    command = (config.docker_server or {}).get("start_command")
    if command:
        yield Finding(
            level, _CONFIG, f"docker_server: start_command runs {where} as {machine.user}, not in an image"
        )
        yield from _of_program(first_program(command), config, machine)


def _of_program(program: str | None, config: TrussConfig, machine: Machine) -> Iterator[Finding]:
    if program is None or machine.program(program, config.directory) is not None:
        return
    if program.startswith("/app/") and machine.way_for(config) is Isolation.SANDBOX:
        program = program.removeprefix("/app/")
        if machine.program(f"./{program}", config.directory) is not None:
            return
    message = f"docker_server.start_command: there is no program {program} on this machine"
    may_come = config.requirements or config.requirements_file or config.expanded["build_commands"]
    if may_come and not machine.has_environment and "/" not in program:
        yield Finding(Level.NOTE, _CONFIG, f"{message}; it has to come with the requirements")
    else:
        yield _warning(f"{message}, and every start will fail", "install it, or name it in requirements")


def _of_base_image(config: TrussConfig) -> Iterator[Finding]:
    path = (config.expanded["base_image"] or {}).get("python_executable_path")
    if path and not Path(path).exists():
        yield _warning(
            f"base_image.python_executable_path: {path} is not on this machine; it is not used here"
        )


def _of_attachments(config: TrussConfig, machine: Machine) -> Iterator[Finding]:
    """What preparing the Truss would say of them."""
    can_mount = machine.way_for(config) is Isolation.SANDBOX
    sources = Sources(
        machine.data_dir / "downloads", machine.model_cache, downloads_files=False, can_mount=can_mount
    )
    try:
        yield from map(_warning, attachments(config, sources, lambda _: None).warnings)
    except (InvalidTrussError, PreparationError) as error:
        yield of_error(_CONFIG, error)


def first_program(command: str) -> str | None:
    """The program that a start command runs in the end; None where only a shell could tell."""
    try:
        words = shlex.split(command)
    except ValueError:
        return None
    words = list(
        itertools.dropwhile(lambda word: _ASSIGNMENT.fullmatch(word) or word in {"exec", "env"}, words)
    )
    if not words:
        return None
    program = words[0]
    options = [word for word in words[1:3] if re.fullmatch(r"-[a-z]*c", word)]
    if Path(program).name in _SHELLS and options and len(words) > words.index(options[0]) + 1:
        return first_program(words[words.index(options[0]) + 1]) or program
    return program if _PROGRAM.fullmatch(program) and not _OF_SHELLS.fullmatch(program) else None
