"""Asks a Headway over HTTP, with the configuration's key; what goes wrong becomes an error in words for people."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

from headway import __version__
from headway.cli.addresses import control_url
from headway.cli.api_key import STATUSES, headers_of, require_accepted
from headway.cli.exit_codes import NobodyAnswersError, UnavailableError
from headway.core.errors import HeadwayError, InvalidSettingError

if TYPE_CHECKING:
    import httpx

_CONNECT_TIMEOUT = 5.0
_TIMEOUT = 60.0
_OF_AN_ERROR = {"code", "message", "hint"}
"""What errors of Headway's own say."""
_OF_CONTROL = "not_found"
"""How control says that it has no such path; the gateway says path_not_found."""
_UPLOAD_TIMEOUT = 1200.0
"""Control checks and copies a Truss before it answers."""


class AnswerError(HeadwayError):
    """Headway answered that it will not or cannot; `code` is what it said."""

    def __init__(self, message: str, *, hint: str = "", code: str = "answer") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class Control:
    """Control's API. Each call raises UnavailableError, KeyRefusedError, InvalidSettingError or AnswerError."""

    def __init__(self, url: str, api_key: str | None) -> None:
        self.url = url.rstrip("/")
        self._http = http_client(api_key, _TIMEOUT)

    @classmethod
    def at(cls, url: str | None) -> Self:
        """The one at `url`, else the configuration's."""
        from headway.configuration import Configuration

        configuration = Configuration.load()
        return cls(url or control_url(configuration), configuration.api_key)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def asks_for_keys(self) -> bool:
        return bool(self.get("/v1/api_keys")["api_keys"])

    def get(self, path: str, **query: Any) -> Any:
        return self._call("GET", path, params=_stated(query))

    def post(self, path: str, content: Any = None) -> Any:
        return self._call("POST", path, json=content)

    def patch(self, path: str, content: Any, headers: Mapping[str, str]) -> Any:
        return self._call("PATCH", path, json=content, headers=headers)

    def delete(self, path: str) -> Any:
        return self._call("DELETE", path)

    def upload(self, path: str, content: Iterator[bytes], **query: Any) -> Any:
        return self._call("POST", path, params=_stated(query), content=content, timeout=_UPLOAD_TIMEOUT)

    def lines(self, path: str, *, silence: float | None, **query: Any) -> Iterator[str]:
        """The lines of an answer as they come, with at most `silence` seconds without any."""
        with self._streamed(path, silence, query) as answer:
            yield from answer.iter_lines()

    def pieces(self, path: str, *, silence: float | None, **query: Any) -> Iterator[bytes]:
        """The same for an answer that is no text of lines. One that breaks off raises UnavailableError."""
        with self._streamed(path, silence, query) as answer:
            yield from answer.iter_bytes()

    @contextlib.contextmanager
    def _streamed(
        self, path: str, silence: float | None, query: Mapping[str, Any]
    ) -> Iterator["httpx.Response"]:
        import httpx

        timeout = httpx.Timeout(silence, connect=_CONNECT_TIMEOUT)
        with (
            explained(self.url),
            self._http.stream("GET", self.url + path, params=_stated(query), timeout=timeout) as answer,
        ):
            refuse_error(answer, self.url)
            yield answer

    def _call(self, method: str, path: str, **options: Any) -> Any:
        with explained(self.url):
            answer = self._http.request(method, self.url + path, **options)
        refuse_error(answer, self.url)
        try:
            content = answer.json()
        except ValueError as error:
            raise _no_headway(self.url) from error
        if (
            not isinstance(content, dict) or content.get("object") == "list"
        ):  # so lists the gateway its models
            raise _no_headway(self.url)
        return content


@contextlib.contextmanager
def answering(url: str | None) -> Iterator[Control | None]:
    """The control at `url`, else the configuration's. None: neither names one, and nobody answers on this machine."""
    from headway.configuration import Configuration

    is_named = url is not None or Configuration.load().control_url is not None
    with Control.at(url) as control:
        is_there = True
        try:
            control.get("/healthz")
        except NobodyAnswersError:
            if is_named:
                raise
            is_there = False
        yield control if is_there else None


def http_client(api_key: str | None, timeout: float) -> "httpx.Client":
    """What shows the key. `timeout` is seconds without a byte."""
    import httpx

    headers = {"user-agent": f"headway/{__version__}", **headers_of(api_key)}
    # trust_env: a proxy of the environment has no way to this machine, and a .netrc would replace the key.
    return httpx.Client(
        headers=headers, timeout=httpx.Timeout(timeout, connect=_CONNECT_TIMEOUT), trust_env=False
    )


@contextlib.contextmanager
def explained(url: str) -> Iterator[None]:
    """Errors of httpx leave the block as UnavailableError."""
    import httpx

    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise NobodyAnswersError(
            f"nothing answers at {url}", hint="start it with headway up or headway serve DIR"
        ) from error
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise UnavailableError(f"{url!r} is no address", hint="it is like http://127.0.0.1:8081") from error
    except httpx.HTTPError as error:
        raise UnavailableError(f"the answer broke off: {str(error) or type(error).__name__}") from error


def refusal_of(answer: "httpx.Response", url: str) -> AnswerError | None:
    """What the gateway says went wrong, in words; None where it is the model that answers, an error of its own too.

    Raises KeyRefusedError if it is the key: a model may answer 401 and 403 of its own.
    """
    told = _error_of(answer, url) if answer.is_error else None
    if told is None:
        return None
    if answer.status_code in STATUSES:
        require_accepted(answer.status_code, told.code, told.message)
    if set(answer.json()["error"]) != _OF_AN_ERROR:
        return None
    if told.code == _OF_CONTROL:
        hint = "that may be control: requests go to another port, 8080 unless told otherwise (--url, HEADWAY_URL)"
        return AnswerError(f"{url} takes no requests", hint=hint, code=told.code)
    return told


def refuse_error(answer: "httpx.Response", url: str) -> None:
    """Raise what an answer says went wrong."""
    if answer.is_success:
        return
    told = _error_of(answer, url)
    if told is None:
        raise _no_headway(url, answer.status_code)
    require_accepted(answer.status_code, told.code, told.message)
    if told.code == InvalidSettingError.code:
        raise InvalidSettingError(told.message, hint=told.hint)
    raise told


def _error_of(answer: "httpx.Response", url: str) -> AnswerError | None:
    """What an answer says went wrong, if it says so as Headway does."""
    with explained(url):
        answer.read()
    try:
        error = answer.json()["error"]
        code, message, hint = str(error["code"]), str(error["message"]), str(error.get("hint", ""))
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return AnswerError(message, hint=hint, code=code)


def _no_headway(url: str, status: int | None = None) -> AnswerError:
    what = f"with {status}" if status is not None else "with something else than control does"
    hint = "is this the address of Headway's control? Its port is 8081 unless told otherwise"
    return AnswerError(f"{url} answered {what}", hint=hint)


def _stated(query: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in query.items() if value is not None}


def parsed(line: str) -> Any:
    """A line of an answer that is JSON lines. Raises AnswerError."""
    try:
        return json.loads(line)
    except ValueError as error:
        raise AnswerError("the answer has a line that is no JSON") from error
