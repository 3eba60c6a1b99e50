"""Records of requests in the store while control runs: read back at its start, read out as CSV, kept within bounds."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from headway.configuration import KEEP_REQUEST_DAYS, KEEP_REQUESTS
from headway.control.errors import NotFoundError, RefusedError
from headway.control.store.failures import StoreError
from headway.control.store.persistence import Persistence
from headway.control.store.recent_requests import RequestHistory
from headway.control.store.rows import Asked, Place
from headway.observed.records import RequestRecord
from headway.observed.request_table import csv_header, csv_of

_logger = logging.getLogger(__name__)

_DAY = 86_400.0
_PAGE = 1000
"""Records read at once: about 20 ms, for which a change of settings may have to wait."""
_PAUSE = 100e-6
"""For each record that is read back: the start of control has more to do."""
_DROP_EVERY = 60.0
_DROPPED_AT_ONCE = 10_000
"""About 0.1 s."""


@dataclass(frozen=True, slots=True)
class RequestBounds:
    """How many records are stored in all, and for how many days. With 0 of either none are."""

    most: int = KEEP_REQUESTS
    days: int = KEEP_REQUEST_DAYS


class StoredRequests:
    """`clock` tells seconds since 1970."""

    def __init__(
        self, persistence: Persistence, bounds: RequestBounds, clock: Callable[[], float] = time.time
    ) -> None:
        self._persistence = persistence
        self._bounds = bounds
        self._clock = clock

    async def read_back(self, history: RequestHistory) -> None:
        """Put the newest of each deployment into `history`, as many as it keeps, of what a former life of control
        stored. To be begun before gateways are listened to: what they tell is newer.
        """
        try:
            up_to = await self._persistence.call(self._persistence.store.last_request)
            unread: dict[str, Place | None] = dict.fromkeys(self._persistence.desired_state.deployments)
            while unread:  # in turns, so that each gets its share of the room
                for deployment_id, after in list(unread.items()):
                    end = await self._read_page_back(history, Asked(deployment_id, up_to), after)
                    if end is None:
                        del unread[deployment_id]
                    else:
                        unread[deployment_id] = end
        except StoreError as error:
            _logger.error("records of earlier requests cannot be read: %s", error)  # noqa: TRY400

    async def csv(
        self, deployment_id: str, since: float | None = None, until: float | None = None
    ) -> AsyncIterator[str]:
        """All that gateways have told up to now of requests that arrived from `since` on and before `until`, as CSV:
        its header with the first lines, then page by page. Raises StoreError, RefusedError when none are kept, and
        NotFoundError when the deployment is deleted before the last page.
        """
        if not self.are_kept:
            raise RefusedError(
                "no records of requests are stored here",
                hint="start Headway with HEADWAY_KEEP_REQUESTS and HEADWAY_KEEP_REQUEST_DAYS above 0; those in memory "
                "are listed by headway requests",
            )
        deployments, store = self._persistence.desired_state.deployments, self._persistence.store
        exported = deployments.get(deployment_id)
        await self._persistence.save()
        asked = Asked(deployment_id, await self._persistence.call(store.last_request), since, until)

        def read_in_thread(after: Place | None) -> tuple[str, Place | None]:
            page = store.requests(asked, _PAGE, after)
            return csv_of(page.records), page.end

        async def read(after: Place | None) -> tuple[str, Place | None]:
            page = await self._persistence.call(read_in_thread, after)
            present = deployments.get(deployment_id)
            if present is None or exported is None or present.created_at != exported.created_at:
                # its records have gone with it
                raise NotFoundError(f"{deployment_id} was deleted while its requests were exported")
            return page

        lines, end = await read(None)
        yield csv_header() + lines
        while end is not None:
            lines, end = await read(end)
            yield lines

    @property
    def are_kept(self) -> bool:
        return self._bounds.most > 0 and self._bounds.days > 0

    async def newest(
        self, deployment_id: str, since: float, until: float
    ) -> AsyncIterator[Sequence[RequestRecord]]:
        """All that gateways have told up to now of requests that arrived from `since` on and before `until`, page by
        page, the newest first. No page is empty. Raises StoreError.
        """
        await self._persistence.save()
        store = self._persistence.store
        asked = Asked(deployment_id, await self._persistence.call(store.last_request), since, until)
        after: Place | None = None
        while True:
            page = await self._persistence.call(store.requests, asked, _PAGE, after, newest_first=True)
            if page.records:
                yield page.records
            if page.end is None:
                return
            after = page.end

    async def keep_bounded(self) -> None:
        """Drop what is too old or too much, until cancelled."""
        while True:
            await self.drop_surplus()
            await asyncio.sleep(_DROP_EVERY)

    async def drop_surplus(self) -> None:
        """Drop what is too old or too much now, in parts between which others have the store."""
        try:
            while await self._drop() >= _DROPPED_AT_ONCE:
                pass
        except StoreError as error:
            _logger.error("old records of requests cannot be dropped: %s", error)  # noqa: TRY400

    async def _drop(self) -> int:
        return await self._persistence.call(
            self._persistence.store.drop_requests,
            most=self._bounds.most,
            before=self._clock() - self._bounds.days * _DAY,
            limit=_DROPPED_AT_ONCE,
        )

    async def _read_page_back(
        self, history: RequestHistory, asked: Asked, after: Place | None
    ) -> Place | None:
        """Where to go on; None when nothing is left, or no room."""
        store = self._persistence.store
        page = await self._persistence.call(store.requests, asked, _PAGE, after, newest_first=True)
        if asked.deployment_id not in self._persistence.desired_state.deployments:
            return None  # it was deleted meanwhile
        has_room = history.restore(asked.deployment_id, page.records)
        await asyncio.sleep(_PAUSE * len(page.records))
        return page.end if has_room else None
