"""Compiles what a model imports, once for each environment: in a sandbox nothing can be kept that Python compiles at a
start, so every start would compile everything again.
"""

from pathlib import Path

import headway
from headway.control.packages import commands
from headway.control.packages.entries import Progress
from headway.control.packages.environments import Environment
from headway.model_server.truss.truss_config import TrussConfig
from headway.passed_on import for_builds

_DONE = "compiled"
_OF_HEADWAY = ("core", "http", "model_server", "processes", "telemetry")


def compile_all(environment: Environment, config: TrussConfig, progress: Progress) -> None:
    """The environment's packages, the model's code and Headway's own. What cannot be compiled is left as it is."""
    venv = environment.interpreter.parent.parent
    done = venv / _DONE
    top = Path(headway.__file__).parent
    folders = [environment.directory / config.model_module_dir, environment.directory / "packages"]
    folders += [top / name for name in _OF_HEADWAY]
    if not done.exists():
        progress("compiling its packages, so that starts need not")
        folders += venv.glob("lib/python3*/site-packages")
    _compile(environment.interpreter, [one for one in folders if one.is_dir()], progress)
    done.touch()


def _compile(interpreter: Path, folders: list[Path], progress: Progress) -> None:
    options = ("-q", "-j", "0")
    try:
        commands.run(
            [interpreter, "-I", "-m", "compileall", *options, *folders],
            directory=interpreter.parent,
            environment=for_builds(),
            progress=lambda _: None,  # of packages for other Pythons, of which there always are some
        )
    except commands.CommandError:
        progress("some of it cannot be compiled, and is left as it is")
