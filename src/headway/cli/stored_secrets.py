"""The secrets that are stored in a running Headway, for verbs that can do without it: asked for when one matters."""

from functools import cached_property

from headway.cli.client import Control
from headway.core.errors import HeadwayError


class StoredSecrets:
    """Of the Headway at `url`, else of the configuration's."""

    def __init__(self, url: str | None) -> None:
        self._url = url
        self.unknown: HeadwayError | None = None
        """Why they could not be asked for, once that was tried."""

    def __contains__(self, name: object) -> bool:
        return name in self._names

    @cached_property
    def _names(self) -> frozenset[str]:
        try:
            with Control.at(self._url) as control:
                return frozenset(one["name"] for one in control.get("/v1/secrets")["secrets"])
        except HeadwayError as error:
            self.unknown = error
        except (LookupError, TypeError):
            self.unknown = HeadwayError("something else than Headway answers")
        return frozenset()
