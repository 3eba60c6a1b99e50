"""Writes records of requests as Parquet, with the columns of their CSV, in groups of rows as they come."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from headway.core.errors import HeadwayError
from headway.observed.request_table import COLUMNS, cells_of, read_csv

_GROUP = 50_000
"""Rows that are held at once, about 50 MB of them."""
_WHOLE_NUMBERS = {"status", "request_bytes", "response_bytes"}


class MissingExtraError(HeadwayError):
    """A part of Headway is not installed."""

    code = "missing_extra"


def parquet_writer() -> Callable[[Iterable[bytes], BinaryIO], None]:
    """What writes pieces of CSV into a file. Raises MissingExtraError."""
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ImportError as error:
        raise MissingExtraError(
            f"Parquet needs pyarrow: {error}", hint="pip install 'headway[parquet]', or name a .csv file"
        ) from error
    schema = pa.schema([(column, _type_of(column, pa)) for column in COLUMNS])

    def write(pieces: Iterable[bytes], file: BinaryIO) -> None:
        rows = map(cells_of, read_csv(_lines(pieces)))
        with ParquetWriter(file, schema) as writer:
            while group := list(islice(rows, _GROUP)):
                columns = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*group, strict=True), schema, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=schema))

    return write


def _type_of(column: str, pa: Any) -> Any:
    if column in _WHOLE_NUMBERS:
        return pa.int64()
    is_time = column == "arrived_at" or column.endswith("seconds")
    return pa.float64() if is_time else pa.string()


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    """Each with its end, whatever the pieces were."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode() + "\n"
    if rest:
        yield rest.decode()
