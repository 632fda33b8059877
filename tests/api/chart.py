"""A small chart of two patients, with a resource of most kinds, to search in."""

import json
from typing import Any

from clinic.patients.models import Patient
from tests.api.ward_data import patient, store

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"


def keep(kind: str, identifier: str, of: Patient | None = None, /, **elements: Any) -> None:
    data = {"resourceType": kind, "id": identifier, **elements}
    store(json.dumps(data), subject=of.subject if of else None)


def coded(code: str, system: str = LOINC, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


def to(reference: str) -> dict[str, str]:
    return {"reference": reference}


def pressure(high: float, low: float) -> list[dict[str, Any]]:
    def part(code: str, value: float) -> dict[str, Any]:
        return {"code": coded(code), "valueQuantity": amount(value, "mm[Hg]")}

    return [part("8480-6", high), part("8462-4", low)]


def amount(value: float, unit: str) -> dict[str, Any]:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def chart() -> tuple[Patient, Patient]:
    """Patients p1 and p2 with what the tests look for; ids say what they are."""
    first, second = patient(1, family="Adams"), patient(2, family="Berger")
    keep("Organization", "org", name="Ward Works", alias=["The Works"])
    keep("Practitioner", "doc", name=[{"family": "Müller"}], identifier=[{"system": "urn:lanr", "value": "77"}])
    keep("Device", "pump", status="active", type={"text": "Pump"}, owner=to("Organization/org"))
    keep(
        "DeviceMetric",
        "flow",
        type=coded("157784", "urn:iso:std:iso:11073:10101"),
        source=to("Device/pump"),
        category="measurement",
    )
    keep("Medication", "vial", code=coded("11124", "urn:rx", display="Vancomycin 500 mg"))
    for who, tag in ((first, "1"), (second, "2")):
        subject = to(f"Patient/p{tag}")
        keep(
            "Encounter",
            f"e{tag}",
            who,
            status="in-progress",
            subject=subject,
            period={"start": f"2026-01-0{tag}"},
            **{"class": {"code": "IMP"}},
        )
        keep(
            "Observation", f"bp{tag}", who, status="final", code=coded("85354-9"), subject=subject,
            encounter=to(f"Encounter/e{tag}"), effectiveDateTime="2026-01-05T08:00:00Z",
            component=pressure(140 + int(tag), 60), device=to("Device/pump"),
        )  # fmt: skip
        keep(
            "Observation", f"k{tag}", who, status="amended" if tag == "2" else "final", subject=subject,
            code={"coding": [{"system": LOINC, "code": "2823-3", "display": "Potassium"}], "text": "Kalium"},
            effectivePeriod={"start": "2026-01-05T23:00:00Z", "end": "2026-01-06T01:00:00Z"},
            valueQuantity=amount(4.05, "mmol/L"), performer=[to("Practitioner/doc")],
            method=coded("m", "urn:methods"),
        )  # fmt: skip
        keep(
            "MedicationRequest", f"rx{tag}", who, status="active", intent="order", subject=subject,
            medicationReference=to("Medication/vial"), requester=to("Practitioner/doc"), authoredOn="2026-01-04",
        )  # fmt: skip
        keep(
            "Provenance", f"prov{tag}", who, target=[to(f"Observation/k{tag}"), subject],
            recorded="2026-01-07T00:00:00Z", agent=[{"who": to("Practitioner/doc")}],
        )  # fmt: skip
    keep(
        "Observation", "logical", first, status="final", code={"text": "a note"}, subject=to("Patient/p1"),
        performer=[{"identifier": {"system": "urn:lanr", "value": "77"}}],
        focus=[to("http://elsewhere.test/fhir/Location/7")],
        effectiveTiming={"event": ["2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"]},
    )  # fmt: skip
    return first, second
