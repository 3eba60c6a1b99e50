"""Reads a file of records of requests."""

import csv
from collections.abc import Mapping
from pathlib import Path

from headway.core.records import STAGES, Outcome, RequestRecord
from headway.planner.errors import InvalidScenarioError


def read_records(file: Path) -> list[RequestRecord]:
    """Those that `headway requests export` has written. Raises InvalidScenarioError."""
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            return [_record(row) for row in csv.DictReader(opened)]
    except OSError as error:
        raise InvalidScenarioError(f"{file} cannot be read: {error.strerror}") from error
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        raise InvalidScenarioError(
            f"{file} is no file of records: {error}", hint="headway requests export writes one"
        ) from error


def _record(row: Mapping[str, str]) -> RequestRecord:
    stages = {stage: float(row[f"{stage}_seconds"]) for stage in STAGES if row[f"{stage}_seconds"]}
    return RequestRecord(
        request_id=row["request_id"],
        deployment_id=row["deployment_id"],
        model=row["model"],
        replica_id=row["replica_id"],
        arrived_at=float(row["arrived_at"]),
        status=int(row["status"]),
        outcome=Outcome(row["outcome"]),
        seconds=float(row["seconds"]),
        stages=stages,
        request_bytes=int(row["request_bytes"] or 0),
        response_bytes=int(row["response_bytes"] or 0),
        trace_id=row["trace_id"],
    )
