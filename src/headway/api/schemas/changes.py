"""The history of changes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from headway.control.store.rows import ChangeKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    id: Annotated[int, Field(description="rises; `older_than` takes it")]
    at: datetime
    by: Annotated[
        str,
        Field(
            description="the name of the key that it was asked for with, or how that begins if it has none; "
            "`no key`, or `Headway` for what it did by itself"
        ),
    ]
    key_prefix: Annotated[str | None, Field(description="how the key begins; null without one")]
    kind: Annotated[
        ChangeKind,
        Field(
            description="`takeover`: what was pushed or promoted serves its environment now; "
            "`given_up`: it never will, and the one before serves on"
        ),
    ]
    deployment_id: Annotated[
        str | None, Field(description="null for what belongs to an environment or the whole model")
    ]
    field: Annotated[str, Field(description="the setting, or the environment that moves; may be empty")]
    before: Annotated[Any, Field(description="the setting's value, or the deployment there before")]
    after: Annotated[Any, Field(description="the same after")]
    reason: Annotated[str, Field(description="why it was given up; else empty")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    changes: Annotated[list[Change], Field(description="the newest first")]
