"""What can go wrong with the store, in words for people: a driver's error becomes a StoreError here."""

from sqlalchemy.exc import DBAPIError, OperationalError, StatementError

from headway.core.errors import HeadwayError

_ADVICE = {
    "SQLITE_BUSY": "another program holds the database; end it, or try again",
    "SQLITE_LOCKED": "another program holds the database; end it, or try again",
    "SQLITE_CANTOPEN": "see that its directory exists and that you may write to it",
    "SQLITE_READONLY": "see that you may write to the file and its directory",
    "SQLITE_FULL": "make room on the disk, then try again",
    "SQLITE_IOERR": "see to the disk it lies on, then try again",
    "SQLITE_CORRUPT": "restore a backup, or begin anew with another --data-dir",
    "SQLITE_NOTADB": "restore a backup, name another file, or begin anew with another --data-dir",
    "SQLITE_CONSTRAINT": "what the change names is not there any more, or is there already",
    "08": "see that the server runs, then try again",
    "23": "what the change names is not there any more, or is there already",
    "28": "see to the user and the password in its URL",
    "3D": "make the database first: createdb",
    "40": "another program changed the same at the same time; try again",
    "42501": "give the user of its URL all rights on the database and its schema",
    "42P01": "its schema is not made yet, or not Headway's",
    "53": "see to the server's disk, memory and connections, then try again",
    "55P03": "another program holds the database; end it, or try again",
    "57": "the server stops or starts, or the call took too long; try again",
}
"""By SQLite's name for the error, or by the beginning of PostgreSQL's code for it; the longest that fits counts."""


class StoreError(HeadwayError):
    """The database cannot be used, or refuses what was asked."""

    code = "store"
    may_pass = True


class UnusableStoreError(StoreError):
    """It cannot be used until somebody has seen to it."""

    may_pass = False


_LASTING = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "28", "3D", "42501")
"""What no waiting mends, named as above."""


def explained(error: Exception, place: str) -> StoreError:
    """The error in the driver's own words, which name no value of a row, with what to do about it."""
    cause = error.orig if isinstance(error, StatementError) and error.orig is not None else error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    kind = UnusableStoreError if _name(cause).startswith(_LASTING) else StoreError
    return kind(f"the database {place} failed: {lines[0]}", hint=_advice(error, cause))


def _advice(error: Exception, cause: BaseException) -> str:
    name = _name(cause)
    if fitting := [start for start in _ADVICE if name.startswith(start)]:
        return _ADVICE[max(fitting, key=len)]
    if "no such table" in str(cause):
        return _ADVICE["42P01"]
    if not isinstance(error, DBAPIError):
        return "text must be Unicode, and mappings such as JSON can hold"
    return _ADVICE["08"] if isinstance(error, OperationalError) and not name else ""


def _name(cause: BaseException) -> str:
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or ""
