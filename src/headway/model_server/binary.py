"""The values that msgpack lacks, as maps with bytes keys: numpy arrays and scalars, dates, decimals, UUIDs.

The maps are those of the msgpack-numpy package and of Truss, so that their clients and servers understand them.
Arrays of objects, which that package pickles, are refused both ways.
"""

import datetime as dt
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

_DATA = b"data"


def to_map(value: Any) -> dict[bytes, Any]:
    """The map that stands for a value. Raises TypeError for one that has none."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray | numpy.generic):
        return _from_numpy(numpy, value)
    for kind, key, pack in _PACKED:
        if isinstance(value, kind):
            return {key: True, _DATA: pack(value)}
    raise TypeError(f"can not serialize {type(value).__name__!r} object")


def from_map(found: dict[Any, Any]) -> Any:
    """The value that a map stands for; any other map as it is.

    What it raises for a map that is not as it should be depends on the type that the map names.
    """
    if b"nd" in found:
        return _to_numpy(found)
    if _DATA in found:
        for key, unpack in _UNPACKED.items():
            if key in found:
                return unpack(found[_DATA])
    return found


def _from_numpy(numpy: Any, value: Any) -> dict[bytes, Any]:
    if value.dtype.hasobject:
        raise TypeError("can not serialize a numpy array of objects; give it a plain dtype")
    is_structured = value.dtype.kind == "V"
    descriptor = value.dtype.descr if is_structured else value.dtype.str
    if isinstance(value, numpy.ndarray):
        kind = b"V" if is_structured else b""
        return {
            b"nd": True,
            b"type": descriptor,
            b"kind": kind,
            b"shape": value.shape,
            _DATA: value.tobytes(),
        }
    return {b"nd": False, b"type": descriptor, _DATA: value.tobytes()}


def _to_numpy(found: dict[Any, Any]) -> Any:
    try:
        import numpy as np
    except ModuleNotFoundError as error:
        raise ValueError("an array came in, but the model's requirements do not name numpy") from error
    dtype, data = np.dtype(_descriptor(found[b"type"])), found[_DATA]
    shape = found[b"shape"] if found[b"nd"] else ()
    # An item size of 0 would let a few bytes stand for an array of any length, and without a buffer numpy
    # would hand out memory as it finds it.
    if dtype.hasobject or not dtype.itemsize or not isinstance(data, bytes) or min(shape, default=0) < 0:
        raise ValueError("unsupported payload")
    # Copied, because a model may write into its inputs and the body is read-only.
    array = np.ndarray(buffer=data, dtype=dtype, shape=shape).copy()
    return array if found[b"nd"] else array[()]


def _descriptor(packed: Any) -> Any:
    """A dtype's description; msgpack made lists of the tuples that numpy wants for a structured one."""
    if isinstance(packed, bytes):
        return packed.decode()
    if not isinstance(packed, list):
        return packed
    return [(name, _descriptor(kind), *map(tuple, shape)) for name, kind, *shape in packed]


def _iso(value: dt.datetime) -> str:
    text = value.isoformat()
    return f"{text[:-6]}Z" if text.endswith("+00:00") else text


def _naive_iso(value: dt.time) -> str:
    if value.utcoffset() is not None:
        raise ValueError("a time with a time zone cannot be sent")
    return value.isoformat()


_PACKED: tuple[tuple[type, bytes, Callable[[Any], Any]], ...] = (
    # A datetime is a date too, so it comes first.
    (dt.datetime, b"__dt_datetime_iso__", _iso),
    (dt.date, b"__dt_date_iso__", dt.date.isoformat),
    (dt.time, b"__dt_time_iso__", _naive_iso),
    (dt.timedelta, b"__dt_timedelta__", lambda value: (value.days, value.seconds, value.microseconds)),
    (Decimal, b"__decimal__", str),
    (UUID, b"__uuid__", str),
    (complex, b"complex", repr),
)

_UNPACKED: dict[bytes, Callable[[Any], Any]] = {
    b"__dt_datetime_iso__": dt.datetime.fromisoformat,
    b"__dt_date_iso__": dt.date.fromisoformat,
    b"__dt_time_iso__": dt.time.fromisoformat,
    b"__dt_timedelta__": lambda parts: dt.timedelta(*parts),
    b"__decimal__": Decimal,
    b"__uuid__": UUID,
    b"complex": complex,
}
