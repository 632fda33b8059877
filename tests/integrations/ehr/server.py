"""A FHIR server inside the test: pages its resources, and fails as it is told."""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from integrations.ehr.capability import TYPES
from integrations.ehr.client import Client, Patience

BASE = "http://ehr.test/fhir"
QUICK = Patience(tries=5, first_wait_s=0.001, longest_wait_s=0.002, timeout_s=5.0)
Fault = Callable[[httpx.Request], httpx.Response | None]


class Server:
    """Serves `resources`; `now` is its clock, `faults` are asked before each answer, in their order.

    Pages are links ``?page=token``; `links` may rewrite each next link before it is sent.
    """

    def __init__(self, resources: Iterable[dict[str, Any]], *, page_size: int = 3) -> None:
        self.resources = list(resources)
        self.page_size = page_size
        self.now = datetime(2026, 3, 3, 12, tzinfo=UTC)
        self.types: tuple[str, ...] = TYPES
        self.fhir_version = "4.0.1"
        self.faults: list[Fault] = []
        self.links: Callable[[str], str] = lambda url: url
        self.says_time = True
        self.requests: list[httpx.Request] = []

    def client(self, **options: Any) -> Client:
        options.setdefault("patience", QUICK)
        return Client(BASE, transport=httpx.MockTransport(self), **options)

    def asked(self, resource_type: str) -> list[str]:
        """Queries of the requests for one type, in order."""
        paths = (urlsplit(str(request.url)) for request in self.requests)
        return [part.query for part in paths if part.path.endswith(f"/{resource_type}")]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        for fault in self.faults:
            answer = fault(request)
            if answer is not None:
                return answer
        parts = urlsplit(str(request.url))
        if parts.path.endswith("/metadata"):
            return self._json(self._statement())
        return self._json(self._page(parts.path.rsplit("/", 1)[-1], parse_qs(parts.query)))

    def _page(self, name: str, query: dict[str, list[str]]) -> dict[str, Any]:
        found = [r for r in self.resources if r["resourceType"] == name]
        if since := query.get("_lastUpdated"):
            found = [r for r in found if r["meta"]["lastUpdated"] >= since[0].removeprefix("ge")]
        start = int(query.get("page", ["0"])[0])
        page = {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "self", "url": f"{BASE}/{name}"}],
            "entry": [
                {"fullUrl": f"{BASE}/{name}/{r['id']}", "resource": r} for r in found[start : start + self.page_size]
            ],
        }
        if self.says_time:
            page["meta"] = {"lastUpdated": self.now.isoformat()}
        if start + self.page_size < len(found):
            kept = "".join(f"_lastUpdated={value}&" for value in query.get("_lastUpdated", ()))
            page["link"].append(
                {"relation": "next", "url": self.links(f"{BASE}/{name}?{kept}page={start + self.page_size}")}
            )
        return page

    def _statement(self) -> dict[str, Any]:
        offered = [{"type": name, "interaction": [{"code": "search-type"}]} for name in self.types]
        return {
            "resourceType": "CapabilityStatement",
            "fhirVersion": self.fhir_version,
            "rest": [{"mode": "server", "resource": [*offered, {"type": "Basic", "interaction": [{"code": "read"}]}]}],
        }

    def _json(self, body: dict[str, Any]) -> httpx.Response:
        headers = {"content-type": "application/fhir+json", "date": format_datetime(self.now, usegmt=True)}
        return httpx.Response(200, content=json.dumps(body).encode(), headers=headers)


def first(times: int, answer: Callable[[httpx.Request], httpx.Response], *, of: str = "") -> Fault:
    """A fault that strikes the first `times` requests of each address that contains `of`."""
    seen: dict[str, int] = {}

    def strike(request: httpx.Request) -> httpx.Response | None:
        url = str(request.url)
        if of not in url or seen.get(url, 0) >= times:
            return None
        seen[url] = seen.get(url, 0) + 1
        return answer(request)

    return strike
