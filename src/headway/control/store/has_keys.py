"""Whether there are API keys: `python -m headway.control.store.has_keys`, for who must not know SQL itself.

The database is the one of HEADWAY_DATABASE_URL. The exit code is 0 with keys, 3 with none, 1 with an error on stderr.
"""

import sys

from headway.configuration import Configuration
from headway.control.store.store import Store
from headway.core.errors import HeadwayError

_YES, _FAILED, _NO = 0, 1, 3


def main() -> int:
    try:
        return _YES if _has_keys(Configuration.load().database_url or "") else _NO
    except HeadwayError as error:
        sys.stderr.write(f"{error}\n")
        return _FAILED


def _has_keys(url: str) -> bool:
    store = Store(url)
    try:
        store.migrate()  # an older one, or a new one, has the table too then
        return store.has_keys()
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main())
