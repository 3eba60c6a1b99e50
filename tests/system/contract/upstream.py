"""Starts Truss's own server on a Truss folder, laid out as its container lays it out, outside any container.

It runs in an interpreter that has Truss and the requirements of its server, never in this project's own. It changes
nothing of Truss but three absolute paths (packages, secrets, environment), which a test may not write to.

    python upstream.py FOLDER --port 8080
"""

import argparse
import importlib.util
import os
import sys
import tempfile
import types
from pathlib import Path

import yaml

LAYOUT = {"model": "model_module_dir", "data": "data_dir", "packages": "bundled_packages_dir"}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--port", type=int, required=True)
    arguments.add_argument("--secrets-directory", default="/secrets")
    arguments.add_argument(
        "--environment-file", type=Path, default=Path("/etc/b10_dynamic_config/environment")
    )
    options = arguments.parse_args()
    truss = Path(next(iter(importlib.util.find_spec("truss").submodule_search_locations)))
    folder = options.folder.resolve()
    config = expanded(truss, folder / "config.yaml")
    app = Path(tempfile.mkdtemp(prefix="app-", dir=folder.parent))
    lay_out(app, folder, config, truss)
    os.chdir(app)
    sys.path.insert(0, str(app))
    sys.path.extend(str(each) for each in package_folders(folder, config) if each.is_dir())
    redirect_mounts(options.secrets_directory, options.environment_file)
    from truss_server import TrussServer

    TrussServer(options.port, str(app / "config.yaml")).start()


def expanded(truss: Path, path: Path) -> dict:
    """The config with every default, as the image build writes it; only the parser of Truss is imported."""
    package = types.ModuleType("truss")
    package.__path__ = [str(truss)]
    sys.modules["truss"] = package
    from truss.base.truss_config import TrussConfig

    config = TrussConfig.from_yaml(path).to_dict(verbose=True)
    del sys.modules["truss"]
    return config


def lay_out(app: Path, folder: Path, config: dict, truss: Path) -> None:
    for source in (truss / "templates/server").iterdir():
        (app / source.name).symlink_to(source)
    (app / "_truss_shared").symlink_to(truss / "templates/shared")
    (app / "config.yaml").write_text(yaml.safe_dump(config))
    (app / "model").symlink_to(folder / config["model_module_dir"])
    if (data := folder / config["data_dir"]).is_dir():
        (app / "data").symlink_to(data)


def package_folders(folder: Path, config: dict) -> list[Path]:
    named = [config["bundled_packages_dir"], *config["external_package_dirs"]]
    return [(folder / name).resolve() for name in named]


def redirect_mounts(secrets_directory: str, environment_file: Path) -> None:
    from _truss_shared import dynamic_config_resolver
    from _truss_shared.secrets_resolver import SecretsResolver

    SecretsResolver.SECRETS_MOUNT_DIR = secrets_directory
    dynamic_config_resolver.DYNAMIC_CONFIG_MOUNT_DIR = str(environment_file.absolute().parent)


if __name__ == "__main__":
    main()
