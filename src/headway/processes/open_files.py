"""Lets a process that many connect to open as many files as it may."""

import logging
import resource

_logger = logging.getLogger(__name__)


def raise_file_limit(wanted: int) -> None:
    """A connection is an open file: 10,000 that wait need as many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    possible = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
    if soft < possible:
        resource.setrlimit(resource.RLIMIT_NOFILE, (possible, hard))
    if possible < wanted:
        _logger.warning(
            "this process may open %d files, so about as many requests; raise it with ulimit -n", possible
        )
