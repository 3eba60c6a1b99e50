"""Who has asked for what is done now: the key that let a request in, by its name. It judges nobody."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from headway.control.store.rows import KeyRow


@dataclass(frozen=True, slots=True)
class Author:
    """As changes are told of him."""

    name: str
    key_prefix: str = ""
    """How his key begins; empty without one."""


ITSELF = Author("Headway")
NO_KEY = Author("no key")
_author: ContextVar[Author] = ContextVar("author", default=ITSELF)


def author() -> Author:
    """Headway itself, where nobody has asked."""
    return _author.get()


@contextmanager
def asked_with(key: KeyRow | None) -> Iterator[None]:
    """What the block does, and what it begins, was asked for with this key; None: without one."""
    token = _author.set(NO_KEY if key is None else Author(key.name or key.prefix, key.prefix))
    try:
        yield
    finally:
        _author.reset(token)
