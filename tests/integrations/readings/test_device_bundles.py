"""Bundles as personal-health gateways and Synthea write them."""

import json
from typing import Any

import pytest

from integrations.readings.accept import AcceptReport, open_reading
from integrations.readings.inbox import receive
from integrations.readings.models import QuarantineEntry, QuarantineReason, Resource, Source
from tests.integrations.resources import UCUM
from twins.records.models import StoredSample

pytestmark = pytest.mark.django_db
Json = dict[str, Any]
MDC = "urn:iso:std:iso:11073:10101"
LOINC = "http://loinc.org"


def _open(text: str) -> AcceptReport:
    source, _ = Source.objects.get_or_create(slug="gateway", address="http://gateway.test/fhir")
    reading = receive(source, text.encode(), content_type="application/fhir+json", origin="test")
    return open_reading(reading)


def _codes(*codes: tuple[str, str]) -> Json:
    return {"coding": [{"system": system, "code": code} for system, code in codes]}


def _phd(identifier: str, code: Json, **changes: Any) -> Json:
    """An Observation as the Personal Health Device guide has it, with the clock of its device beside."""
    return {
        "resourceType": "Observation",
        "id": identifier,
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/observation-gatewayDevice",
                "valueReference": {"reference": "Device/phg"},
            }
        ],
        "identifier": [{"value": f"sensor-{identifier}-20260302060000-711000FEFF5F49B0"}],
        "status": "final",
        "category": [_codes(("http://hl7.org/fhir/uv/phd/CodeSystem/PhdObservationCategories", "phd-observation"))],
        "code": code,
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2026-03-02T06:00:00.40+01:00",
        "device": {"reference": "Device/phd"},
        "derivedFrom": [{"reference": "Observation/clock"}],
        **changes,
    }


def _quantity(value: str, unit: str) -> Json:
    return {"value": f"#{value}#", "system": UCUM, "code": unit, "unit": unit}


def _bundle(*resources: Json, kind: str = "transaction") -> str:
    """The Bundle as text; numbers between ``#`` are written digit for digit."""
    entries = [
        {
            "fullUrl": f"urn:uuid:{resource.get('id')}",
            "resource": resource,
            "request": {"method": "POST", "url": resource["resourceType"]},
        }
        for resource in resources
    ]
    return json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries}).replace('"#', "").replace('#"', "")


CLOCK = {
    "resourceType": "Observation",
    "id": "clock",
    "status": "final",
    "code": _codes((MDC, "67975")),
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-03-02T06:00:36-05:00",
    "valueDateTime": "2026-03-02T06:00:35-05:00",
    "device": {"reference": "Device/phd"},
}
PEOPLE: tuple[Json, ...] = (
    {"resourceType": "Patient", "id": "p1", "gender": "female", "birthDate": "1970-01-01"},
    {"resourceType": "Device", "id": "phg"},
    {
        "resourceType": "Device",
        "id": "phd",
        "identifier": [{"system": "urn:oid:1.2.840.10004.1.1.1.0.0.1.0.0.1.2680", "value": "71-10-00-FE-FF-5F-49-B0"}],
        "property": [{"type": _codes((MDC, "68219")), "valueCode": [_codes((MDC, "532354"))]}],
        "patient": {"reference": "Patient/p1"},
    },
)


def test_a_gateways_transaction_is_read_by_mdc_codes_alone() -> None:
    pressure = _phd(
        "bp",
        _codes((MDC, "150020")),
        component=[
            {"code": _codes((MDC, "150021")), "valueQuantity": _quantity("120.0", "mm[Hg]")},
            {"code": _codes((MDC, "150022")), "valueQuantity": _quantity("80", "mm[Hg]")},
            {"code": _codes((MDC, "150023")), "valueQuantity": _quantity("93", "mm[Hg]")},
        ],
    )
    both = _phd(
        "weight",
        _codes((MDC, "188736"), (LOINC, "29463-7"), ("http://snomed.info/sct", "27113001")),
        valueQuantity=_quantity("74.50", "kg"),
    )
    rest = [
        _phd("pulse", _codes((MDC, "149530")), valueQuantity=_quantity("61", "{beat}/min")),
        _phd("spo2", _codes((MDC, "150456")), valueQuantity=_quantity("97.0", "%")),
        _phd("glucose", _codes((MDC, "160184")), valueQuantity=_quantity("108", "mg/dL")),
        _phd("sensor", _codes((MDC, "160212")), valueQuantity=_quantity("6.1", "mmol/L")),
        _phd("temperature", _codes((MDC, "150364")), valueQuantity=_quantity("36.70", "Cel")),
    ]
    report = _open(_bundle(*PEOPLE, CLOCK, pressure, both, *rest))
    assert (report.accepted, report.quarantined) == (11, 0), QuarantineEntry.objects.values_list("detail")
    rows = StoredSample.objects.order_by("channel").values_list("channel", "value", "part", "device_key")
    device = "gateway/Device/phd"
    assert list(rows) == [
        ("diastolic_pressure", 80.0, "150022", device),
        ("glucose", 108.0, "", device),
        ("heart_rate", 61.0, "", device),
        ("oxygen_saturation", 97.0, "", device),
        ("sensor_glucose", pytest.approx(109.895, abs=1e-3), "", device),
        ("systolic_pressure", 120.0, "150021", device),
        ("temperature", 36.7, "", device),
        ("weight", 74.5, "", device),
    ]
    assert {row.event_time.isoformat() for row in StoredSample.objects.all()} == {"2026-03-02T05:00:00.400000+00:00"}
    assert '"value": 74.50,' in Resource.objects.get(resource_id="weight").text
    assert Resource.objects.get(resource_id="clock").code == f"{MDC}|67975"


