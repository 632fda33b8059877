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
from twins.records.models import Job, JobKind, Question

IDENTIFYING = re.compile(
    r"Quillfeather|Zebedee|REC-998877|1959-03-14|14 Mar(ch)? 1959|14\.0?3\.1959|ward[./]p77", re.IGNORECASE
)


def someone_known() -> Patient:
    """A patient of whom every kind of row exists that a page could show."""
    patient = patient_records.patient("Quillfeather", "Zebedee")
    Patient.objects.filter(pk=patient.pk).update(record_number="REC-998877", source_key="ward/Patient/p77")
    patient.refresh_from_db()
    version, comparison = patient_records.twin(patient.subject, fit=fits.individual(case.course()))
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
    Question.objects.create(
        subject=patient.subject, source_key="ward/Observation/p77", action="exclude", reason="Zebedee says so.",
        asked_by="user-1", asked_at=now,
    )  # fmt: skip
    plans = [plan.plan.to_json() for plan in case.result().forecasts]
    Job.objects.create(
        kind=JobKind.COMPARISON, key=f"of {version.pk}", parameters={"version": str(version.pk), "plans": plans},
        enqueued_at=now,
    )  # fmt: skip
    text = '{"resourceType": "Patient", "id": "p77", "name": [{"family": "Quillfeather"}], "birthDate": "1959-03-14"}'
    ward_data.store(text, subject=patient.subject)
    return patient


def address_of(patient: Patient, name: str) -> str:
    """The address of that name with this patient's own keys in it."""
    decision, dose = Decision.objects.get(), patient.subject.doses.earliest("pk")
    keys: dict[str, Any] = {
        "subject_key": patient.pk,
        "comparison_id": decision.comparison_id,
        "decision_id": decision.pk,
        "question_id": Question.objects.get().pk,
        "identifier": "ward.p77",
        "owner": "ward.p77",
        "sequence": 1,
    }
    rows = {
        "record": {"number": dose.pk},
        "record-received": {"number": dose.pk},
        "comparison-wait": {"job_id": Job.objects.get().pk},
        "break-glass-review": {"pk": Opening.objects.latest("pk").pk},
        "break-glass-end": {"pk": Opening.objects.latest("pk").pk},
        "restriction-lift": {"pk": Restriction.objects.latest("pk").pk},
        "team": {"pk": CareTeam.objects.latest("pk").pk},
    }
    keys |= rows.get(name, {})
    return reverse(name, kwargs={key: keys.get(key, value) for key, value in EXAMPLES[name].items()})
