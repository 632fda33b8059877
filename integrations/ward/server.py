"""The ward over HTTP: ``/fhir`` for its clients, ``/_ward`` for whoever runs the simulation."""

import json
import logging
import re
import sys
import threading
from email.utils import format_datetime, parsedate_to_datetime
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from integrations.ward.capability import capability_statement
from integrations.ward.clock import ClockError
from integrations.ward.faults import FaultError, FaultPlan
from integrations.ward.log import TYPES
from integrations.ward.outcome import FhirError, outcome
from integrations.ward.resources import Version
from integrations.ward.search import bundle, find_history, find_page, history_entries, parse_query, search_entries
from integrations.ward.ward import Ward

FHIR_JSON = "application/fhir+json; charset=utf-8"
MAX_BODY = 65_536

log = logging.getLogger(__name__)


class WardServer(ThreadingHTTPServer):
    """Serves one `Ward`; `token`, if given, is the bearer token that ``/fhir`` asks for."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, ward: Ward, *, host: str = "127.0.0.1", port: int = 0, token: str = "") -> None:
        super().__init__((host, port), WardHandler)
        self.ward = ward
        self.token = token
        self.stopping = threading.Event()

    @property
    def address(self) -> str:
        host, port = self.server_address[:2]
        return f"http://{host if isinstance(host, str) else host.decode()}:{port}/fhir"

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that went away is no fault of the ward's; anything else is logged with its trace."""
        if isinstance(sys.exception(), ConnectionError | TimeoutError):
            log.info("%s went away", client_address)
        else:
            log.exception("a request of %s failed", client_address)

    def stop(self) -> None:
        """Stop serving, and let sleeping time-outs end; call it from another thread than `serve_forever`'s."""
        self.stopping.set()
        self.shutdown()


