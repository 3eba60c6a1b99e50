"""`headway prune`: removes what nobody needs any more."""

from typing import Annotated

import typer

from headway.cli import options
from headway.cli.disk_access import disk_of, size
from headway.cli.tables import show, show_json, table

_COLUMNS = ("what", "name", "size", "why")


def prune(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")] = False,
    url: options.ControlUrl = None,
    data_dir: options.DataDir = None,
    as_json: options.AsJson = False,
) -> None:
    """Remove replaced deployments and files that nobody needs, beyond what HEADWAY_KEEP_DEPLOYMENTS and
    HEADWAY_KEEP_DAYS keep. A Headway that runs does so by itself. While none does, or with --data-dir, the data
    directory itself is seen to.

    Example: headway prune --dry-run
    """
    with disk_of(url, data_dir) as place:
        content = place.prune(dry_run=dry_run)
    if as_json:
        show_json(content)
        return
    removed = content["removed"]
    if not removed:
        show("there is nothing that nobody needs")
        return
    rows = ((one["what"], one["name"], size(one["size_bytes"]), one["reason"]) for one in removed)
    done = "would be" if dry_run else "are"
    show(table(_COLUMNS, rows), f"{size(content['size_bytes'])} {done} freed")
