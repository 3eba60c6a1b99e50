"""What an installation holds beyond the source; each part is a module of tools/build."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

from tools.build import compiled, console, documents


class WheelParts(BuildHookInterface):
    """An editable installation runs the source as it stands: it gets the console, but nothing compiled and no site of
    the documents, which `make docs` builds.
    """

    def dependencies(self) -> list[str]:
        return [*compiled.dependencies(), *console.dependencies(), *documents.dependencies()]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        is_editable = version == "editable"
        console.build(Path(self.root), is_editable=is_editable)
        if not is_editable:
            documents.build(Path(self.root))
            compiled.add(Path(self.root), self.config["compiled"], build_data)
