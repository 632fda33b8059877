"""Whatever a server sends, a reading can be opened: each entry is accepted or held, and nothing is raised."""

import copy
import json
import random
from typing import Any

import pytest

from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineEntry, QuarantineReason, ReadingState, Source
from tests.integrations.resources import (
    administration,
    condition,
    encounter,
    observation,
    patient,
    request,
    strip,
)
from twins.records.models import StoredSample

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


@pytest.mark.parametrize(
    ("twice", "named"),
    [
        (('"status": "final"', '"status": "final", "status": "amended"'), "Observation.status"),
        (('"value": 15.3', '"value": 15.3, "value": 1.53'), "Observation.valueQuantity.value"),
        (('"code": "20578-1"', '"code": "20578-1" , "code" : "2160-0"'), "Observation.code.coding[0].code"),
        (('"id": "o1"', '"id": "o1", "id": "o1"'), "Observation.id"),
    ],
)
@pytest.mark.django_db
def test_a_key_that_stands_twice_is_held_by_its_name_and_no_other_entry_with_it(
    twice: tuple[str, str], named: str
) -> None:
    source = Source.objects.create(slug="ehr", address="http://ehr.test/fhir")
    text = json.dumps(observation()).replace(*twice)
    assert text != json.dumps(observation())
    bundle = f'{{"resourceType": "Bundle", "type": "searchset", "entry": [{{"resource": {json.dumps(patient())}}},'
    bundle += f'{{"resource": {text}}}, {{"resource": {json.dumps(observation("o2"))}}}]}}'
    open_reading(receive(source, bundle.encode(), content_type="application/fhir+json", origin="test"))
    held = QuarantineEntry.objects.get()
    assert held.reason == QuarantineReason.INVALID_RESOURCE
    assert held.detail.startswith(f"{named} stands twice")
    assert held.text == text
    assert list(StoredSample.objects.values_list("source_key", flat=True)) == ["ehr/Observation/o2"]


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
