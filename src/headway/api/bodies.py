"""What the bodies of requests look like; each is checked at run time."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from headway.api.schemas import Scope
from headway.control import catalog, secret_files

MOST_LABEL = 128
LABEL = r"^[^\x00-\x1f\x7f]*$"
"""What people call a thing: no control characters, which databases and terminals do not take well."""


class Body(BaseModel):
    """The base of request bodies: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid")


class NewEnvironment(Body):
    name: str = Field(json_schema_extra={"pattern": f"^{catalog.NAME.pattern}$"})


class Burst(Body):
    count: int = Field(ge=1, le=64, description="requests that are sent at once")
    input: Any = Field(description="what each of them sends, as JSON")


class Promotion(Body):
    deployment_id: str


class NewKey(Body):
    name: str = Field(default="", max_length=MOST_LABEL, pattern=LABEL)
    scopes: list[Scope] = Field(default=["inference", "manage"], min_length=1)


class NewSecret(Body):
    name: str = Field(json_schema_extra={"pattern": f"^{secret_files.NAME.pattern}$"})
    value: str = Field(pattern=r"^[^\x00]*$")
