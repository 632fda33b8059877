"""A client with a token, and an export brought to its end without a broker."""

import json
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client

from integrations.fhir.bulk import send as sending
from integrations.fhir.bulk import tasks
from integrations.fhir.bulk.models import Export

ASYNC = {"Prefer": "respond-async", "Accept": "application/fhir+json"}
Client_of = Callable[..., Client]


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.VAR_DIR = tmp_path
    cache.clear()
    yield
    cache.clear()


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The exports of which messages were sent; none is."""
    found: list[str] = []

    def keep(_task: str, export_id: str) -> bool:
        found.append(export_id)
        return True

    monkeypatch.setattr(sending, "send_task", keep)
    return found


@pytest.fixture
def client_of(db: None) -> Client_of:
    def make(name: str = "lab", scope: str = "system/*.rs") -> Client:
        out = StringIO()
        call_command("integration_token", name, "--scope", scope, stdout=out)
        return Client(headers={"Authorization": f"Bearer {out.getvalue().strip()}"})

    return make


@pytest.fixture
def caller(client_of: Client_of) -> Client:
    return client_of()


def begin(caller: Client, address: str = "/fhir/$export", query: Any = None, **headers: str) -> Any:
    return caller.get(address, query or {}, headers={**ASYNC, **headers})


def ask(caller: Client, address: str, *parameters: dict[str, Any], **headers: str) -> Any:
    """By POST, with a Parameters resource."""
    body = json.dumps({"resourceType": "Parameters", "parameter": list(parameters)})
    return caller.post(address, body, content_type="application/fhir+json", headers={**ASYNC, **headers})


def place(begun: Any) -> str:
    assert begun.status_code == 202, begun.content
    return str(begun["Content-Location"].removeprefix("http://testserver"))


def work() -> None:
    """What workers do with every message, until nothing is left."""
    for export in Export.objects.filter(state__in=("queued", "running")):
        for _ in range(20):
            tasks.run(str(export.pk))


def done(caller: Client, begun: Any) -> dict[str, Any]:
    """The manifest."""
    where = place(begun)
    work()
    answer = caller.get(where)
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


def fetched(caller: Client, items: list[dict[str, Any]]) -> list[str]:
    """The lines of all those files."""
    found = []
    for item in items:
        answer = caller.get(
            item["url"].removeprefix("http://testserver"), headers={"Accept": "application/fhir+ndjson"}
        )
        assert answer.status_code == 200, answer
        assert answer["Content-Type"] == "application/fhir+ndjson"
        lines = b"".join(answer.streaming_content).decode().split("\n")
        assert lines.pop() == ""
        assert len(lines) == item["count"]
        assert {json.loads(line)["resourceType"] for line in lines} == {item["type"]}
        found += lines
    return found


def status(caller: Client, address: str, **headers: str) -> int:
    """Of a file, or of anything else; the answer is read to its end, which closes it."""
    answer = caller.get(address, headers=headers)
    for _ in answer:
        pass
    return int(answer.status_code)


def ids(caller: Client, manifest: dict[str, Any], resource_type: str = "") -> set[str]:
    """``Type/id`` of all that was exported, each once."""
    items = [item for item in manifest["output"] if resource_type in ("", item["type"])]
    names = ["{resourceType}/{id}".format(**json.loads(line)) for line in fetched(caller, items)]
    assert len(names) == len(set(names))
    return set(names)
