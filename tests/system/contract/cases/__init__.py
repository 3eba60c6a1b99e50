"""The table: everything a Truss may rely on, by subject."""

from system.contract.cases import (
    behaviours,
    configuration,
    endpoints,
    errors,
    inputs,
    outputs,
    routes,
    signatures,
    stages,
    starts,
    streams,
    typed,
)
from system.contract.table import Case, Source

SUBJECTS = [
    behaviours,
    starts,
    inputs,
    typed,
    outputs,
    errors,
    streams,
    stages,
    endpoints,
    signatures,
    routes,
    configuration,
]
CASES: list[Case] = [case for subject in SUBJECTS for case in subject.CASES]
SOURCES: dict[str, Source] = {
    name: source for subject in SUBJECTS for name, source in getattr(subject, "SOURCES", {}).items()
}
