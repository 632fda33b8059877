"""One patient with every kind of row that a page could show, the marks to know them by, and their addresses."""

import re
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone

from clinic.decisions.models import Decision
from clinic.patients.models import CareTeam, Opening, Patient, Restriction
from tests.api import ward_data
from tests.architecture.every_url import EXAMPLES
from tests.factories import fits, patient_records
from tests.factories import vancomycin_case as case

IDENTIFYING = re.compile(
    r"Quillfeather|Zebedee|REC-998877|1959-03-14|14 Mar(ch)? 1959|14\.0?3\.1959|ward[./]p77", re.IGNORECASE
)


def someone_known() -> Patient:
    """A patient of whom every kind of row exists that a page could show."""
    patient = patient_records.patient("Quillfeather", "Zebedee")
    Patient.objects.filter(pk=patient.pk).update(record_number="REC-998877", source_key="ward/Patient/p77")
    patient.refresh_from_db()
    _, comparison = patient_records.twin(patient.subject, fit=fits.individual(case.course()))
    nurse = patient_records.person("nurse")
    now = timezone.now()
    Decision.objects.create(
        comparison=comparison,
        comparison_digest=comparison.digest,
        chosen_plan=0,
        reason="Zebedee agrees.",
        decided_by=nurse,
        decided_at=now,
    )
    Restriction.objects.create(
        patient=patient, hidden_from="person", person=nurse, begins=now, reason="Quillfeather", recorded_by="user-1",
        recorded_at=now,
    )  # fmt: skip
    Opening.objects.create(
        patient=patient, person=nurse, emergency="other", reason="Quillfeather", against_restriction=False,
        begun=now, until=now + timedelta(hours=1),
    )  # fmt: skip
    text = '{"resourceType": "Patient", "id": "p77", "name": [{"family": "Quillfeather"}], "birthDate": "1959-03-14"}'
    ward_data.store(text, subject=patient.subject)
    return patient


def address_of(patient: Patient, name: str) -> str:
    """The address of that name with this patient's own keys in it."""
    comparison = Decision.objects.get().comparison_id
    keys: dict[str, Any] = {"subject_key": patient.pk, "comparison_id": comparison, "identifier": "ward.p77"}
    keys |= {"owner": "ward.p77", "number": 1, "sequence": 1}
    example = EXAMPLES[name]
    rows = {
        "break-glass-review": Opening,
        "break-glass-end": Opening,
        "restriction-lift": Restriction,
        "team": CareTeam,
    }
    if name in rows:
        keys["pk"] = rows[name].objects.latest("pk").pk
    return reverse(name, kwargs={key: keys.get(key, value) for key, value in example.items()})
