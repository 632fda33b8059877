"""Small FHIR R4 resources for tests: what a hospital's server would send."""

import json
from typing import Any

UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"

Json = dict[str, Any]


def meta(version: int | None = 1, updated: str = "2026-03-01T08:00:00Z") -> Json:
    return {} if version is None else {"meta": {"versionId": str(version), "lastUpdated": updated}}


def quantity(value: Any, code: str) -> Json:
    return {"value": value, "unit": code, "system": UCUM, "code": code}


def concept(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def patient(identifier: str = "p1", version: int | None = 1, **changes: Any) -> Json:
    return {
        "resourceType": "Patient",
        "id": identifier,
        **meta(version),
        "name": [{"use": "official", "family": "Okafor", "given": ["Daniel"]}],
        "gender": "male",
        "birthDate": "1968-05-04",
        **changes,
    }


def observation(
    identifier: str = "o1",
    code: str = "20578-1",
    value: Any = 15.3,
    unit: str = "mg/L",
    *,
    of: str = "p1",
    at: str | None = "2026-03-02T06:00:00Z",
    version: int | None = 1,
    status: str = "final",
    **changes: Any,
) -> Json:
    return {
        "resourceType": "Observation",
        "id": identifier,
        **meta(version),
        "status": status,
        "code": concept(LOINC, code),
        "subject": {"reference": f"Patient/{of}"},
        **({"effectiveDateTime": at} if at else {}),
        **({} if value is None else {"valueQuantity": quantity(value, unit)}),
        **changes,
    }


def strip(identifier: str = "s1", data: str = "80 82 E 81 U L 79", *, of: str = "p1", **changes: Any) -> Json:
    """Heart rate as SampledData, one number a minute."""
    return observation(
        identifier,
        "8867-4",
        None,
        of=of,
        at=None,
        effectivePeriod={"start": "2026-03-02T06:00:00Z", "end": "2026-03-02T06:06:00Z"},
        valueSampledData={
            "origin": quantity(0, "/min"),
            "period": 60000,
            "factor": 1,
            "dimensions": 1,
            "data": data,
            **changes,
        },
    )


def administration(
    identifier: str = "a1",
    amount: Any = 1000,
    unit: str = "mg",
    *,
    of: str = "p1",
    start: str = "2026-03-02T08:00:00Z",
    end: str | None = "2026-03-02T09:00:00Z",
    status: str = "completed",
    version: int | None = 1,
    **changes: Any,
) -> Json:
    return {
        "resourceType": "MedicationAdministration",
        "id": identifier,
        **meta(version),
        "status": status,
        "medicationCodeableConcept": concept(RXNORM, "11124"),
        "subject": {"reference": f"Patient/{of}"},
        "effectivePeriod": {"start": start, **({"end": end} if end else {})},
        "dosage": {"route": concept(SNOMED, "47625008"), "dose": quantity(amount, unit)},
        **changes,
    }


def request(
    identifier: str = "r1",
    *,
    of: str = "p1",
    status: str = "active",
    version: int | None = 1,
    repeat: Json | None = None,
    instruction: Json | None = None,
    updated: str = "2026-03-01T08:00:00Z",
    **changes: Any,
) -> Json:
    repeat = repeat or {
        "boundsPeriod": {"start": "2026-03-02T08:00:00Z"},
        "frequency": 1,
        "period": 12,
        "periodUnit": "h",
        "duration": 90,
        "durationUnit": "min",
    }
    return {
        "resourceType": "MedicationRequest",
        "id": identifier,
        **meta(version, updated),
        "status": status,
        "intent": "order",
        "medicationCodeableConcept": concept(RXNORM, "11124"),
        "subject": {"reference": f"Patient/{of}"},
        "authoredOn": "2026-03-02T07:30:00Z",
        "dosageInstruction": [
            {
                "timing": {"repeat": repeat},
                "doseAndRate": [{"doseQuantity": quantity(1250, "mg")}],
                **(instruction or {}),
            }
        ],
        **changes,
    }


def condition(
    identifier: str = "c1", code: str = "105502003", *, of: str = "p1", version: int = 1, **changes: Any
) -> Json:
    return {
        "resourceType": "Condition",
        "id": identifier,
        **meta(version),
        "code": concept(SNOMED, code),
        "subject": {"reference": f"Patient/{of}"},
        "onsetDateTime": "2026-02-20T00:00:00Z",
        **changes,
    }


def encounter(identifier: str = "e1", *, of: str = "p1", version: int = 1, **changes: Any) -> Json:
    return {
        "resourceType": "Encounter",
        "id": identifier,
        **meta(version),
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"},
        "subject": {"reference": f"Patient/{of}"},
        "period": {"start": "2026-05-03T10:00:00Z"},
        "location": [{"location": {"display": "Bed 4"}}],
        **changes,
    }


def bundle(*resources: Json, kind: str = "searchset", **changes: Any) -> Json:
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": r} for r in resources], **changes}


def as_bytes(resource: Json) -> bytes:
    return json.dumps(resource).encode()
