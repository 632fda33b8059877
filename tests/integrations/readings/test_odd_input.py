"""Whatever a server sends, a reading can be opened: each entry is accepted or held, and nothing is raised."""

import copy
import json
import random
from typing import Any

import pytest

from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineEntry, ReadingState, Source
from tests.integrations.resources import (
    administration,
    condition,
    encounter,
    observation,
    patient,
    request,
    strip,
)

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 1e300, 3.5, "", " ", "x", "²", "\U0001f600", "\x00", "\ud800", "a" * 5000),
    *("2026-13-45", "2026-03-02T06:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"),
    *("#x", "Patient/", "Patient/p1/_history/2", "urn:uuid:"),
    *([], {}, [None], [[]], [{}], {"x": 1}, {"reference": 7}, {"value": 5}, {"start": "2026"}),
    {"coding": [{"code": "20578-1", "system": "http://loinc.org"}]},
    {"resourceType": "Frog"},
)
WHOLE = [
    patient(),
    encounter(),
    condition(),
    observation(),
    strip(),
    observation(
        "bp", "85354-9", None, component=[{"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}}]
    ),
    administration(),
    request(),
    {"resourceType": "Device", "id": "d", "status": "active", "patient": {"reference": "Patient/p1"}},
    {"resourceType": "Medication", "id": "m", "code": {"text": "x"}},
]


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, item in items for place in ((*path, key), *_places(item, (*path, key)))]


def _broken(resource: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """`resource` with one to three of its parts replaced by something odd, or removed."""
    changed = copy.deepcopy(resource)
    for _ in range(rng.randint(1, 3)):
        places = _places(changed)
        if not places:
            break
        *path, last = rng.choice(places)
        holder = changed
        for key in path:
            holder = holder[key]
        if rng.random() < 0.2:
            del holder[last]
        else:
            holder[last] = copy.deepcopy(rng.choice(ODD))
    return changed


@pytest.mark.parametrize("seed", range(8))
def test_odd_resources_are_accepted_or_held_and_never_raise(
    db: None, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    rng = random.Random(seed)
    source = Source.objects.create(slug="odd", address="http://odd.test/fhir")
    resources = [copy.deepcopy(patient())]
    resources += [_broken(rng.choice(WHOLE), rng) for _ in range(250)]
    content = "\n".join(json.dumps(resource) for resource in resources).encode()
    reading = receive(source, content, content_type="application/fhir+ndjson", origin="x")
    report = open_reading(reading)
    reading.refresh_from_db()
    assert reading.state == ReadingState.OPENED
    assert report.received == len(resources) == report.accepted + report.known + report.quarantined
    assert all(entry.detail for entry in QuarantineEntry.objects.all())
    assert report.quarantined > 50
    assert not [record for record in caplog.records if record.levelname == "ERROR"], "a fault of ours, not of the input"


@pytest.mark.parametrize("seed", range(4))
def test_odd_bundles_are_opened_or_unreadable_and_never_raise(db: None, seed: int) -> None:
    rng = random.Random(seed)
    source = Source.objects.create(slug="odd", address="http://odd.test/fhir")
    page = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"fullUrl": "urn:uuid:1", "resource": observation()}] * 2,
    }
    for _ in range(150):
        content = json.dumps(_broken(page, rng)).encode()
        if rng.random() < 0.3:
            content = content[: rng.randrange(len(content))]
        reading = receive(source, content, content_type="application/fhir+json", origin="x")
        open_reading(reading)
        reading.refresh_from_db()
        assert reading.state != ReadingState.RECEIVED
