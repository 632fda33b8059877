"""An endpoint that takes notifications over HTTP, as a hospital system would."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Receiver:
    """Answers with `answers` in turn, then with 200; keeps all that came."""

    answers: list[int] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bundles: list[dict[str, Any]] = field(default_factory=list)
    location: str = ""
    retry_after: str = ""
    url: str = ""
    held: threading.Event | None = None
    """While it is there and not set, nothing is answered."""

    def __enter__(self) -> "Receiver":
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.headers.append(dict(self.headers))
                receiver.bundles.append(json.loads(body))
                if receiver.held is not None:
                    receiver.held.wait(60)
                self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
                if receiver.location:
                    self.send_header("Location", receiver.location)
                if receiver.retry_after:
                    self.send_header("Retry-After", receiver.retry_after)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/fhir-hook"
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def kinds(self) -> list[str]:
        return [said(bundle, "type")[0] for bundle in self.bundles]

    @property
    def numbers(self) -> list[int]:
        return [number for bundle in self.bundles for number in numbers(bundle)]


def status(bundle: dict[str, Any]) -> dict[str, Any]:
    """The Parameters that come first."""
    first: dict[str, Any] = bundle["entry"][0]["resource"]
    assert first["resourceType"] == "Parameters"
    return first


def said(bundle: dict[str, Any], name: str) -> list[Any]:
    """The values of a parameter of the status."""
    found = [one for one in status(bundle)["parameter"] if one["name"] == name]
    return [next(value for key, value in one.items() if key.startswith("value")) for one in found]


def events(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """Each event of the status: its parts by name."""
    found = [one["part"] for one in status(bundle)["parameter"] if one["name"] == "notification-event"]
    return [
        {part["name"]: next(value for key, value in part.items() if key.startswith("value")) for part in parts}
        for parts in found
    ]


def numbers(bundle: dict[str, Any]) -> list[int]:
    return [int(event["event-number"]) for event in events(bundle)]
