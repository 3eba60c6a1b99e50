"""Reads a file of records of requests, as CSV that `headway requests export` writes."""

from pathlib import Path

from headway.observed.records import RequestRecord
from headway.observed.request_table import InvalidRecordsError, read_csv


def read_records(file: Path) -> list[RequestRecord]:
    """All of them; the mark that Excel puts before UTF-8 is no part of it. Raises InvalidRecordsError."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            return list(read_csv(lines))
    except OSError as error:
        raise InvalidRecordsError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InvalidRecordsError(
            f"{file} is no text: {error.reason}",
            hint="headway requests export --output FILE.csv writes such files",
        ) from error
    except InvalidRecordsError as error:
        raise InvalidRecordsError(f"{file}: {error.message}", hint=error.hint) from error
