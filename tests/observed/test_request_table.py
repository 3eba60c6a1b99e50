import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headway.observed.records import STAGES, Outcome, RequestRecord
from headway.observed.request_table import (
    COLUMNS,
    InvalidRecordsError,
    cells_of,
    csv_header,
    csv_of,
    read_csv,
    record_of,
)

TIMES = st.floats(0, 1e10)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), min_size=1)
"""Names are made by Headway, and hold no control characters at all."""
RECORDS = st.builds(
    RequestRecord,
    *(TEXTS, TEXTS, TEXTS, TEXTS, TIMES, st.integers(0, 599), st.sampled_from(Outcome), TIMES),
    stages=st.dictionaries(st.sampled_from(STAGES), TIMES),
    request_bytes=st.integers(0, 2**60),
    response_bytes=st.integers(0, 2**60),
    trace_id=TEXTS,
    ended_in=st.sampled_from(["", *STAGES]),
)
RECORD = RequestRecord(
    *("abc1", "d1", "m", "r1", 1.7e9, 200, Outcome.FINISHED, 1.5), stages={"queue": 0.25, "predict": 1.0}
)


@given(st.lists(RECORDS))
def test_records_pass_through_csv_exactly(records):
    lines = io.StringIO(csv_header() + csv_of(records), newline="")
    assert list(read_csv(lines)) == records


@given(RECORDS)
def test_a_record_passes_through_its_cells(record):
    assert record_of(cells_of(record)) == record


def test_a_stage_that_is_not_known_is_an_empty_cell():
    [row] = csv.DictReader((csv_header() + csv_of([RECORD])).splitlines())
    assert tuple(row) == COLUMNS
    assert (row["queue_seconds"], row["cold_start_seconds"], row["outcome"]) == ("0.25", "", "finished")


def test_columns_may_come_in_any_order_with_others_among_them_and_blank_lines():
    cells = dict(zip((*COLUMNS, "note"), (*cells_of(RECORD), "mine"), strict=True))
    names = sorted(cells)
    line = ",".join("" if cells[name] is None else str(cells[name]) for name in names)
    assert list(read_csv([",".join(names), "", line, ""])) == [RECORD]


GOOD = (csv_header() + csv_of([RECORD])).splitlines()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1 is no record of a request: there is no column request_id"),
        (["request_id,status"], "line 1 is no record of a request: there is no column deployment_id"),
        ([*GOOD, "a,b"], "line 3 is no record of a request: it has 2 cells, and there are 19 columns"),
        ([*GOOD, GOOD[1].replace("200", "OK")], "line 3 .* 'OK'"),
        ([*GOOD, GOOD[1].replace("finished", "done")], "line 3 .* 'done' is not a valid Outcome"),
        ([*GOOD, GOOD[1].replace("1.5", "nan")], "line 3 .* a time in it is none"),
        ([*GOOD, GOOD[1].replace("1.5", "-1.5")], "line 3 .* a time in it is none"),
        ([*GOOD, '"' + GOOD[1]], "line 3 .*"),
    ],
)
def test_what_is_no_record_is_told_with_its_line(lines, message):
    with pytest.raises(InvalidRecordsError, match=message):
        list(read_csv(lines))


def test_a_file_of_a_former_version_does_not_say_where_requests_ended():
    former = [line.rpartition(",")[0] for line in GOOD]
    assert former[0].endswith("trace_id")
    assert list(read_csv(former)) == [RECORD]


def test_what_stands_before_a_wrong_line_is_read():
    records = read_csv([*GOOD, "a,b"])
    assert next(records) == RECORD


def test_what_is_no_text_is_its_reader_s_to_tell():
    lines = io.TextIOWrapper(io.BytesIO(f"{GOOD[0]}\n".encode() + b"\xff"), encoding="utf-8")
    with pytest.raises(UnicodeDecodeError):
        list(read_csv(lines))
