"""The HTTP client: patient with faults, never led to another server."""

import threading
import time
from datetime import UTC, datetime

import httpx
import pytest

from integrations.ehr.address import AddressError, base_url, follow
from integrations.ehr.client import Client, CutShort, FetchError, Patience, Stopped, http_date, retry_after_s
from tests.integrations.ehr.server import BASE, QUICK, Server, first
from tests.integrations.resources import patient

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3", 3.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("Tue, 03 Mar 2026 12:00:30 GMT", 30.0),
        ("Tue, 03 Mar 2026 11:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(text: str, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds


def test_http_dates_are_utc() -> None:
    assert http_date("Tue, 03 Mar 2026 12:00:00 GMT") == NOW
    assert http_date("never") is None


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(status: int) -> None:
    server = Server([patient()])
    server.faults.append(first(3, lambda _: httpx.Response(status)))
    with server.client() as client:
        assert b"CapabilityStatement" in client.get("metadata").content
    assert len(server.requests) == 4


def test_a_lasting_fault_ends_with_its_address_and_status() -> None:
    server = Server([])
    server.faults.append(first(99, lambda _: httpx.Response(503)))
    with (
        server.client() as client,
        pytest.raises(FetchError, match=r"http://ehr.test/fhir/metadata: status 503") as caught,
    ):
        client.get("metadata")
    assert caught.value.status == 503
    assert len(server.requests) == QUICK.tries


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_a_refusal_is_not_asked_again(status: int) -> None:
    server = Server([])
    server.faults.append(first(99, lambda _: httpx.Response(status, text="no")))
    with server.client() as client, pytest.raises(FetchError, match=f"status {status}"):
        client.get("metadata")
    assert len(server.requests) == 1


def test_the_time_that_the_server_names_is_waited() -> None:
    server = Server([])
    server.faults.append(first(1, lambda _: httpx.Response(429, headers={"retry-after": "1"})))
    began = time.monotonic()
    with server.client() as client:
        client.get("metadata")
    assert time.monotonic() - began >= 1.0


def test_time_outs_and_broken_connections_are_tried_again() -> None:
    def time_out(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("slow", request=request)

    server = Server([])
    server.faults.append(first(2, time_out))
    with server.client() as client:
        client.get("metadata")
    assert len(server.requests) == 3


def test_a_body_that_breaks_off_is_told_apart_with_what_had_come() -> None:
    class Broken(httpx.SyncByteStream):
        def __iter__(self):
            yield b'{"resourceType":'
            raise httpx.RemoteProtocolError("peer closed connection")

    server = Server([])
    server.faults.append(first(1, lambda _: httpx.Response(200, stream=Broken())))
    with server.client() as client, pytest.raises(CutShort) as caught:
        client.get("metadata")
    assert caught.value.content == b'{"resourceType":'


def test_a_page_without_end_is_not_read_to_its_end() -> None:
    class Endless(httpx.SyncByteStream):
        def __iter__(self):
            while True:
                yield b" " * 10_000

    server = Server([])
    server.faults.append(first(1, lambda _: httpx.Response(200, stream=Endless())))
    with (
        server.client(patience=Patience(tries=1, largest_page_bytes=50_000)) as client,
        pytest.raises(FetchError, match="50000"),
    ):
        client.get("metadata")


class Trickle(httpx.SyncByteStream):
    """A body without end that comes slowly, and never so slowly that a read times out."""

    def __iter__(self):
        while True:
            time.sleep(0.01)
            yield b" "


def test_a_page_that_comes_too_slowly_is_tried_again_and_then_given_up() -> None:
    server = Server([])
    server.faults.append(first(99, lambda _: httpx.Response(200, stream=Trickle())))
    patience = Patience(tries=3, first_wait_s=0.001, page_s=0.1)
    with server.client(patience=patience) as client, pytest.raises(FetchError, match=r"not whole after 0\.1 s"):
        client.get("metadata")
    assert len(server.requests) == 3
    server.faults[:] = [first(1, lambda _: httpx.Response(200, stream=Trickle()))]
    with server.client(patience=patience) as client:
        assert b"CapabilityStatement" in client.get("metadata").content


def test_a_stop_ends_a_page_that_is_coming() -> None:
    server = Server([])
    server.faults.append(first(99, lambda _: httpx.Response(200, stream=Trickle())))
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    with server.client(stop=stop, patience=Patience(tries=1, page_s=5)) as client, pytest.raises(Stopped):
        client.get("metadata")


def test_the_token_goes_to_the_server_and_only_there() -> None:
    server = Server([])
    server.faults.append(
        first(1, lambda _: httpx.Response(302, headers={"location": "http://thief.test/fhir/metadata"}))
    )
    with server.client(token="secret") as client, pytest.raises(AddressError, match="another server"):
        client.get("metadata")
    assert [request.url.host for request in server.requests] == ["ehr.test"]
    assert server.requests[0].headers["authorization"] == "Bearer secret"


def test_a_redirect_within_the_server_is_followed_and_a_circle_is_not() -> None:
    server = Server([])
    server.faults.append(first(1, lambda _: httpx.Response(307, headers={"location": "/fhir/metadata?again=1"})))
    with server.client() as client:
        assert client.get("metadata").url == f"{BASE}/metadata?again=1"
    circle = Server([])
    circle.faults.append(first(99, lambda _: httpx.Response(301, headers={"location": f"{BASE}/metadata"})))
    with circle.client() as client, pytest.raises(FetchError, match="redirects"):
        client.get("metadata")


def test_a_stop_ends_a_wait_at_once() -> None:
    server = Server([])
    server.faults.append(first(99, lambda _: httpx.Response(429, headers={"retry-after": "200"})))
    stop = threading.Event()
    threading.Timer(0.1, stop.set).start()
    began = time.monotonic()
    with server.client(stop=stop) as client, pytest.raises(Stopped):
        client.get("metadata")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "text",
    [
        "file:///etc/passwd",
        "ftp://ehr.test/fhir",
        "ehr.test/fhir",
        "http://",
        "http://u:p@ehr.test/fhir",
        f"{BASE}?x=1",
    ],
)
def test_only_plain_web_addresses_are_bases(text: str) -> None:
    with pytest.raises(AddressError):
        base_url(text)
    with pytest.raises(AddressError):
        Client(text)


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("http://ehr.test/fhir/Patient?page=2", "http://ehr.test/fhir/Patient?page=2"),
        ("http://EHR.test:80/fhir?page=2", "http://EHR.test:80/fhir?page=2"),
        ("?page=2", "http://ehr.test/fhir/Patient?page=2"),
        ("/fhir/Patient?page=2", "http://ehr.test/fhir/Patient?page=2"),
        ("Patient?page=2", "http://ehr.test/fhir/Patient?page=2"),
    ],
)
def test_links_to_the_same_server_are_followed(link: str, url: str) -> None:
    assert follow("http://ehr.test/fhir/Patient?x=1", link) == url


@pytest.mark.parametrize(
    "link",
    [
        "https://ehr.test/fhir/Patient",
        "http://ehr.test:8080/fhir/Patient",
        "http://ehr.test.thief.test/fhir",
        "//thief.test/fhir",
        "file:///etc/passwd",
        "http://ehr.test@thief.test/",
        "http://[",
        "http://ehr.test:x/",
    ],
)
def test_links_to_another_server_are_refused(link: str) -> None:
    with pytest.raises(AddressError):
        follow("http://ehr.test/fhir/Patient?x=1", link)
