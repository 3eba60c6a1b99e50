"""Finds paths that exist in Truss's image alone: below /app, /packages and /secrets, in commands and in the code.

It reads text; what the code makes of a path at run time it cannot see.
"""

import ast
import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

from headway.control.packages.findings import Finding, Level
from headway.model_server.truss.truss_config import TrussConfig
from headway.observed.words import counted

_PATH = re.compile(r"(?<![\w.~$}/-])/(app|packages|secrets)(?=[/\s'\";:,)]|$)[^\s'\";:,)]*")
_HINTS = {
    "app": "the model's working directory is what /app is in Truss's image: write a path relative to it",
    "packages": "what is in packages can be imported; its files are in packages/ of the working directory",
    "secrets": 'ask for `secrets` in __init__, and for one with secrets["NAME"]',
}
_NOT_ITS_CODE = ("venv", "node_modules", "__pycache__", "site-packages")
_MOST_TOLD = 10
_MOST_FILES = 200
_LARGEST_FILE_BYTES = 1024 * 1024


def of_image_paths(config: TrussConfig) -> Iterator[Finding]:
    """Those that are not on this machine either."""
    found = [*_in_config(config), *_in_code(config)]
    for place, path in found[:_MOST_TOLD]:
        root = path.split("/")[1]
        yield Finding(Level.WARNING, place, f"{path} is not on this machine", _HINTS[root])
    if len(found) > _MOST_TOLD:
        more = len(found) - _MOST_TOLD
        yield Finding(
            Level.WARNING, found[_MOST_TOLD][0], f"and {counted(more, 'more path')} of Truss's image"
        )


def _in_config(config: TrussConfig) -> Iterator[tuple[str, str]]:
    texts = {
        "docker_server.start_command": [(config.docker_server or {}).get("start_command") or ""],
        "build_commands": config.expanded["build_commands"],
        **{f"environment_variables.{name}": [text] for name, text in config.environment_variables.items()},
    }
    for field, values in texts.items():
        for path in dict.fromkeys(path for value in values for path in _paths(value)):
            yield f"config.yaml: {field}", path


def _in_code(config: TrussConfig) -> Iterator[tuple[str, str]]:
    if config.docker_server is not None:
        return
    folders = dict.fromkeys((config.model_file.parent, *config.package_paths))
    files = (path for folder in folders for path in _python_files(folder))
    for file in itertools.islice(files, _MOST_FILES):
        try:
            if not file.is_file() or file.stat().st_size > _LARGEST_FILE_BYTES:
                continue
            tree = ast.parse(file.read_bytes())
        except (SyntaxError, ValueError, OSError):
            continue  # the model's own file is judged elsewhere
        for line, path in _in_strings(tree):
            yield f"{_shown(file, config.directory)}:{line}", path


def _python_files(folder: Path) -> Iterator[Path]:
    """In order, and no further than they are asked for: a folder may hold a whole project."""
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _NOT_ITS_CODE)
        yield from (Path(parent, name) for name in sorted(names) if name.endswith(".py"))


def _in_strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """In all text but documentation, and routes that decorators name."""
    for node in _meant(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            for path in _paths(node.value):
                yield node.lineno, path


def _meant(tree: ast.AST) -> Iterator[ast.AST]:
    """Its nodes, but for documentation and decorators. Not by recursion: a long sum is nested deeply."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for field, value in ast.iter_fields(node):
            is_documentation = isinstance(node, ast.Expr) and isinstance(value, ast.Constant)
            if field != "decorator_list" and not is_documentation:
                children = value if isinstance(value, list) else [value]
                waiting += reversed([one for one in children if isinstance(one, ast.AST)])


def _paths(text: str) -> Iterator[str]:
    for found in _PATH.finditer(text):
        path = found[0].rstrip("./")
        if not Path(path).exists():
            yield path


def _shown(file: Path, directory: Path) -> str:
    return str(file.relative_to(directory)) if file.is_relative_to(directory) else str(file)
