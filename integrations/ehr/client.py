"""A FHIR server over HTTP: patient with its faults, and never led elsewhere."""

import random
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType

import httpx
import tenacity

from integrations.ehr.address import AddressError, base_url, follow

JSON = "application/fhir+json"
_RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS = 3


class FetchError(Exception):
    """A page that could not be fetched; names the address, what came back and the remedy."""

    def __init__(self, url: str, why: str, *, status: int = 0) -> None:
        super().__init__(f"{url}: {why}")
        self.status = status


class CutShort(FetchError):
    """A page whose connection broke before its end; `content` is what had arrived."""

    def __init__(self, url: str, why: str, content: bytes, content_type: str) -> None:
        super().__init__(url, why)
        self.content = content
        self.content_type = content_type


class _Again(FetchError):
    """Worth another try, not before `wait_s` seconds if the server named a time."""

    def __init__(self, url: str, why: str, *, status: int = 0, wait_s: float | None = None) -> None:
        super().__init__(url, why, status=status)
        self.wait_s = wait_s


class _TooSlow(_Again):
    """A page that went on coming, and was not whole when its time was over."""


class Stopped(Exception):
    """The run was asked to stop while it waited."""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: exactly the bytes that came, and the server's own time."""

    url: str
    content: bytes
    content_type: str
    server_time: datetime | None


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long: tries a page, first and longest wait between two (s), time-out of a read (s).

    `page_s` is how long a whole page may take, however steadily it comes.
    """

    tries: int = 8
    first_wait_s: float = 0.5
    longest_wait_s: float = 60.0
    longest_retry_after_s: float = 300.0
    timeout_s: float = 30.0
    page_s: float = 300.0
    largest_page_bytes: int = 128 * 1024 * 1024


class Client:
    """GET requests to one FHIR server. Usable from several threads.

    Parameters
    ----------
    base : str
        Base address, for example ``https://host/fhir``.
    token : str
        Bearer token, or empty for none; sent to the base's own server only.
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
        patience: Patience | None = None,
        stop: threading.Event | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.base = base_url(base)
        self.patience = patience or Patience()
        self.stop = stop or threading.Event()
        headers = {"Accept": JSON, "User-Agent": "patient-twin"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._http = httpx.Client(
            headers=headers,
            timeout=self.patience.timeout_s,
            follow_redirects=False,
            transport=transport,
            trust_env=False,
        )

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def get(self, path_or_url: str) -> Page:
        """Fetch one page, trying again where that can help.

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
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            stop=tenacity.stop_after_attempt(self.patience.tries),
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        return retrying(self._once, url)

    def _once(self, url: str) -> Page:
        for _ in range(_MOST_REDIRECTS + 1):
            if self.stop.is_set():
                raise Stopped
            answer = self._request(url)
            if isinstance(answer, Page):
                return answer
            url = answer
        raise FetchError(url, f"more than {_MOST_REDIRECTS} redirects; give the server's final address")

    def _request(self, url: str) -> Page | str:
        """The page, or the address that the server redirects to."""
        body = bytearray()
        content_type = ""
        deadline = time.monotonic() + self.patience.page_s
        try:
            with self._http.stream("GET", url) as response:
                content_type = response.headers.get("content-type", "")
                if response.status_code in _REDIRECTS:
                    return follow(url, response.headers.get("location", ""))
                for chunk in response.iter_bytes():
                    body += chunk
                    self._check_time(url, deadline, len(body))
                    if len(body) > self.patience.largest_page_bytes:
                        raise FetchError(
                            url, f"more than {self.patience.largest_page_bytes} bytes; ask for smaller pages"
                        )
                self._check(url, response, bytes(body))
                return Page(url, bytes(body), content_type, http_date(response.headers.get("date", "")))
        except httpx.InvalidURL as error:
            raise FetchError(url, f"not an address ({error}); have the server corrected") from error
        except (httpx.TransportError, httpx.DecodingError) as error:
            why = f"{type(error).__name__} ({error}); check that the server runs and can be reached"
            if body:
                raise CutShort(url, why, bytes(body), content_type) from error
            raise _Again(url, why) from error

    def _check_time(self, url: str, deadline: float, arrived_bytes: int) -> None:
        if self.stop.is_set():
            raise Stopped
        if time.monotonic() > deadline:
            raise _TooSlow(
                url,
                f"not whole after {self.patience.page_s:g} s, when {arrived_bytes} bytes had come; it was tried "
                f"{self.patience.tries} times, ask for smaller pages or check the connection",
            )

    def _check(self, url: str, response: httpx.Response, body: bytes) -> None:
        status = response.status_code
        if status in _RETRIED:
            raise _Again(
                url,
                f"status {status}; it was tried {self.patience.tries} times, try again later",
                status=status,
                wait_s=retry_after_s(response.headers.get("retry-after", ""), datetime.now(UTC)),
            )
        if status in (401, 403):
            raise FetchError(url, f"status {status}; give a token that may read this", status=status)
        if status != 200:
            said = " ".join(body[:200].decode("utf-8", "replace").split())
            raise FetchError(url, f"status {status} ({said}); check the address", status=status)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """The server's Retry-After, a little spread; else doubling with full jitter."""
        error = state.outcome.exception() if state.outcome else None
        named = error.wait_s if isinstance(error, _Again) else None
        if named is not None:
            # At least what was asked for, and not everyone at the same instant.
            return min(named, self.patience.longest_retry_after_s) + random.uniform(0, 0.1)  # noqa: S311 - no secret
        ceiling = min(self.patience.longest_wait_s, self.patience.first_wait_s * 2 ** (state.attempt_number - 1))
        return random.uniform(0, ceiling)  # noqa: S311 - no secret

    def _sleep(self, seconds: float) -> None:
        if self.stop.wait(seconds):
            raise Stopped


def http_date(text: str) -> datetime | None:
    """The instant of an HTTP date; None if it is none."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def retry_after_s(text: str, now: datetime) -> float | None:
    """Seconds to wait by a Retry-After header, given in seconds or as a date; None if it says nothing usable."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    moment = http_date(text) if text else None
    return None if moment is None else max(0.0, (moment - now).total_seconds())


__all__ = [
    "AddressError",
    "Client",
    "CutShort",
    "FetchError",
    "Page",
    "Patience",
    "Stopped",
    "http_date",
    "retry_after_s",
]
