"""Records of requests as rows of one flat table: the columns that the store, an export and its readers share.

It makes and reads lines of CSV; whose lines they are is its callers' business.
"""

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from sys import intern
from typing import Any

from headway.core.errors import HeadwayError
from headway.observed.records import STAGES, Outcome, RequestRecord
from headway.observed.words import counted, verb

STAGE_COLUMNS = {stage: f"{stage}_seconds" for stage in STAGES}
"""In seconds, without a value where the stage's time is not known."""
COLUMNS = (
    *("request_id", "deployment_id", "model", "replica_id", "arrived_at", "status", "outcome", "seconds"),
    *STAGE_COLUMNS.values(),
    *("request_bytes", "response_bytes", "trace_id", "ended_in"),
)

_SINCE_LATER = {"ended_in"}
"""Columns that files of former versions lack; they are empty there."""
_STAGES_FROM = COLUMNS.index(STAGE_COLUMNS[STAGES[0]])
_STAGES_TO = _STAGES_FROM + len(STAGES)


class InvalidRecordsError(HeadwayError):
    """What is read as records of requests is none."""

    code = "invalid_records"


def cells_of(record: RequestRecord) -> tuple[Any, ...]:
    """The record's values, as COLUMNS has them."""
    return (
        record.request_id,
        record.deployment_id,
        record.model,
        record.replica_id,
        record.arrived_at,
        record.status,
        record.outcome.value,
        record.seconds,
        *map(record.stages.get, STAGES),
        record.request_bytes,
        record.response_bytes,
        record.trace_id,
        record.ended_in,
    )


def record_of(cells: Sequence[Any]) -> RequestRecord:
    """The record that `cells_of` made these of. Without `from_row`, by way of which it takes 8 us, not 4."""
    request_id, deployment_id, model, replica_id, arrived_at, status, outcome, seconds = cells[:_STAGES_FROM]
    request_bytes, response_bytes, trace_id, ended_in = cells[_STAGES_TO:]
    stages = zip(STAGES, cells[_STAGES_FROM:_STAGES_TO], strict=True)
    return RequestRecord(
        request_id,
        intern(deployment_id),
        intern(model),
        intern(replica_id),
        arrived_at,
        status,
        Outcome(outcome),
        seconds,
        {stage: spent for stage, spent in stages if spent is not None},
        request_bytes,
        response_bytes,
        trace_id,
        intern(ended_in),
    )


def csv_header() -> str:
    return _csv([COLUMNS])


def csv_of(records: Iterable[RequestRecord]) -> str:
    """A line of CSV for each. `read_csv` gets the same records out of it."""
    return _csv(map(cells_of, records))


def read_csv(lines: Iterable[str]) -> Iterator[RequestRecord]:
    """The records in lines of CSV, the first of which names the columns, in any order and with others among them.

    Raises InvalidRecordsError, which names the line. A UnicodeDecodeError of the lines' own is left to their reader.
    """
    rows = csv.reader(lines, strict=True)
    try:
        header = next(rows, [])
        places = _places(header)
        for cells in rows:
            if cells:
                yield _read(cells, len(header), places)
    except UnicodeDecodeError:  # is a ValueError too, and no line's fault
        raise
    except (csv.Error, TypeError, ValueError) as error:
        raise InvalidRecordsError(
            f"line {max(1, rows.line_num)} is no record of a request: {error}",
            hint="headway requests export writes such files",
        ) from error


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _places(header: Sequence[str]) -> dict[str, int]:
    """Where each of COLUMNS is. Raises ValueError."""
    if missing := [column for column in COLUMNS if column not in header and column not in _SINCE_LATER]:
        raise ValueError(f"there is no column {', '.join(missing)}")
    return {column: header.index(column) for column in COLUMNS if column in header}


def _read(cells: Sequence[str], width: int, places: Mapping[str, int]) -> RequestRecord:
    if len(cells) != width:
        there_are = f"there {verb(width, 'are', 'is')} {counted(width, 'column')}"
        raise ValueError(f"it has {counted(len(cells), 'cell')}, and {there_are}")
    row: dict[str, Any] = {column: cells[place] for column, place in places.items()}
    row["stages"] = {stage: row[column] for stage, column in STAGE_COLUMNS.items() if row[column]}
    record = RequestRecord.from_row(row)
    times = record.arrived_at, record.seconds, *record.stages.values()
    if not all(math.isfinite(one) and one >= 0 for one in times):
        raise ValueError("a time in it is none")
    return record
