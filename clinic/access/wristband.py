"""A patient found by what stands on the wristband, by one who sees no list of patients: exactly, or not at all."""

from datetime import date, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.audit.event import Actor, record
from clinic.audit.models import Action, AuditEvent, Outcome
from clinic.patients.models import Patient

MISSES = 5
MISSES_WITHIN = timedelta(minutes=15)
"""So many numbers of nobody may be tried in that time; the next is refused unseen, so nobody feels for patients."""
_SAME_NUMBER = 50


class WristbandError(Exception):
    """Nobody was found; the sentence is for the person who asked."""


class TooManyMissesError(WristbandError):
    """Too many numbers of nobody were tried."""


def find(*, record_number: str, born: date | None, actor: Actor) -> Patient:
    """The one patient of a record number.

    `born` tells two of one number apart, and is held against the record wherever it is given. What was tried in vain is
    recorded without the number. Whether `actor` may ask is the caller's to check.

    Raises
    ------
    WristbandError
        No patient, or no single one, answers to it; `TooManyMissesError` after too many of these.
    """
    since = timezone.now() - MISSES_WITHIN
    misses = AuditEvent.objects.filter(
        actor=actor.key, recorded__gte=since, activity="wristband.find", outcome=Outcome.REFUSED
    ).count()
    if misses >= MISSES:
        minutes = int(MISSES_WITHIN.total_seconds() // 60)
        raise TooManyMissesError(
            _("%(misses)d numbers of nobody were tried. Wait %(minutes)d minutes or ask the care team.")
            % {"misses": MISSES, "minutes": minutes}
        )
    number = record_number.replace("\x00", "").strip()
    found = list(Patient.objects.filter(record_number=number)[:_SAME_NUMBER]) if number else []
    if born is not None:
        found = [patient for patient in found if patient.birth_date == born]
    if len(found) == 1:
        return found[0]
    record(by=actor, action=Action.EXECUTE, activity="wristband.find", outcome=Outcome.REFUSED)
    if found and born is None:
        raise WristbandError(_("This record number alone does not name one patient; give the date of birth too."))
    raise WristbandError(
        _(
            "No patient has exactly this record number and date of birth; nothing was opened or changed. Compare both "
            "with the wristband."
        )
    )
