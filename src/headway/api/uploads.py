"""Takes a Truss that comes as the body of a request, and has it deployed."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from headway.control.operations import Operations, Push
from headway.control.packages.archives import InvalidArchiveError, unpack
from headway.control.platform import Deployment
from headway.core.errors import HeadwayError, InvalidSettingError

MOST_BYTES = 4 * 1024**3


class TooLargeError(HeadwayError):
    code = "too_large"


async def deploy(body: AsyncIterator[bytes], operations: Operations, order: Push) -> Deployment:
    """Raises TooLargeError, InvalidArchiveError and whatever `Operations.push` raises."""
    uploads = operations.places.data_dir / "uploads"
    uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, dir=uploads))
    try:
        archive, unpacked = folder / "archive", folder / "unpacked"
        await _receive(body, archive)
        unpacked.mkdir()
        truss = await asyncio.to_thread(unpack, archive, unpacked)
        return await operations.push(truss, order)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def read_settings(text: str) -> dict[str, Any]:
    """Settings by their names, from JSON. Raises InvalidSettingError."""
    try:
        content = json.loads(text or "{}")
    except ValueError as error:
        raise InvalidSettingError(f"settings are no JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidSettingError("settings are no object", hint='write {"max_replica": 4}')
    return content


async def _receive(body: AsyncIterator[bytes], archive: Path) -> None:
    size = 0
    with archive.open("wb") as file:
        async for chunk in body:
            size += len(chunk)
            if size > MOST_BYTES:
                raise TooLargeError(
                    f"the archive has more than {MOST_BYTES:,} bytes",
                    hint="load weights in the model instead",
                )
            file.write(chunk)
    if not size:
        raise InvalidArchiveError("nothing was sent", hint="send a .tar.gz or .zip of the Truss's folder")
