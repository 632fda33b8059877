"""Whatever was received, its record says who sent it, by which device, when, as which text, and how good it is."""

import base64
import json
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from clinic.patients.models import CareTeam, Patient
from integrations.readings.accept import open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import Reading, Source
from tests.factories import patient_records as rows
from tests.integrations import resources as fhir
from twins.records.models import GivenDose, StoredSample

pytestmark = pytest.mark.django_db
ORIGIN = "https://ward.example/fhir/everything"
PUMP = {
    "resourceType": "Device",
    "id": "pump-7",
    **fhir.meta(),
    "manufacturer": "Tessler",
    "serialNumber": "T-778",
    "patient": {"reference": "Patient/p1"},
}
NAMED = {"reference": "Device/pump-7"}
POINT = {
    "header": {"uuid": "1", "acquisition_provenance": {"source_name": "Wristband W2"}},
    "body": {
        "heart_rate": {"value": 72, "unit": "beats/min"},
        "effective_time_frame": {"date_time": "2026-03-02T06:00:00Z"},
    },
}
WEARABLE = {
    "resourceType": "Observation",
    "id": "omh-1",
    **fhir.meta(),
    "status": "final",
    "code": {"coding": [{"system": "https://w3id.org/openmhealth", "code": "omh:heart-rate:2.0"}]},
    "subject": {"reference": "Patient/p1"},
    "valueAttachment": {
        "contentType": "application/json",
        "data": base64.b64encode(json.dumps(POINT).encode()).decode(),
    },
}
KINDS = {
    "dose": fhir.administration(device=[{"display": "of no name"}, NAMED]),
    "level": fhir.observation(device=NAMED),
    "creatinine": fhir.observation("o2", "2160-0", 1.1, "mg/dL", device=NAMED),
    "weight": fhir.observation("o3", "29463-7", 81, "kg", device=NAMED),
    "vital sign": fhir.observation("o4", "8867-4", 82, "/min", device=NAMED),
    "wearable": WEARABLE,
}
KINDS = {kind: {**resource, **fhir.meta(updated="2026-03-02T10:00:00Z")} for kind, resource in KINDS.items()}


def taken(*resources):
    source = Source.objects.get_or_create(slug="ward", address="https://ward.example/fhir")[0]
    content = fhir.as_bytes(fhir.bundle(fhir.patient(), PUMP, *resources))
    open_reading(receive(source, content, content_type="application/fhir+json", origin=ORIGIN))
    CareTeam.objects.get_or_create(name=rows.TEAM)[0].patients.add(Patient.objects.get())


@pytest.fixture
def opened(client):
    client.force_login(rows.person())

    def opened():
        record = GivenDose.objects.first() or StoredSample.objects.get()
        kind = "dose" if isinstance(record, GivenDose) else "sample"
        response = client.get(f"/patients/{record.subject_id}/records/{kind}/{record.pk}")
        assert response.status_code == 200
        return response.content.decode()

    return opened


@pytest.mark.parametrize("kind", KINDS)
def test_source_device_time_of_receipt_text_and_quality_are_shown(opened, kind):
    taken(KINDS[kind])
    page = opened()
    reading = Reading.objects.get()
    device = "Wristband W2" if kind == "wearable" else "Tessler T-778 · Device/pump-7"
    for text in (
        device,
        '<span class="mono">ward</span>',
        f"{KINDS[kind]['resourceType']}/{KINDS[kind]['id']}",
        ORIGIN,
        reading.sha256,
        f"{reading.received_time:%H:%M} UTC",
        "agrees with the text below",
        "nothing was flagged",
    ):
        assert text in page
    assert "none named by the source" not in page
    assert "&quot;resourceType&quot;: &quot;" in page or "&quot;resourceType&quot;:&quot;" in page


def test_a_device_that_is_named_without_a_reference_is_shown_by_that_name(opened):
    taken(fhir.administration(device=[{"display": "Syringe pump, bed 4"}]))
    assert "Syringe pump, bed 4" in opened()


def test_a_metric_of_a_device_is_the_device_of_its_values(opened):
    taken(fhir.observation(device={"reference": "DeviceMetric/m1"}))
    assert StoredSample.objects.get().device_key == "ward/DeviceMetric/m1"
    assert "DeviceMetric/m1" in opened()


def test_where_none_is_named_the_page_says_so(opened):
    taken(fhir.administration())
    assert "none named by the source" in opened()


def test_a_device_that_cannot_be_read_keeps_no_dose_waiting(opened):
    taken(fhir.administration(device=[{"reference": "Patient/p1"}, {"reference": "https://other.example/Device/1"}]))
    assert GivenDose.objects.get().device_key == ""


def test_doses_of_before_are_given_their_device_when_the_database_is_brought_up_to_date():
    taken(KINDS["dose"], fhir.administration("a2"))
    GivenDose.objects.update(device_key="")
    import_module("integrations.readings.migrations.0005_device_of_doses").tell(apps, connection.schema_editor())
    found = dict(GivenDose.objects.values_list("source_key", "device_key"))
    assert found == {"ward/MedicationAdministration/a1": "ward/Device/pump-7", "ward/MedicationAdministration/a2": ""}
