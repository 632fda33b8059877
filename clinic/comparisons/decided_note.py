"""The note of a comparison as the page shows it, for whoever carries it on: a page, or the patient's chart."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from clinic.charts.words import clock_with_zone, day, why_outdated
from clinic.comparisons.comparison_page import ComparisonPage
from clinic.comparisons.decided import Decided
from clinic.comparisons.note import note_text
from clinic.patients.models import Patient
from clinic.twin_words.said import said
from twins.records.followed import no_longer
from twins.records.models import Comparison, TwinVersion


def note_of(comparison: Comparison) -> str:
    """The note of a comparison, with the decision on it if one was made: for other systems, so in the site's language.

    Whoever presses the button that sends it may read pages in another.
    """
    with translation.override(settings.LANGUAGE_CODE):
        shown = ComparisonPage.of(comparison)
        patient = Patient.objects.get(pk=comparison.twin_version.subject_id)
        return full_note(shown, patient, Decided.of(comparison), newer_than(shown.version))


def full_note(shown: ComparisonPage, patient: Patient, decided: Decided | None, newer: TwinVersion | None) -> str:
    """The note with patient, decision and age of the data, on the ward's clock."""
    zone = timezone.get_current_timezone()
    about = [str(patient)]
    if patient.birth_date:
        about.append(_("born {date}").format(date=day(patient.birth_date)))
    if patient.record_number:
        about.append(_("record {number}").format(number=patient.record_number))
    return note_text(
        shown,
        patient_line=", ".join(about),
        zone=zone,
        decision=decided.sentence(zone) if decided else "",
        outdated=outdated(shown.version, newer, lambda moment: clock_with_zone(moment, zone)),
    )


def newer_than(version: TwinVersion) -> TwinVersion | None:
    """The newest version of the same twin, if it is not this one."""
    newest = (
        TwinVersion.objects.filter(subject=version.subject_id, drug=version.drug, model_id=version.model_id)
        .defer("draws", "course", "fit")
        .order_by("-number")
        .first()
    )
    return newest if newest is not None and newest.number > version.number else None


def outdated(version: TwinVersion, newer: TwinVersion | None, at: Callable[[datetime], str]) -> str:
    """Why a comparison of `version` can no longer be signed, or nothing where it is the newest and still learns."""
    return why_outdated(version.data_until, newer.data_until, at) if newer is not None else said(no_longer(version))
