"""A FHIR server over HTTP: patient with its faults, and never led elsewhere."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

import httpx
import tenacity

from integrations.authorities import trusted
from integrations.ehr.access import Access, StaticToken
from integrations.ehr.address import AddressError, base_url, follow
from integrations.ehr.fault import Again, CutShort, FetchError, Stopped, TooSlow, said, unreachable
from integrations.ehr.patience import Patience, http_date, retry_after_s

JSON = "application/fhir+json"
RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS = 3


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: exactly the bytes that came, and the server's own time."""

    url: str
    content: bytes
    content_type: str
    server_time: datetime | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever it says."""

    url: str
    status: int
    headers: httpx.Headers
    content: bytes

    def wait_s(self) -> float | None:
        """Seconds that its Retry-After names, if it does."""
        return retry_after_s(self.headers.get("retry-after", ""), datetime.now(UTC))


class Client:
    """Requests to one FHIR server. Usable from several threads.

    Parameters
    ----------
    base : str
        Base address, for example ``https://host/fhir``.
    token : str
        Bearer token, or empty for none; sent to the base's own server only.
    access : Access
        In place of `token`: tokens that are renewed.
    stop : threading.Event
        When set, waits end at once with `Stopped`, and a page that is coming ends at its next bytes.
    transport : httpx.BaseTransport
        In place of the network.
    """

    def __init__(
        self,
        base: str,
        *,
        token: str = "",
        access: Access | None = None,
        patience: Patience | None = None,
        stop: threading.Event | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base = base_url(base)
        self.patience = patience or Patience()
        self.stop = stop or threading.Event()
        self._access: Access = access or StaticToken(token)
        self._http = httpx.Client(
            headers={"Accept": JSON, "User-Agent": "patient-twin"},
            timeout=self.patience.timeout_s,
            follow_redirects=False,
            transport=transport,
            trust_env=False,
            verify=trusted(),
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path_or_url: str) -> Page:
        """Fetch one page; raises as `send` does."""
        answer = self.send("GET", path_or_url)
        content_type = answer.headers.get("content-type", "")
        return Page(answer.url, answer.content, content_type, http_date(answer.headers.get("date", "")))

    def send(
        self,
        method: str,
        path_or_url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        accepted: Collection[int] = (200,),
        tries: int | None = None,
        anonymous: bool = False,
    ) -> Answer:
        """Send a request to the base's own server, trying again where that can help.

        Parameters
        ----------
        accepted
            Statuses that are answers; any other is an error.
        tries
            In place of `Patience.tries`: 1 where a repeated request might do a thing twice.
        anonymous
            Without the token.

        Raises
        ------
        FetchError
            If the server refuses, or goes on failing.
        AddressError
            If the address, or a redirect, leads to another server.
        Stopped
            If the run was asked to stop.
        """
        url = follow(self.base + "/", path_or_url)
        request = _Request(method, body, {**(headers or {})}, anonymous)
        return self._retrying(tries)(self._once, request, url, accepted)

    def post_form(self, url: str, fields: Callable[[], dict[str, str]]) -> Answer:
        """Post a form to `url`, on whichever server, without the token; `fields` are asked for anew at each try."""

        def once() -> Answer:
            answer = self._exchange("POST", url, {"Accept": "application/json"}, data=fields())
            if answer.status in RETRIED:
                raise self._again(answer)
            return answer

        return self._retrying(None)(once)

    @contextmanager
    def opened(self, url: str, headers: Mapping[str, str], *, anonymous: bool) -> Iterator[httpx.Response]:
        """The answer to one GET while it comes, whatever its status; a refused token is replaced once."""
        for last in (False, True):
            token = "" if anonymous else self._access.token(self)
            with self._http.stream("GET", url, headers={**headers, **_bearer(token)}) as response:
                if response.status_code == 401 and token and not last and self._access.refused(token):
                    continue
                yield response
                return

    def sleep(self, seconds: float) -> None:
        """Wait, and end at once with `Stopped` when asked to."""
        if self.stop.wait(seconds):
            raise Stopped

    def _retrying(self, tries: int | None) -> tenacity.Retrying:
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(Again),
            stop=tenacity.stop_after_attempt(tries or self.patience.tries),
            wait=self._wait,
            sleep=self.sleep,
            reraise=True,
        )

    def _once(self, request: "_Request", url: str, accepted: Collection[int]) -> Answer:
        """One try: redirects within the server are followed, and a token that died is replaced once."""
        renewed = False
        for _ in range(_MOST_REDIRECTS + 2):
            token = "" if request.anonymous else self._access.token(self)
            answer = self._exchange(
                request.method, url, {**request.headers, **_bearer(token)}, content=request.body, limited=True
            )
            if answer.status in accepted:
                return answer
            if answer.status == 401 and token and not renewed and self._access.refused(token):
                renewed = True
            elif answer.status in _REDIRECTS and request.method == "GET":
                url = follow(url, answer.headers.get("location", ""))
            else:
                raise self._refusal(answer)
        raise FetchError(url, f"more than {_MOST_REDIRECTS} redirects; give the server's final address")

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        *,
        content: bytes | None = None,
        data: dict[str, str] | None = None,
        limited: bool = False,
    ) -> Answer:
        """Send once and read the whole answer."""
        if self.stop.is_set():
            raise Stopped
        body = bytearray()
        content_type = ""
        deadline = time.monotonic() + self.patience.page_s
        try:
            with self._http.stream(method, url, headers=headers, content=content, data=data) as response:
                content_type = response.headers.get("content-type", "")
                for chunk in response.iter_bytes():
                    body += chunk
                    self._check_time(url, deadline, len(body))
                    if len(body) > self.patience.largest_page_bytes:
                        raise FetchError(
                            url, f"more than {self.patience.largest_page_bytes} bytes; ask for smaller pages"
                        )
                return Answer(url, response.status_code, response.headers, bytes(body))
        except httpx.InvalidURL as error:
            raise FetchError(url, f"not an address ({error}); have the server corrected") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            if body and limited:
                raise CutShort(url, unreachable(error), bytes(body), content_type) from error
            raise Again(url, unreachable(error)) from error

    def _check_time(self, url: str, deadline: float, arrived_bytes: int) -> None:
        if self.stop.is_set():
            raise Stopped
        if time.monotonic() > deadline:
            raise TooSlow(
                url,
                f"not whole after {self.patience.page_s:g} s, when {arrived_bytes} bytes had come; it was tried "
                f"{self.patience.tries} times, ask for smaller pages or check the connection",
            )

    def _refusal(self, answer: Answer) -> FetchError:
        if answer.status in RETRIED:
            return self._again(answer)
        if answer.status in (401, 403):
            why = f"status {answer.status} ({said(answer.content)}); give a token that may do this"
            return FetchError(answer.url, why, status=answer.status)
        why = f"status {answer.status} ({said(answer.content)}); check the address"
        return FetchError(answer.url, why, status=answer.status)

    def _again(self, answer: Answer) -> Again:
        why = f"status {answer.status}; it was tried {self.patience.tries} times, try again later"
        return Again(answer.url, why, status=answer.status, wait_s=answer.wait_s())

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return self.patience.wait_s(state.attempt_number, error.wait_s if isinstance(error, Again) else None)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    body: bytes | None
    headers: Mapping[str, str]
    anonymous: bool


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


__all__ = [
    "JSON",
    "RETRIED",
    "AddressError",
    "Again",
    "Answer",
    "Client",
    "CutShort",
    "FetchError",
    "Page",
    "Patience",
    "Stopped",
    "http_date",
    "retry_after_s",
]
