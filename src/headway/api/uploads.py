"""Takes a Truss that comes as the body of a request, and has it deployed."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from starlette.requests import Request

from headway.control.desired.state import Deployment
from headway.control.errors import InvalidNameError
from headway.control.operations.operations import Operations, Push
from headway.control.packages.archives import InvalidArchiveError, unpack
from headway.control.storage import StorageError
from headway.core.errors import HeadwayError, InvalidSettingError
from headway.model_server.truss.truss_config import read_truss

MOST_BYTES = 4 * 1024**3
_WRITTEN_AT_ONCE_BYTES = 1024 * 1024


class TooLargeError(HeadwayError):
    code = "too_large"


async def deploy(body: AsyncIterator[bytes], operations: Operations, order: Push) -> Deployment:
    """Raises TooLargeError, StorageError, InvalidArchiveError and whatever `Operations.push` raises."""
    folder = await asyncio.to_thread(_new_folder, _uploads(operations.places.data_dir))
    try:
        archive, unpacked = folder / "archive", folder / "unpacked"
        await _receive(body, archive)
        truss = await asyncio.to_thread(unpack, archive, unpacked)
        if order.model is None and truss == unpacked:
            await asyncio.to_thread(_require_model_name, truss)
        return await operations.push(truss, order, archive=unpacked)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def length_of(request: Request) -> int:
    """The bytes that are to come, as far as the request says."""
    told = request.headers.get("content-length", "")
    return int(told) if told.isdecimal() else 0


def discard_leftovers(data_dir: Path) -> None:
    """Remove what an earlier life of control had not finished taking."""
    shutil.rmtree(_uploads(data_dir), ignore_errors=True)


def read_settings(text: str) -> dict[str, Any]:
    """Settings by their names, from JSON. Raises InvalidSettingError."""
    try:
        content = json.loads(text or "{}")
    except (ValueError, RecursionError) as error:
        raise InvalidSettingError(f"settings are no JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidSettingError("settings are no object", hint='write {"max_replica": 4}')
    return content


def _uploads(data_dir: Path) -> Path:
    return data_dir / "uploads"


def _new_folder(uploads: Path) -> Path:
    try:
        uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=uploads))
        (folder / "unpacked").mkdir()
    except OSError as error:
        raise _storage_error(error) from error
    return folder


async def _receive(body: AsyncIterator[bytes], archive: Path) -> None:
    """In pieces, each written in a thread: a slow disk must not hold up everything else."""
    size, piece = 0, bytearray()
    try:
        with archive.open("wb") as file:
            async for chunk in body:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise TooLargeError(
                        f"the archive has more than {MOST_BYTES:,} bytes",
                        hint="load weights in the model instead",
                    )
                piece += chunk
                if len(piece) >= _WRITTEN_AT_ONCE_BYTES:
                    await asyncio.to_thread(file.write, bytes(piece))
                    piece.clear()
            file.write(piece)
    except OSError as error:
        raise _storage_error(error) from error
    if not size:
        raise InvalidArchiveError("nothing was sent", hint="send a .tar.gz or .zip of the Truss's folder")


def _storage_error(error: OSError) -> StorageError:
    return StorageError.of("the archive cannot be kept", error)


def _require_model_name(truss: Path) -> None:
    """An archive without a folder around it has nothing else that could name the model."""
    if not read_truss(truss).model_name:
        raise InvalidNameError(
            "config.yaml has no model_name",
            hint="add one, or push to /v1/models/NAME/deployments",
        )
