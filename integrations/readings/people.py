"""Patients, their stays and diagnoses, and what the twins may know of them: age on a day, sex, dialysis."""

from datetime import datetime
from typing import Any

from clinic.patients.care_team import take_in
from clinic.patients.models import Condition, Encounter, Patient
from integrations.codes.conditions import HAEMODIALYSIS
from integrations.readings.coding import codings, words
from integrations.readings.door import decode
from integrations.readings.identity import Identity
from integrations.readings.models import Resource, Source
from integrations.readings.moment import maybe_instant, roughly, whole_years
from twins.records.models import Sex, Subject

_NOT_A_STAY = frozenset({"planned", "cancelled", "entered-in-error"})
_RECORD_NUMBER = "MR"
"""HL7 v2 table 0203: medical record number."""


def keep_patient(data: dict[str, Any], identity: Identity, source: Source) -> Patient:
    """Make or update the patient, and put a new one into the care teams that take in the source's patients."""
    patient = Patient.objects.select_related("subject").filter(source_key=identity.source_key).first()
    is_new = patient is None
    if patient is None:
        patient = Patient(subject=Subject.objects.create(), source_key=identity.source_key)
    names = data.get("name") or [{}]
    name = next((n for n in names if n.get("use") == "official"), names[0])
    patient.family_name = str(name.get("family") or name.get("text") or "")[:100]
    patient.given_name = " ".join(name.get("given") or ())[:100]
    patient.record_number = _record_number(data)[:64]
    birth = data.get("birthDate")
    born = roughly(birth) if isinstance(birth, str) and len(birth) == len("2000-01-01") else None
    patient.birth_date = born.date() if born else None
    patient.sex = _sex(data)
    patient.active = data.get("active") is not False
    patient.save(force_insert=is_new)
    if is_new:
        take_in(patient, source.slug)
    return patient


def keep_encounter(data: dict[str, Any], identity: Identity, patient: Patient) -> None:
    period = data.get("period") or {}
    places = data.get("location") or ()
    place = next((p for p in places if p.get("status") == "active"), places[0] if places else {})
    Encounter.objects.update_or_create(
        source_key=identity.source_key,
        defaults={
            "patient": patient,
            "status": data["status"],
            "location": str((place.get("location") or {}).get("display") or "")[:100],
            "started": maybe_instant(period.get("start"), "Encounter.period.start", day_is_enough=True),
            "ended": maybe_instant(period.get("end"), "Encounter.period.end", day_is_enough=True),
        },
    )


def keep_condition(data: dict[str, Any], identity: Identity, patient: Patient, updated: datetime) -> None:
    """Keep a diagnosis; without an onset it holds from when it was written down, and once inactive it has ended.

    A coding that the product acts on stands before the others.
    """
    pairs = list(codings(data.get("code")))
    system, code = next((pair for pair in pairs if pair in HAEMODIALYSIS), pairs[0] if pairs else ("", ""))
    verification = {code for _, code in codings(data.get("verificationStatus"))}
    clinical = {code for _, code in codings(data.get("clinicalStatus"))}
    abated = roughly(data.get("abatementDateTime")) or roughly((data.get("abatementPeriod") or {}).get("end"))
    if abated is None and clinical & {"inactive", "remission", "resolved"}:
        abated = updated
    onset = roughly(data.get("onsetDateTime")) or roughly((data.get("onsetPeriod") or {}).get("start"))
    Condition.objects.update_or_create(
        source_key=identity.source_key,
        defaults={
            "patient": patient,
            "system": system[:200],
            "code": code[:64],
            "text": words(data.get("code"))[:200],
            "onset": onset or roughly(data.get("recordedDate")) or updated,
            "abated": abated,
            "withdrawn": bool(verification & {"entered-in-error", "refuted"}),
        },
    )


def refresh_subject(patient: Patient) -> bool:
    """Bring what the twins know in line with the chart; True if anything changed.

    Age is in whole years on the day the latest stay began, or, without a stay, on which the record was last updated.
    """
    subject = Subject.objects.get(pk=patient.subject_id)
    before = _facts(subject)
    subject.sex = patient.sex
    record = Resource.objects.filter(source_key=patient.source_key, is_current=True).first()
    stays = patient.encounters.exclude(status__in=_NOT_A_STAY).filter(started__isnull=False)
    stay = stays.order_by("-started").first()
    moment = stay.started if stay else record.last_updated if record else None
    birth = decode(record.text).get("birthDate") if record else None
    age = whole_years(birth, moment.date()) if birth and moment else None
    subject.age_years, subject.age_as_of = (None, None) if age is None or moment is None else (age, moment.date())
    codes = [code for _, code in HAEMODIALYSIS]
    dialysis = patient.conditions.filter(code__in=codes, withdrawn=False, abated__isnull=True)
    first = next((c for c in dialysis.order_by("onset", "source_key") if (c.system, c.code) in HAEMODIALYSIS), None)
    subject.haemodialysis_since = first.onset if first else None
    subject.haemodialysis_source = "/".join(first.source_key.rsplit("/", 2)[-2:]) if first else ""
    if _facts(subject) == before:
        return False
    subject.save()
    return True


def _facts(subject: Subject) -> tuple[object, ...]:
    return (
        str(subject.sex),
        subject.age_years,
        subject.age_as_of,
        subject.haemodialysis_since,
        subject.haemodialysis_source,
    )


def _sex(data: dict[str, Any]) -> Sex:
    return {"male": Sex.MALE, "female": Sex.FEMALE}.get(data.get("gender", ""), Sex.UNKNOWN)


def _record_number(data: dict[str, Any]) -> str:
    identifiers = [i for i in data.get("identifier") or () if i.get("value")]
    for identifier in identifiers:
        if any(code == _RECORD_NUMBER for _, code in codings(identifier.get("type"))):
            return str(identifier["value"])
    usual = next(
        (i for i in identifiers if i.get("use") in ("usual", "official")), identifiers[0] if identifiers else {}
    )
    return str(usual.get("value", ""))
