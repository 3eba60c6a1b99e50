"""A disk that takes nothing more, for what Python writes: a stand-in at the calls of the operating system."""

import builtins
import contextlib
import errno
import io
import os
from pathlib import Path

FULL, READ_ONLY, FORBIDDEN, BROKEN = errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EIO
FAULTS = (FULL, READ_ONLY, FORBIDDEN, BROKEN)


class Disk:
    """Within `failing` whatever would write below one of the places fails; reading goes on."""

    def __init__(self, monkeypatch):
        self._places, self._fault, self._filling = (), FULL, None
        for name in ("mkdir", "symlink", "replace", "rename"):
            monkeypatch.setattr(os, name, self._guarded(getattr(os, name)))
        monkeypatch.setattr(os, "unlink", self._guarded(os.unlink, needs_room=False))
        monkeypatch.setattr(os, "open", self._opening(os.open))
        opening = self._opening_file(io.open)
        monkeypatch.setattr(io, "open", opening)
        monkeypatch.setattr(builtins, "open", opening)

    @contextlib.contextmanager
    def failing(self, fault, *places):
        self._places, self._fault = places, fault
        try:
            yield
        finally:
            self._places = ()

    @contextlib.contextmanager
    def filling(self, place):
        """A file below the place can be made, and then there is no room for what is in it."""
        self._filling = place
        try:
            yield
        finally:
            self._filling = None

    def _refuse(self, path, *, needs_room=True):
        if isinstance(path, int) or (self._fault == FULL and not needs_room):
            return
        if any(Path(os.fsdecode(path)).is_relative_to(one) for one in self._places):
            raise OSError(self._fault, os.strerror(self._fault), os.fsdecode(path))

    def _guarded(self, call, **options):
        def guarded(path, *arguments, **known):
            self._refuse(path, **options)
            return call(path, *arguments, **known)

        return guarded

    def _opening(self, call):
        def opening(path, flags, *arguments, **known):
            if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                self._refuse(path)
            return call(path, flags, *arguments, **known)

        return opening

    def _opening_file(self, call):
        def opening(path, mode="r", *arguments, **known):
            if set(mode) & set("wax+"):
                self._refuse(path)
                if self._filling is not None and Path(os.fsdecode(path)).is_relative_to(self._filling):
                    path = "/dev/full"
            return call(path, mode, *arguments, **known)

        return opening
