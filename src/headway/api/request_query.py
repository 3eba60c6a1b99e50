"""What a deployment's requests and history are asked for by, in the address; each is checked at run time."""

import re
import time
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from headway.core.stages import Stage
from headway.observed.records import Outcome
from headway.observed.selection import Order, Page, Wanted
from headway.what_if.comparison import InvalidRangeError

_STATUS = re.compile(r"[1-5]xx|[1-5][0-9][0-9]|none")


def _status(text: str) -> str:
    if _STATUS.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no status: it is one such as 429, a class such as 5xx, or none")
    return text


Status = Annotated[
    str, AfterValidator(_status), Field(json_schema_extra={"pattern": f"^({_STATUS.pattern})$"})
]

Instant = Annotated[float, Field(allow_inf_nan=False)]


class RequestQuery(BaseModel):
    """Filters, each of which narrows what is listed. One that is given several times fits any of its values."""

    model_config = ConfigDict(extra="forbid")

    status: list[Status] = Field(
        default=[], description="What the client was told: 200, a class such as 5xx, or none."
    )
    outcome: list[Outcome] = Field(default=[], description="How it ended.")
    replica: list[str] = Field(default=[], description="The id of the replica that it went to.")
    stage: list[Stage] = Field(
        default=[],
        description="Where it ended; of a request that was answered whole, where it took longest.",
    )
    slower_than: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="It took more seconds than this, in all."
    )
    id: str = Field(default="", max_length=200, description="Any part of its id.")
    since: Instant | None = Field(
        default=None, description="It ended at this instant or later, in seconds since 1970."
    )
    until: Instant | None = Field(default=None, description="It ended before this instant.")
    seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        default=None, description="It ended in the last so many seconds before `until`, or now."
    )
    sort_by: Order = Field(
        default=Order.ENDED_AT,
        description="Those that ended or arrived last come first, or those that took longest: in all, until the first "
        "byte of the answer, or in a stage, and then only those that were in it.",
    )
    limit: int = Field(default=100, ge=1, le=10_000, description="So many.")
    offset: int = Field(default=0, ge=0, le=1_000_000, description="So many are passed over.")

    def wanted(self) -> Wanted:
        """Raises InvalidRangeError."""
        check_range(self.since, self.until)
        since = self.since
        if since is None and self.seconds is not None:
            since = (time.time() if self.until is None else self.until) - self.seconds
        return Wanted(
            statuses=frozenset(self.status),
            outcomes=frozenset(one.value for one in self.outcome),
            replicas=frozenset(self.replica),
            stages=frozenset(one.value for one in self.stage),
            slower_than=self.slower_than,
            id_part=self.id,
            since=since,
            until=self.until,
        )

    def page(self) -> Page:
        return Page(self.sort_by, self.limit, self.offset)


class HistoryQuery(BaseModel):
    """A time that has passed: so many seconds until now, or between two instants."""

    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(
        default=300, ge=60, le=86_400, description="How far back, where `since` is not given."
    )
    since: Instant | None = Field(
        default=None, description="The begin, in seconds since 1970; a day ago at most."
    )
    until: Instant | None = Field(default=None, description="The end; else now.")

    def check(self) -> None:
        """Raises InvalidRangeError."""
        check_range(self.since, self.until)


def check_range(since: float | None, until: float | None) -> None:
    """Raises InvalidRangeError."""
    if since is not None and until is not None and since >= until:
        raise InvalidRangeError("since is not before until", hint="since is the earlier one")