class WardHandler(BaseHTTPRequestHandler):
    server: WardServer
    protocol_version = "HTTP/1.1"
    server_version = "SimulatedWard"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def do_HEAD(self) -> None:
        self._answer("GET")

    def do_PUT(self) -> None:
        self._answer("PUT")

    def do_PATCH(self) -> None:
        self._answer("PATCH")

    def do_DELETE(self) -> None:
        self._answer("DELETE")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the base class refuses by itself, such as a request line that is none, as an OperationOutcome."""
        self.close_connection = True
        text = explain or message or "The request cannot be read"
        headers = {"Content-Type": FHIR_JSON, "Connection": "close"}
        self._send(code, json.dumps(outcome("invalid", text)).encode(), headers)

    def log_message(self, format: str, *args: Any) -> None:
        log.info("%s %s", self.address_string(), format % args)

    def _answer(self, method: str) -> None:
        url = urlsplit(self.path)
        body = self._body()
        if body is None:
            self.send_error(413, f"the body is longer than {MAX_BODY} bytes, or of no stated length")
            return
        if url.path.startswith("/_ward/"):
            self._control(method, url.path, body)
            return
        _, faults, _ = self.server.ward.state
        fault = faults.strike(self.path) if url.path.startswith("/fhir") else None
        if fault == "time-out":
            self.server.stopping.wait(faults.plan.timeout_s)
            self.close_connection = True
            return
        extra: dict[str, str] = {}
        try:
            if fault == "http-500":
                raise FhirError(500, "exception", "The ward's server has an internal error; try again")
            if fault == "http-429":
                extra = {"Retry-After": str(faults.plan.retry_after_s)}
                raise FhirError(429, "throttled", "Too many requests; wait as long as Retry-After says")
            status, headers, content = self._fhir(method, url.path, url.query, body)
        except FhirError as error:
            if error.status == 401:
                extra = {"WWW-Authenticate": 'Bearer realm="ward"'}
            status, headers, content = error.status, extra, error.resource()
        payload = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode() if content else b""
        if fault == "truncated":
            payload = faults.truncate(payload, self.path)
        self._send(status, payload, {"Content-Type": FHIR_JSON, **headers} if payload else headers)

    def _fhir(
        self, method: str, path: str, query: str, body: bytes
    ) -> tuple[int, dict[str, str], dict[str, Any] | None]:
        """Status, headers and resource of a request to ``/fhir``."""
        parts = [part for part in path.split("/") if part]
        if not parts or parts[0] != "fhir":
            raise FhirError(404, "not-found", f"{path} is not here; the FHIR server is at /fhir")
        accept = self.headers.get("Accept", "*/*")
        if "json" not in accept and "*/*" not in accept and "application/*" not in accept:
            raise FhirError(406, "not-supported", f"Accept is {accept!r}; this server speaks application/fhir+json")
        parts = parts[1:]
        if parts == ["metadata"] and method == "GET":
            return 200, {}, capability_statement(self._base_url(), self.server.ward.clock.epoch)
        self._authorise()
        if method not in ("GET", "POST"):
            raise FhirError(405, "not-supported", f"{method} is not supported; this ward can be read only")
        pairs = parse_qsl(query, keep_blank_values=True)
        if method == "POST":
            if len(parts) != 2 or parts[1] != "_search":
                raise FhirError(405, "not-supported", f"POST {path} is not supported; this ward can be read only")
            pairs += parse_qsl(body.decode(errors="replace"), keep_blank_values=True)
            parts = parts[:1]
        if not parts:
            raise FhirError(404, "not-found", "name a resource type, for example /fhir/Patient")
        if parts[0] not in TYPES:
            raise FhirError(404, "not-supported", f"{parts[0]} is not served here; choose from {', '.join(TYPES)}")
        match parts:
            case [kind]:
                return 200, {}, self._search(kind, pairs)
            case [kind, "_history"]:
                return 200, {}, self._history(kind, None, pairs)
            case [kind, identifier]:
                return self._read(kind, identifier, None)
            case [kind, identifier, "_history"]:
                return 200, {}, self._history(kind, identifier, pairs)
            case [kind, identifier, "_history", number]:
                return self._read(kind, identifier, number)
        raise FhirError(404, "not-found", f"{path} is not here")

    def _search(self, kind: str, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        ward_log, faults, _ = self.server.ward.state
        query = parse_query(kind, pairs, strict="handling=strict" in self.headers.get("Prefer", ""))
        page = find_page(ward_log, query, self.server.ward.now(), faults.search_key)
        base = self._base_url()
        entries = list(search_entries(faults.repeat(page.versions, page.previous), base))
        return bundle("searchset", query, page, entries, address=f"{base}/{kind}")

    def _history(self, kind: str, identifier: str | None, pairs: list[tuple[str, str]]) -> dict[str, Any]:
        ward_log, _, _ = self.server.ward.state
        strict = "handling=strict" in self.headers.get("Prefer", "")
        query = parse_query(kind, pairs, strict=strict, history=True)
        now = self.server.ward.now()
        if identifier is not None and not ward_log.history(kind, now, identifier):
            raise FhirError(404, "not-found", f"{kind}/{identifier} is not known")
        page = find_history(ward_log, query, now, identifier)
        base = self._base_url()
        place = f"{base}/{kind}/{identifier}/_history" if identifier else f"{base}/{kind}/_history"
        return bundle("history", query, page, list(history_entries(page.versions, base)), address=place)

    def _read(
        self, kind: str, identifier: str, number: str | None
    ) -> tuple[int, dict[str, str], dict[str, Any] | None]:
        ward_log, _, _ = self.server.ward.state
        found = ward_log.history(kind, self.server.ward.now(), identifier)
        if number is not None:
            found = [version for version in found if str(version.number) == number]
        if not found:
            asked = f"{kind}/{identifier}" + (f" version {number}" if number else "")
            raise FhirError(404, "not-found", f"{asked} is not known")
        version = max(found, key=lambda v: v.number)
        headers = {
            "ETag": f'W/"{version.number}"',
            "Last-Modified": format_datetime(version.updated, usegmt=True),
        }
        if self._unchanged(version):
            return 304, headers, None
        return 200, headers, version.resource()

    def _unchanged(self, version: Version) -> bool:
        tags = self.headers.get("If-None-Match")
        if tags is not None:
            return tags.strip() == "*" or str(version.number) in re.findall(r'"([^"]*)"', tags)
        since = self.headers.get("If-Modified-Since")
        if since is None:
            return False
        try:
            return version.updated <= parsedate_to_datetime(since)
        except (TypeError, ValueError):
            return False  # RFC 9110, 13.1.3: a date that cannot be read is ignored

    def _control(self, method: str, path: str, body: bytes) -> None:
        ward = self.server.ward
        try:
            given = json.loads(body) if body else {}
            if not isinstance(given, dict):
                raise FhirError(400, "invalid", "give a JSON object")
            match method, path:
                case "GET", "/_ward/clock":
                    content = ward.clock_json()
                case "POST", "/_ward/clock":
                    hours = given.get("hours")
                    if not isinstance(hours, int | float) or isinstance(hours, bool):
                        raise FhirError(400, "invalid", f"hours is {hours!r}; give the hours since the epoch")
                    ward.clock.set_hours(hours)
                    content = ward.clock_json()
                case "GET", "/_ward/faults":
                    content = ward.faults_json()
                case "POST", "/_ward/faults":
                    ward.set_faults(FaultPlan.from_json(given))
                    content = ward.faults_json()
                case "GET", "/_ward/truth":
                    content = ward.truth_json()
                case _:
                    raise FhirError(404, "not-found", "the control addresses are /_ward/clock, faults and truth")
            status = 200
        except (ClockError, FaultError, json.JSONDecodeError) as error:
            status, content = 400, FhirError(400, "invalid", str(error)).resource()
        except FhirError as error:
            status, content = error.status, error.resource()
        self._send(status, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _authorise(self) -> None:
        token = self.server.token
        if token and not compare_digest(self.headers.get("Authorization", "").encode(), f"Bearer {token}".encode()):
            raise FhirError(401, "login", "give the bearer token of this ward")

    def _base_url(self) -> str:
        host = self.headers.get("Host", "")
        if re.fullmatch(r"[\w.\-]+(:\d{1,5})?|\[[0-9a-fA-F:]+\](:\d{1,5})?", host):
            return f"http://{host}/fhir"
        return self.server.address

    def _body(self) -> bytes | None:
        """The request's body; None where it is too long to be read."""
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY or "Transfer-Encoding" in self.headers:
            return None
        return self.rfile.read(int(length))

    def _send(self, status: int, payload: bytes, headers: dict[str, str]) -> None:
        try:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(payload)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)
        except ConnectionError as error:
            log.info("the client went away: %s", error)
            self.close_connection = True
