"""`headway keys`: makes, lists and deletes API keys, through control or, while nothing runs, in the database itself."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer

from headway.cli import completion, options
from headway.cli.addresses import path_of
from headway.cli.asking import confirm
from headway.cli.client import AnswerError, Control, answering
from headway.cli.grouped import grouped
from headway.cli.sole_use import sole_use
from headway.cli.tables import messages, moment, show, show_json, table

if TYPE_CHECKING:
    from headway.configuration import Configuration
    from headway.control.store.rows import KeyRow
    from headway.control.store.store import Store

keys = typer.Typer(
    help="Make, list and delete API keys. From the first on, every call needs one.\n\n"
    "Example: headway keys create --name laptop",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """With the Headway at `url`, or in a database that none uses meanwhile."""

    url: options.ControlUrl = None
    data_dir: options.DataDir = None
    database_url: options.DatabaseUrl = None


@keys.command()
@grouped
def create(
    *,
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    scope: Annotated[
        list[str] | None,
        typer.Option(
            help="What it is good for: inference, manage, metrics. [default: the first two]",
            autocompletion=completion.scopes,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print the key and nothing else.")] = False,
    where: _Where,
    as_json: options.AsJson = False,
) -> None:
    """Make a key and print it, this once: only its digest is kept.

    While no Headway runs, or with --data-dir or --database-url, the key goes straight into the database, for the
    next start.

    Example: headway keys create --name laptop --scope inference
    """
    with _keys(where) as place:
        made = place.create(name, scope or ["inference", "manage"])
    if as_json:
        show_json(made)
        return
    typer.echo(made["api_key"])
    if not quiet:
        messages().print(
            f"it is good for {' and '.join(made['scopes'])}, and is not shown again; programs send it as "
            "Authorization: Bearer KEY, headway takes it from HEADWAY_API_KEY",
            markup=False,
        )


@keys.command("list")
@grouped
def list_keys(
    *,
    where: _Where,
    as_json: options.AsJson = False,
) -> None:
    """Show the keys there are, by how they begin.

    Example: headway keys list
    """
    with _keys(where) as place:
        found = place.all()
    if as_json:
        show_json({"api_keys": found})
    elif not found:
        show("there are no keys: whoever reaches Headway may do everything")
    else:
        rows = (
            (one["prefix"], one["name"], ", ".join(one["scopes"]), moment(one["created_at"])) for one in found
        )
        show(table(("prefix", "name", "scopes", "created"), rows))


@keys.command()
@grouped
def delete(
    *,
    prefix: Annotated[
        str,
        typer.Argument(
            metavar="PREFIX",
            help="How the key begins, as headway keys list shows it.",
            autocompletion=completion.keys,
        ),
    ],
    yes: options.Yes = False,
    where: _Where,
) -> None:
    """Delete a key: calls with it are refused from now on. It cannot be undone, so it asks.

    Example: headway keys delete hw_1a2b3c4d
    """
    with _keys(where) as place:
        found = next((one for one in place.all() if one["prefix"] == prefix), None)
        if found is not None:
            confirm(f"delete {_described(found)}? calls with it are refused at once.", yes=yes)
        place.delete(prefix)  # or its error, which names the nearest
    show(f"{prefix} is deleted")


def _described(key: Any) -> str:
    name = f"{key['name']!r}, " if key["name"] else ""
    return f"the key {key['prefix']} ({name}good for {' and '.join(key['scopes'])})"


class _Keys(Protocol):
    """Keys as the API shows them, wherever they are kept."""

    def create(self, name: str, scopes: list[str]) -> Any: ...

    def all(self) -> list[Any]: ...

    def delete(self, prefix: str) -> None: ...


@contextlib.contextmanager
def _keys(where: _Where) -> "Iterator[_Keys]":
    """Those of the Headway that answers; or of the one that could start here, where none does or a place is named."""
    from headway.configuration import Configuration

    configuration = Configuration.load().with_changes(
        data_dir=where.data_dir, database_url=where.database_url
    )
    if where.data_dir is None and where.database_url is None:
        with answering(where.url) as control:
            if control is not None:
                yield _RunningKeys(control)
                return
    elif where.url is not None:
        raise typer.BadParameter("give --url, or the place of a database, not both")
    with _store(configuration) as store:
        yield _StoredKeys(store, configuration.data_dir)


class _RunningKeys:
    def __init__(self, control: Control) -> None:
        self._control = control

    def create(self, name: str, scopes: list[str]) -> Any:
        return self._control.post("/v1/api_keys", {"name": name, "scopes": scopes})

    def all(self) -> list[Any]:
        found: list[Any] = self._control.get("/v1/api_keys")["api_keys"]
        return found

    def delete(self, prefix: str) -> None:
        self._control.delete(path_of("v1", "api_keys", prefix))


class _StoredKeys:
    """Who may write to the database needs no key."""

    def __init__(self, store: "Store", data_dir: Path) -> None:
        self._store = store
        self._data_dir = data_dir

    def create(self, name: str, scopes: list[str]) -> Any:
        from headway.control.credentials.keys import new_key

        text, row = new_key(name, scopes, time.time())
        self._store.add_key(row)
        self._note_change()
        return {**_document(row), "api_key": text}

    def all(self) -> list[Any]:
        return [_document(row) for row in self._store.load().keys]

    def delete(self, prefix: str) -> None:
        from headway.core.settings import nearest

        if not self._store.delete_key(prefix):
            hint = nearest(prefix, [row.prefix for row in self._store.load().keys])
            raise AnswerError(f"no key begins with {prefix!r}", hint=hint, code="not_found")
        self._note_change()

    def _note_change(self) -> None:
        from headway.processes.bootstrap import forget_saved_table

        forget_saved_table(self._data_dir)


@contextlib.contextmanager
def _store(configuration: "Configuration") -> "Iterator[Store]":
    """The database, which no Headway uses meanwhile. Raises RootError when one does."""
    from headway.control.store.store import Store

    with sole_use(configuration, left_out="neither data directory nor database") as url:
        store = Store(url)
        try:
            store.migrate()
            yield store
        finally:
            store.close()


def _document(row: "KeyRow") -> dict[str, Any]:
    from datetime import UTC, datetime

    created_at = datetime.fromtimestamp(row.created_at, UTC).isoformat()
    return {"prefix": row.prefix, "name": row.name, "scopes": list(row.scopes), "created_at": created_at}
