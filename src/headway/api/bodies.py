"""What the bodies of requests look like; each is checked at run time."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from headway.api.schemas.administration import Scope
from headway.api.settings_schema import settings_schema
from headway.control.credentials import secret_files
from headway.control.desired import catalog

MOST_LABEL = 128
LABEL = r"^[^\x00-\x1f\x7f]*$"
"""What people call a thing: no control characters, which databases and terminals do not take well."""


class Body(BaseModel):
    """The base of request bodies: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class NewEnvironment(Body):
    name: str = Field(json_schema_extra={"pattern": f"^{catalog.NAME.pattern}$"})


class NewConversation(Body):
    path: str = Field(
        default="websocket",
        max_length=2048,
        pattern=r"^(websocket|sync/[!$->@-~]*)(\?[!$-~]*)?$",
        description="`websocket`, or `sync/` and a path of the model's, with the query",
    )
    protocols: list[Annotated[str, Field(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", max_length=128)]] = Field(
        default=[], max_length=16, description="subprotocols that are offered"
    )


class Closing(Body):
    code: Literal[1000] | Annotated[int, Field(strict=True, ge=3000, le=4999)] = 1000
    reason: str = Field(default="", max_length=123)


class Burst(Body):
    count: int = Field(ge=1, le=64, description="requests that are sent at once")
    input: Any = Field(description="what each of them sends, as JSON")


Instant = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0, le=1e11)]


class WhatIf(Body):
    since: Instant | None = Field(
        default=None, description="seconds since 1970; else `seconds` before `until`"
    )
    until: Instant | None = Field(default=None, description="seconds since 1970; else now")
    seconds: int = Field(default=3600, strict=True, ge=60, le=86_400)
    changes: dict[str, Any] = Field(
        default_factory=dict, description="settings to try", json_schema_extra=settings_schema()
    )
    predict_concurrency: int | None = Field(
        default=None, strict=True, ge=1, le=1000, description="else the present one"
    )
    slo: float | None = Field(
        default=None,
        strict=True,
        allow_inf_nan=False,
        ge=0.001,
        le=86_400,
        description="seconds; what takes longer is a miss",
    )


class Promotion(Body):
    deployment_id: str


class NewKey(Body):
    name: str = Field(default="", max_length=MOST_LABEL, pattern=LABEL)
    scopes: list[Scope] = Field(default=["inference", "manage"], min_length=1)


class NewSecret(Body):
    name: str = Field(json_schema_extra={"pattern": f"^{secret_files.NAME.pattern}$"})
    value: str = Field(pattern=r"^[^\x00]*$")
