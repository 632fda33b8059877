"""A hospital's server on a real socket: exports, subscriptions and a chart to write into, with faults on order."""

import gzip
import hashlib
import json
import re
import threading
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Json = dict[str, Any]


class Hospital:
    """What the server holds, and how it misbehaves. `asked` counts requests by method and path.

    Parameters
    ----------
    token
        Bearer token that ``/fhir`` asks for; empty for none.
    """

    def __init__(self, *, token: str = "") -> None:
        self.token = token
        self.base = ""
        self.asked: Counter[str] = Counter()
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.files: dict[str, bytes] = {}
        self.manifest: Json = {}
        self.polls = 0
        """How often the status is still 202."""
        self.cuts: dict[str, list[int]] = {}
        """For each path, after how many bytes the next answers break off."""
        self.failures: dict[str, list[int]] = {}
        """For each path, the statuses that come before its true answer."""
        self.ranges = True
        self.etags = True
        self.gzip = False
        self.digests = False
        self.wrong_digest = False
        self.chart: list[Json] = []
        self.forgetful = False
        """A server that does not know If-None-Exist."""
        self.lost_answers = 0
        """So many creates are done and their answers lost."""
        self.resources: dict[str, Json] = {}
        self.lock = threading.Lock()
        self.deleted: list[str] = []
        self.events: Json | None = None
        self.counted: Json | None = None

    def export(self, files: dict[str, list[Json]], **changes: Any) -> None:
        """Lay out an export with one file for each name, ``Observation.1`` being one of type Observation."""
        output = []
        for name, lines in files.items():
            self.files[f"/files/{name}"] = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
            output.append({"type": name.split(".")[0], "url": f"{self.base.removesuffix('/fhir')}/files/{name}"})
        self.manifest = {
            "transactionTime": "2026-03-03T12:00:00Z",
            "request": f"{self.base}/Patient/$export",
            "requiresAccessToken": True,
            "output": [item for item in output if item["type"] not in ("deleted", "error")],
            "deleted": [item | {"type": "Bundle"} for item in output if item["type"] == "deleted"],
            "error": [item | {"type": "OperationOutcome"} for item in output if item["type"] == "error"],
            **changes,
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hospital: Hospital

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        hospital, path = self.hospital, urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with hospital.lock:
            hospital.asked[f"{self.command} {path}"] += 1
            hospital.requests.append((self.command, self.path, dict(self.headers), body))
            failure = hospital.failures.get(path, [])
            status = failure.pop(0) if failure else 0
        if status:
            self._send(status, b"not now", {"Retry-After": "0"}, kind="text/plain")
        elif hospital.token and self.headers.get("Authorization") != f"Bearer {hospital.token}":
            self._send(401, b"no token", {}, kind="text/plain")
        elif path.startswith("/files/"):
            self._file(path)
        elif path.endswith("/$export"):
            self._send(202, b"", {"Content-Location": f"{hospital.base}/status/1"})
        elif path.startswith("/fhir/status/"):
            self._status()
        elif path.endswith("/$status"):
            self._json(200, hospital.counted) if hospital.counted else self._send(404, b"", {})
        elif path.endswith("/$events"):
            self._json(200, hospital.events) if hospital.events else self._send(404, b"", {})
        elif self.command == "POST":
            self._create(path.rsplit("/", 1)[-1], json.loads(body))
        elif self.command == "DELETE":
            hospital.deleted.append(path)
            self._send(204, b"", {})
        else:
            self._read(path.removeprefix("/fhir/"))

    do_GET = do_POST = do_DELETE = _answer

    def _status(self) -> None:
        hospital = self.hospital
        if self.command == "DELETE":
            hospital.deleted.append(self.path)
            self._send(202, b"", {})
        elif hospital.polls:
            hospital.polls -= 1
            self._send(202, b"", {"X-Progress": "half done", "Retry-After": "0"})
        else:
            self._json(200, hospital.manifest)

    def _file(self, path: str) -> None:
        hospital = self.hospital
        whole = hospital.files.get(path)
        if whole is None:
            return self._send(410, b"gone", {})
        headers = {"ETag": f'"{hashlib.sha256(whole).hexdigest()[:16]}"'} if hospital.etags else {}
        if hospital.digests:
            digest = hashlib.sha256(b"another text" if hospital.wrong_digest else whole).digest()
            headers["Repr-Digest"] = f"sha-256=:{b64encode(digest).decode()}:"
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if hospital.gzip:
            return self._send(200, gzip.compress(whole), headers | {"Content-Encoding": "gzip"}, cut=path)
        same = self.headers.get("If-Range") in (None, headers.get("ETag"))
        if wanted is None or not hospital.ranges or not same:
            return self._send(200, whole, headers, cut=path)
        start = int(wanted[1])
        if start >= len(whole):
            return self._send(416, b"", {"Content-Range": f"bytes */{len(whole)}"})
        headers["Content-Range"] = f"bytes {start}-{len(whole) - 1}/{len(whole)}"
        return self._send(206, whole[start:], headers, cut=path)

    def _create(self, kind: str, resource: Json) -> None:
        hospital = self.hospital
        with hospital.lock:
            asked = parse_qs(self.headers.get("If-None-Exist", "")).get("identifier", [""])[0]
            found = [r for r in hospital.chart if r["resourceType"] == kind and asked in _identifiers(r)]
            if asked and found and not hospital.forgetful:
                return self._json(200, found[0], {"Location": f"{hospital.base}/{kind}/{found[0]['id']}/_history/1"})
            made = resource | {"id": f"c{len(hospital.chart) + 1}"}
            hospital.chart.append(made)
            lost = hospital.lost_answers > 0
            hospital.lost_answers -= lost
        if lost:
            self.close_connection = True
            return self.connection.close()
        return self._json(201, made, {"Location": f"{hospital.base}/{kind}/{made['id']}/_history/1"})

    def _read(self, name: str) -> None:
        wanted = parse_qs(urlsplit(self.path).query).get("identifier", [""])[0]
        if wanted:
            found = [r for r in self.hospital.chart if r["resourceType"] == name and wanted in _identifiers(r)]
            entries = [{"resource": resource} for resource in found]
            return self._json(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})
        resource = self.hospital.resources.get(name)
        return self._json(200, resource) if resource else self._send(404, b"", {})

    def _json(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(content).encode(), headers or {})

    def _send(
        self,
        status: int,
        content: bytes,
        headers: dict[str, str],
        *,
        cut: str = "",
        kind: str = "application/fhir+json",
    ) -> None:
        cuts = self.hospital.cuts.get(cut, [])
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if cuts and (after := cuts.pop(0)) < len(content):
            self.wfile.write(content[:after])
            self.close_connection = True
        else:
            self.wfile.write(content)


def _identifiers(resource: Json) -> list[str]:
    return [f"{item.get('system', '')}|{item.get('value')}" for item in resource.get("identifier", [])]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Connections that a fault closed, or a killed client."""


@contextmanager
def serving(hospital: Hospital | None = None) -> Iterator[Hospital]:
    """The hospital on a free port of this machine."""
    hospital = hospital or Hospital()
    handler = type("Handler", (_Handler,), {"hospital": hospital})
    server = _Server(("127.0.0.1", 0), handler)
    hospital.base = f"http://127.0.0.1:{server.server_address[1]}/fhir"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield hospital
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
