"""Downloads a file once and keeps it by its URL. It resumes what broke off, and gives up soon."""

import hashlib
import time
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from headway.control.packages.entries import PreparationError, Progress, build_once

ATTEMPTS = 3
PAUSE = 1.0

_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_SHOWN_EVERY = 1.0
_MEGABYTE = 1_000_000
_PARTIAL = 206


def download(url: str, downloads_dir: Path, progress: Progress) -> Path:
    """The file behind `url` (http, https), downloaded unless it was before. Raises PreparationError.

    What stands behind the URL later is not looked at again.
    """
    entry = downloads_dir / hashlib.sha256(url.encode()).hexdigest()[:32]
    build_once(entry, lambda where: _Download(url, where / "content", progress).run(), progress)
    return entry / "content"


class _Download:
    def __init__(self, url: str, target: Path, progress: Progress) -> None:
        self._url = url
        self._target = target
        self._progress = progress
        self._version = ""
        """The server's name for the version that was begun: only of the same one the rest can be asked for."""

    def run(self) -> dict[str, Any]:
        for left in reversed(range(ATTEMPTS)):
            try:
                self._attempt()
                break
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                if not left or not _may_pass(error):
                    raise PreparationError(
                        f"cannot download {self._url}: {_words(error)}",
                        hint="see whether this machine reaches it; proxies are taken from HTTPS_PROXY",
                    ) from error
                self._progress(f"trying {self._url} again: {_words(error)}")
                time.sleep(PAUSE)
        self._target.chmod(0o444)  # every Truss that names the URL gets this very file
        with self._target.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"url": self._url, "sha256": digest, "size": self._target.stat().st_size}

    def _attempt(self) -> None:
        have = self._target.stat().st_size if self._version and self._target.exists() else 0
        headers = {"accept-encoding": "identity"}
        if have:
            headers |= {"range": f"bytes={have}-", "if-range": self._version}
        with httpx.stream(
            "GET", self._url, headers=headers, timeout=_TIMEOUT, follow_redirects=True
        ) as answer:
            answer.raise_for_status()
            have = have if answer.status_code == _PARTIAL else 0
            self._version = answer.headers.get("etag", "")
            if self._version.startswith("W/"):  # a weak one does not promise equal bytes
                self._version = ""
            with self._target.open("ab" if have else "wb") as file:
                self._receive(answer, file, have)

    def _receive(self, answer: httpx.Response, file: BinaryIO, have: int) -> None:
        whole = have + int(answer.headers.get("content-length", 0))
        of_whole = f" of {whole / _MEGABYTE:.1f}" if whole > have else ""
        show_at = 0.0
        for piece in answer.iter_bytes():
            file.write(piece)
            have += len(piece)
            if time.monotonic() >= show_at:
                self._progress(f"downloading {self._url}: {have / _MEGABYTE:.1f}{of_whole} MB")
                show_at = time.monotonic() + _SHOWN_EVERY


def _may_pass(error: Exception) -> bool:
    """Whether the same request may well succeed a little later."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.is_server_error
    return isinstance(error, httpx.TransportError) and not isinstance(error, httpx.UnsupportedProtocol)


def _words(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"the server answered {error.response.status_code}"
    return str(error) or type(error).__name__
