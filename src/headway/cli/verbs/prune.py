"""`headway prune`: removes what nobody needs any more."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from headway.cli import options
from headway.cli.asking import confirm
from headway.cli.disk_access import disk_of, short, size
from headway.cli.tables import console, show, show_json, table

if TYPE_CHECKING:
    from rich.console import Console

_COLUMNS = ("what", "name", "size", "why")


def prune(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    yes: options.Yes = False,
    url: options.ControlUrl = None,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Remove what nobody needs. That is replaced deployments and files, beyond what HEADWAY_KEEP_DEPLOYMENTS and
    HEADWAY_KEEP_DAYS keep. It shows them and asks, for it cannot be undone; a Headway that runs does so by itself.
    While none does, or with --data-dir, the data directory itself is seen to.

    Example: headway prune --dry-run
    """
    with disk_of(url, data_dir) as place:
        content = place.prune(dry_run=dry_run or not yes)
        asks = bool(content["removed"]) and not dry_run and not yes
        if asks:
            _show_entries(content, console(stderr=True))
            confirm(f"remove {_in_number(content)}?", yes=yes)
            content = place.prune(dry_run=False)
    if as_json:
        show_json(content)
        return
    if not content["removed"]:
        show("there is nothing that nobody needs")
        return
    if not asks:
        _show_entries(content, console())
    show(f"{size(content['size_bytes'])} {'would be' if dry_run else 'are'} freed")


def _in_number(content: Any) -> str:
    return f"{'it' if len(content['removed']) == 1 else 'them'}, {size(content['size_bytes'])}"


def _show_entries(content: Any, out: "Console") -> None:
    rows = (
        (one["what"], short(one["name"]), size(one["size_bytes"]), one["reason"])
        for one in content["removed"]
    )
    out.print(table(_COLUMNS, rows), soft_wrap=False)
