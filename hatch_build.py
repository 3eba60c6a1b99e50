"""What a wheel holds beyond the source; each part is a module of tools/build."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))

from tools.build import compiled


class WheelParts(BuildHookInterface):
    """An editable installation gets none of them: it runs the source as it stands."""

    def dependencies(self) -> list[str]:
        return compiled.dependencies()

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version != "editable":
            compiled.add(Path(self.root), self.config["compiled"], build_data)
