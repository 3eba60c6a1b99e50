"""A data directory for a command alone, while no Headway runs on it."""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headway.configuration import Configuration


@contextlib.contextmanager
def sole_use(configuration: "Configuration", *, left_out: str) -> Iterator[str]:
    """The address of its database, which nobody else uses meanwhile. Raises RootError when a Headway does; its hint
    says to name control, and `left_out` not.
    """
    from headway.processes import bootstrap, folders
    from headway.processes.listening import RootError

    configuration.make_directories()
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(folders.sole_user_of(configuration.data_dir))
        except RootError as error:
            hint = f"go through it: name its control with --url, and {left_out}"
            raise RootError(error.message, hint=hint) from error
        yield configuration.database_url or bootstrap.lasting_database_url(configuration.data_dir)
