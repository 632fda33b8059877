"""Resources as a ward would have sent them, stored as received; the texts hold what re-serialising would change."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from clinic.patients.models import Patient
from integrations.readings.models import Reading, Resource, Source
from twins.records.models import Subject

T0 = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ADDRESS = "http://ward.test/fhir"


def source(slug: str = "ward", address: str = ADDRESS) -> Source:
    return Source.objects.get_or_create(slug=slug, defaults={"address": address})[0]


def store(
    text: str,
    *,
    slug: str = "ward",
    subject: Subject | None = None,
    event_time: datetime | None = None,
    code: str = "",
    is_current: bool = True,
) -> Resource:
    """One version of a resource, as the inbox would keep it."""
    data = json.loads(text)
    digest = hashlib.sha256(text.encode()).hexdigest()
    meta = data.get("meta", {})
    reading = Reading.objects.create(
        source=source(slug),
        sha256=digest,
        content=text.encode(),
        content_type="application/fhir+json",
        origin=ADDRESS,
        received_time=T0,
    )
    return Resource.objects.create(
        source_key=f"{slug}/{data['resourceType']}/{data['id']}",
        resource_type=data["resourceType"],
        resource_id=data["id"],
        version=meta.get("versionId", digest),
        last_updated=datetime.fromisoformat(meta.get("lastUpdated", T0.isoformat())),
        text=text,
        sha256=digest,
        reading=reading,
        subject=subject,
        is_current=is_current,
        code=code,
        event_time=event_time,
        status=data.get("status", ""),
    )


def patient(number: int, *, slug: str = "ward", family: str = "Óskarsdóttir") -> Patient:
    identifier = f"p{number}"
    subject = Subject.objects.create()
    found = Patient.objects.create(
        subject=subject, source_key=f"{slug}/Patient/{identifier}", family_name=family, given_name=f"Anna {number}"
    )
    meta = {"versionId": "1", "lastUpdated": (T0 + timedelta(seconds=number)).isoformat()}
    person = {
        "resourceType": "Patient",
        "id": identifier,
        "meta": meta,
        "identifier": [{"system": "urn:test:mrn", "value": f"MRN-{number}"}],
        "name": [{"family": family, "given": ["Anna", str(number)]}],
        "gender": "female" if number % 2 else "male",
        "birthDate": f"19{50 + number % 40}-03-0{1 + number % 9}",
    }
    store(json.dumps(person, ensure_ascii=False), slug=slug, subject=subject)
    return found


def level(
    whose: Patient, number: int, *, value: str = "12.30", hours: float = 0.0, version: int = 1, current: bool = True
) -> Resource:
    """A vancomycin level; `value` is JSON text, so that its digits are what they are."""
    when = T0 + timedelta(hours=hours)
    slug, _, person = whose.source_key.split("/")
    updated = T0 + timedelta(hours=hours + 1, minutes=version)
    text = (
        f'{{ "resourceType": "Observation",\n "id": "o{number}", "status": "final",'
        f' "meta": {{"versionId": "{version}", "lastUpdated": "{updated.isoformat()}"}},'
        ' "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category",'
        ' "code": "laboratory"}]}],'
        ' "code": {"coding": [{"system": "http://loinc.org", "code": "20578-1"},'
        ' {"system": "urn:test:local", "code": "VANC"}]},'
        f' "subject": {{"reference": "Patient/{person}"}}, "effectiveDateTime": "{when.isoformat()}",'
        f' "valueQuantity": {{"value": {value}, "unit": "mg/L", "system": "http://unitsofmeasure.org",'
        ' "code": "mg/L"},'
        ' "performer": [{"reference": "Practitioner/lab"}], "specimen": {"reference": "Specimen/s1"},'
        ' "note": [{"text": "said \\"reference\\": \\"Patient/x\\" in a note"}]}'
    )
    return store(
        text,
        slug=slug,
        subject=whose.subject,
        event_time=when,
        code="http://loinc.org|20578-1",
        is_current=current,
    )


def infusion(whose: Patient, number: int, *, hours: float, length_h: float = 1.5) -> Resource:
    start = T0 + timedelta(hours=hours)
    slug, _, person = whose.source_key.split("/")
    data: dict[str, Any] = {
        "resourceType": "MedicationAdministration",
        "id": f"m{number}",
        "meta": {"versionId": "1", "lastUpdated": (start + timedelta(hours=2)).isoformat()},
        "status": "completed",
        "medicationCodeableConcept": {"coding": [{"system": RXNORM, "code": "11124"}]},
        "subject": {"reference": f"{ADDRESS}/Patient/{person}"},
        "effectivePeriod": {"start": start.isoformat(), "end": (start + timedelta(hours=length_h)).isoformat()},
        "dosage": {"dose": {"value": 1250, "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}},
    }
    return store(json.dumps(data), slug=slug, subject=whose.subject, event_time=start, code=f"{RXNORM}|11124")
