"""API keys, models' secrets and the disk."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

Scope = Literal["inference", "manage", "metrics"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    prefix: str
    name: str
    scopes: list[str]
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedKey(Key):
    api_key: Annotated[str, Field(description="shown this once")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    api_keys: list[Key]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Secrets:
    secrets: list[Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    free_bytes: int
    total_bytes: int
    min_free_bytes: Annotated[int, Field(description="what a push has to leave free")]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskEntry:
    what: Annotated[
        str, Field(description="snapshots, environments, downloads, logs, or what else lies there")
    ]
    name: str
    size_bytes: int
    used_by: Annotated[list[str], Field(description="the deployments, as model: id")]
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    data_dir: str
    free_bytes: int
    total_bytes: int
    min_free_bytes: Annotated[int, Field(description="what a push has to leave free")]
    entries: list[DiskEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    what: Annotated[str, Field(description="deployments, or a kind of files")]
    name: str
    size_bytes: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    dry_run: Annotated[bool, Field(description="whether this is only what would be removed")]
    removed: list[Removed]
    size_bytes: int