@pytest.mark.parametrize("code", ["67975", "67983", "68072", "68226"])
def test_a_clock_of_any_kind_is_kept_and_tells_nothing_of_the_patient(code: str) -> None:
    """As the guide's second edition has it: the device is the subject, the gateway read it, ticks are microseconds."""
    ticks = {"valueQuantity": _quantity("123456789", "us")}
    clock = {name: item for name, item in CLOCK.items() if name != "valueDateTime"} | ticks
    clock |= {
        "code": _codes((MDC, code)),
        "subject": {"reference": "Device/phd"},
        "device": {"reference": "Device/phg"},
    }
    report = _open(_bundle(*PEOPLE, clock))
    assert (report.accepted, report.quarantined) == (4, 0), QuarantineEntry.objects.values_list("detail")
    kept = Resource.objects.get(resource_id="clock")
    assert kept.code == f"{MDC}|{code}"
    assert kept.subject_id == Resource.objects.get(resource_id="phd").subject_id, "the device's patient's"
    assert not StoredSample.objects.exists()


def test_what_is_measured_is_of_a_patient_and_never_of_a_device() -> None:
    weight = _phd(
        "weight", _codes((MDC, "188736")), subject={"reference": "Device/phd"}, valueQuantity=_quantity("74", "kg")
    )
    report = _open(_bundle(*PEOPLE, weight))
    assert (report.accepted, report.quarantined) == (3, 1)
    assert "send a reference to a Patient" in QuarantineEntry.objects.get().detail


def test_what_a_device_could_not_measure_waits_and_is_no_zero() -> None:
    nothing = _phd(
        "spo2",
        _codes((MDC, "150456")),
        dataAbsentReason=_codes(("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-a-number")),
    )
    _open(_bundle(*PEOPLE, nothing))
    assert QuarantineEntry.objects.get().reason == QuarantineReason.MISSING_VALUE
    assert not StoredSample.objects.exists()


def test_codes_that_contradict_each_other_are_refused() -> None:
    torn = _phd("x", _codes((MDC, "150456"), (LOINC, "8867-4")), valueQuantity=_quantity("97", "%"))
    _open(_bundle(*PEOPLE, torn))
    assert "at once" in QuarantineEntry.objects.get().detail


def test_control_solution_is_not_taken_for_blood() -> None:
    _open(_bundle(*PEOPLE, _phd("c", _codes((MDC, "160208")), valueQuantity=_quantity("108", "mg/dL"))))
    assert QuarantineEntry.objects.get().reason == QuarantineReason.UNKNOWN_CODE


def test_a_bundle_as_synthea_writes_it_is_taken_in_and_the_rest_waits() -> None:
    subject = {"reference": "urn:uuid:a1"}
    encounter = {"reference": "urn:uuid:e1"}

    def lab(identifier: str, code: str, value: str, unit: str, **changes: Any) -> Json:
        return {
            "resourceType": "Observation",
            "id": identifier,
            "status": "final",
            "category": [_codes(("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory"))],
            "code": _codes((LOINC, code)),
            "subject": subject,
            "encounter": encounter,
            "effectiveDateTime": "2026-01-02T03:04:05-05:00",
            "issued": "2026-01-02T03:04:05.678-05:00",
            "valueQuantity": _quantity(value, unit),
            **changes,
        }

    person = {
        "resourceType": "Patient",
        "id": "a1",
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Generated</div>'},
        "extension": [{"url": "http://synthetichealth.github.io/synthea/disability-years", "valueDecimal": 1.5}],
        "name": [{"family": "Abbott774", "given": ["Ada"]}],
        "gender": "female",
        "birthDate": "1954-07-08",
    }
    stay = {
        "resourceType": "Encounter",
        "id": "e1",
        "status": "finished",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
        "subject": subject,
        "period": {"start": "2026-01-02T03:00:00-05:00", "end": "2026-01-02T04:00:00-05:00"},
    }
    others = [
        lab("creatinine", "38483-4", "1.10", "mg/dL"),
        lab("glucose", "2339-0", "92.5", "mg/dL"),
        lab("pain", "72514-3", "3", "{score}"),
        {"resourceType": "Claim", "id": "cl", "status": "active"},
        {"resourceType": "CareTeam", "id": "ct", "status": "active"},
    ]
    pressure = lab("bp", "85354-9", "0", "1")
    del pressure["valueQuantity"]
    pressure["component"] = [
        {"code": _codes((LOINC, "8480-6")), "valueQuantity": _quantity("118", "mm[Hg]")},
        {"code": _codes((LOINC, "8462-4")), "valueQuantity": _quantity("76", "mm[Hg]")},
    ]
    report = _open(_bundle(person, stay, pressure, *others))
    assert (report.accepted, report.quarantined) == (5, 3)
    assert {row.channel: row.value for row in StoredSample.objects.all()} == {
        "systolic_pressure": 118.0,
        "diastolic_pressure": 76.0,
        "creatinine": 1.1,
        "glucose": 92.5,
    }
    reasons = dict(QuarantineEntry.objects.values_list("source_key", "reason"))
    assert reasons == {
        "gateway/Observation/pain": QuarantineReason.UNKNOWN_CODE,
        "gateway/Claim/cl": QuarantineReason.UNKNOWN_TYPE,
        "gateway/CareTeam/ct": QuarantineReason.UNKNOWN_TYPE,
    }
