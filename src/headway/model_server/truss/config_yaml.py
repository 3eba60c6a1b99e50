"""YAML as Truss reads it: of a key that stands twice the last value counts, and the reader is told."""

from typing import Any

import yaml


def load(text: str) -> tuple[Any, list[str]]:
    """What the document says, and a warning for each repeated key. Raises yaml.YAMLError, ValueError."""
    loader = _Loader(text)
    try:
        return loader.get_single_data(), loader.repeated
    finally:
        loader.dispose()


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.repeated: list[str] = []

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.tag == "tag:yaml.org,2002:merge" or not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                line = key.start_mark.line + 1
                self.repeated.append(f"line {line}: {key.value} stands twice; the last value counts")
            seen.add(key.value)
        return super().construct_mapping(node, deep)
