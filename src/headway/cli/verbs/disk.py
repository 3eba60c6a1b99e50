"""`headway disk`: what takes how much of the disk, and for what."""

from typing import Any

from headway.cli import options
from headway.cli.disk_access import disk_of, short, size
from headway.cli.tables import moment, show, show_json, table

_COLUMNS = ("what", "name", "size", "used by", "last used")


def disk(
    *, url: options.ControlUrl = None, data_dir: options.DataDir = None, as_json: options.AsJson = False
) -> None:
    """Show what Headway keeps on its disk, and how much is free. The largest comes first. While no Headway runs, or
    with --data-dir, the data directory itself is looked at.

    Example: headway disk
    """
    with disk_of(url, data_dir) as place:
        content = place.usage()
    if as_json:
        show_json(content)
        return
    entries = content["entries"]
    show(
        table(_COLUMNS, map(_row, entries)),
        f"{size(sum(one['size_bytes'] for one in entries))} in {content['data_dir']}; "
        f"{size(content['free_bytes'])} of {size(content['total_bytes'])} are free, "
        f"and a push has to leave {size(content['min_free_bytes'])}",
    )


def _row(entry: Any) -> tuple[Any, ...]:
    last_use = entry["last_used_at"]
    return (
        entry["what"],
        short(entry["name"]),
        size(entry["size_bytes"]),
        ", ".join(entry["used_by"]),
        None if last_use is None else moment(last_use).partition(" ")[0],
    )
