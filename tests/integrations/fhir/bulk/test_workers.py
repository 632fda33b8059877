"""An export by real processes: written by workers, one of which is killed, and fetched over HTTP."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.story.site import Site

PATIENTS = 40


@pytest.fixture
def site(tmp_path: Path) -> Any:
    with Site(tmp_path / "site") as site:
        site.start_web()
        yield site


def test_an_export_survives_the_worker_that_is_killed(site: Site) -> None:
    token = site.manage("integration_token", "lab", "--scope", "system/*.cruds").stdout.strip()
    with httpx.Client(
        base_url=f"{site.pages}/fhir", headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60
    ) as client:
        written = client.post("/", content=transaction(), headers={"Content-Type": "application/fhir+json"})
        assert written.status_code == 200, written.text
        first = site.start_worker("first")
        begun = client.get("/$export", headers={"Prefer": "respond-async", "Accept": "application/fhir+json"})
        assert begun.status_code == 202, begun.text
        site.kill(first)
        site.start_worker("second")
        manifest = finished(client, begun.headers["Content-Location"])
        names = set()
        for item in manifest["output"]:
            file = client.get(item["url"], headers={"Accept": "application/fhir+ndjson"})
            assert file.headers["Content-Encoding"] == "gzip", "the client takes it, as most do"
            lines = [json.loads(line) for line in file.text.splitlines()]
            assert len(lines) == item["count"]
            names |= {f"{one['resourceType']}/{one['id']}" for one in lines}
        assert len(names) == PATIENTS
        assert client.delete(begun.headers["Content-Location"]).status_code == 202
        assert client.get(manifest["output"][0]["url"]).status_code == 404
        assert not any((site.folder / "exports").iterdir())


def transaction() -> str:
    entries = [
        {
            "resource": {"resourceType": "Patient", "name": [{"family": f"Okafor {number}"}], "gender": "female"},
            "request": {"method": "POST", "url": "Patient"},
        }
        for number in range(PATIENTS)
    ]
    return json.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def finished(client: httpx.Client, where: str) -> dict[str, Any]:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        answer = client.get(where)
        if answer.status_code == 200:
            return dict(answer.json())
        assert answer.status_code == 202, answer.text
        time.sleep(float(answer.headers["Retry-After"]))
    raise AssertionError(f"the export is not done: {answer.headers['X-Progress']}")
