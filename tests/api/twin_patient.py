"""A patient of the door with two levels, whose twins a worker made."""

from datetime import date
from typing import Any

from clinic.patients.models import Patient
from tests.api import ward_data
from tests.factories.chart import Chart
from tests.factories.learned import learn
from twins.records.models import Sex, TwinVersion


def charted(number: int = 1, patient: Patient | None = None) -> tuple[Patient, Chart]:
    """The patient ``ward.p<number>``; the first with two days of vancomycin on record, others with one dose."""
    patient = patient or ward_data.patient(number)
    subject = patient.subject
    subject.sex, subject.age_years, subject.age_as_of = Sex.MALE, 60, date(2026, 3, 1)
    subject.save()
    chart = Chart(subject)
    if number == 1:
        return patient, chart.stable()
    chart.order(0.0)
    chart.dose(0.0)
    return patient, chart


def learned(patient: Patient) -> TwinVersion:
    """The newest version of the first model's twin."""
    learn(patient.subject)
    return TwinVersion.objects.filter(subject=patient.subject, model_id="vancomycin-goti-2018").latest("number")


def part(parameters: dict[str, Any], *names: str) -> list[dict[str, Any]]:
    """All parts at the end of a path of names."""
    found = [parameters]
    for name in names:
        found = [one for each in found for one in each.get("parameter", each.get("part", ())) if one["name"] == name]
    return found


def value(parameter: dict[str, Any]) -> Any:
    """The value, whatever its type."""
    return next(parameter[key] for key in parameter if key.startswith("value"))
