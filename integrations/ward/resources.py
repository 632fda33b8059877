"""The FHIR R4 resources of one patient's chart and of the ward's devices, each in the versions that it goes through."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.ward.claims import profiles
from integrations.ward.patients import WardPatient

Json = dict[str, Any]

LOINC = "http://loinc.org"
MDC = "urn:iso:std:iso:11073:10101"
SNOMED = "http://snomed.info/sct"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
UCUM = "http://unitsofmeasure.org"
RECORD_NUMBERS = "https://ward.example/record-number"
SERIAL_NUMBERS = "https://ward.example/device-serial-number"
ANALYSER = "laboratory-analyser"

TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one resource, known from `updated` on; `body` is the resource without its ``meta``."""

    updated: datetime
    type: str
    id: str
    number: int
    patient: str
    body: Json = field(repr=False, compare=False)

    @property
    def reference(self) -> str:
        return f"{self.type}/{self.id}"

    def resource(self) -> Json:
        """The resource as served, with version, time, profile and the tag that says that no real person is meant."""
        kept = profiles(self.type, self.body)
        meta = {
            "versionId": str(self.number),
            "lastUpdated": instant(self.updated),
            **({"profile": kept} if kept else {}),
            **self.body.get("meta", {}),
            "tag": [TEST_DATA],
        }
        rest = {name: value for name, value in self.body.items() if name != "meta"}
        return {"resourceType": self.type, "id": self.id, "meta": meta, **rest}


def instant(moment: datetime) -> str:
    """``2026-03-01T08:00:00Z``, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def known(epoch: datetime, hours: float) -> datetime:
    """The whole second `hours` after the epoch."""
    return epoch.astimezone(UTC) + timedelta(seconds=round(hours * 3600.0))


def at(patient: WardPatient, hours: float) -> str:
    return instant(known(patient.epoch, hours))


def concept(system: str, code: str, display: str, text: str | None = None) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": text or display}


def quantity(value: float, unit: str, code: str | None = None) -> Json:
    """A UCUM quantity; `unit` is what people read and `code` the UCUM code where the two differ."""
    return {"value": value, "unit": unit, "system": UCUM, "code": code or unit}


def subject(patient: WardPatient) -> Json:
    return {"reference": f"Patient/{patient.id}"}


def encounter(patient: WardPatient) -> Json:
    return {"reference": f"Encounter/{patient.id}-stay"}


def device_id(patient: WardPatient, kind: str) -> str:
    """Monitors and pumps belong to a bed; the cart and the scale are shared by a ward."""
    if kind in ("monitor", "pump"):
        return f"{patient.id}-{kind}"
    return f"{kind}-{patient.profile.bed.split(',')[0].lower().replace(' ', '-')}"


def device_reference(identifier: str, name: str) -> Json:
    return {"reference": f"Device/{identifier}", "display": name}


DEVICE_NAMES = {
    "monitor": "Bedside monitor",
    "pump": "Infusion pump",
    "cart": "Vital signs cart",
    "scale": "Bed scale",
    ANALYSER: "Core laboratory analyser",
}


def device_of(patient: WardPatient, kind: str) -> Json:
    identifier = kind if kind == ANALYSER else device_id(patient, kind)
    return device_reference(identifier, DEVICE_NAMES[kind])


def chart(patient: WardPatient) -> Iterator[Version]:
    """Patient, Encounter and Conditions."""
    profile = patient.profile
    admitted = known(patient.epoch, profile.admitted_h)
    yield Version(
        admitted,
        "Patient",
        patient.id,
        1,
        patient.id,
        {
            "identifier": [
                {
                    "use": "usual",
                    "type": concept("http://terminology.hl7.org/CodeSystem/v2-0203", "MR", "Medical record number"),
                    "system": RECORD_NUMBERS,
                    "value": patient.record_number,
                }
            ],
            "active": True,
            "name": [{"use": "official", "family": profile.family, "given": [profile.given]}],
            "gender": profile.sex,
            "birthDate": patient.birth_date.isoformat(),
        },
    )
    yield Version(
        admitted,
        "Encounter",
        f"{patient.id}-stay",
        1,
        patient.id,
        {
            "status": "in-progress",
            "class": {
                "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                "code": "IMP",
                "display": "inpatient encounter",
            },
            "type": [concept(SNOMED, "32485007", "Hospital admission")],
            "subject": subject(patient),
            "period": {"start": instant(admitted)},
            "location": [{"location": {"display": profile.bed}, "status": "active"}],
        },
    )
    for number, diagnosis in enumerate(profile.diagnoses, start=1):
        written = max(diagnosis.onset_h, profile.admitted_h) + 0.5
        yield Version(
            known(patient.epoch, written),
            "Condition",
            f"{patient.id}-condition-{number}",
            1,
            patient.id,
            {
                "clinicalStatus": concept(
                    "http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"
                ),
                "verificationStatus": concept(
                    "http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed", "Confirmed"
                ),
                "category": [
                    concept(
                        "http://terminology.hl7.org/CodeSystem/condition-category",
                        "encounter-diagnosis",
                        "Encounter Diagnosis",
                    )
                ],
                "code": concept(SNOMED, diagnosis.code, diagnosis.display),
                "subject": subject(patient),
                "encounter": encounter(patient),
                "onsetDateTime": at(patient, diagnosis.onset_h),
                "recordedDate": at(patient, written),
            },
        )


def devices(patients: tuple[WardPatient, ...]) -> Iterator[Version]:
    """One Device for each monitor and pump, one cart and one scale a ward, one analyser for the house."""
    if not patients:
        return
    earliest = min(p.profile.admitted_h for p in patients)
    yield _device(known(patients[0].epoch, earliest), ANALYSER, ANALYSER, "LA-900", "")
    shared: set[str] = set()
    for patient in patients:
        kinds = ["cart", "scale"]
        if patient.profile.monitored:
            kinds.append("monitor")
        if patient.orders:
            kinds.append("pump")
        for kind in kinds:
            identifier = device_id(patient, kind)
            own = kind in ("monitor", "pump")
            if identifier in shared:
                continue
            shared.add(identifier)
            since = patient.profile.admitted_h if own else earliest
            yield _device(known(patient.epoch, since), identifier, kind, _MODELS[kind], patient.id if own else "")


_MODELS = {"monitor": "PM-40", "pump": "IP-2", "cart": "VC-7", "scale": "BS-3"}


def _device(updated: datetime, identifier: str, kind: str, model: str, patient: str) -> Version:
    serial = f"{model}-{sum(ord(c) * (i + 7) for i, c in enumerate(identifier)) % 10**5:05}"
    body: Json = {
        "identifier": [{"system": SERIAL_NUMBERS, "value": serial}],
        "status": "active",
        "manufacturer": "Example Instruments",
        "serialNumber": serial,
        "deviceName": [{"name": f"{DEVICE_NAMES[kind]} {model}", "type": "user-friendly-name"}],
        "modelNumber": model,
        "type": {"text": DEVICE_NAMES[kind]},
    }
    if patient:
        body["patient"] = {"reference": f"Patient/{patient}"}
    return Version(updated, "Device", identifier, 1, patient, body)
