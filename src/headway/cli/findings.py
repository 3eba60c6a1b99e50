"""Shows what is found out about a Truss: one line for each finding, with its hint below."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headway.control.packages.findings import Finding
    from headway.control.packages.machine import Machine


def lines_of(findings: "Iterable[Finding]") -> "Iterator[str]":
    for one in findings:
        yield f"{one.level.value}: {one.place}: {one.message}"
        if one.hint:
            yield f"  hint: {one.hint}"


def own_machine() -> "Machine":
    """The machine of this command, with the folders that Headway's configuration names."""
    from headway.configuration import Configuration
    from headway.control.packages.machine import this_machine

    configuration = Configuration.load()
    return this_machine(configuration.data_dir, configuration.model_cache_dir, configuration.secrets_dir)
