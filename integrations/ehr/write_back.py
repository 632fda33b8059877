"""Send a signed decision into the chart it came from: when somebody asks, once, and on record."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic.access.permissions import check_open, has
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.decisions.models import Decision, Standing
from clinic.patients.models import Patient
from integrations.ehr.chart import RESOURCE_TYPES, identifier, write
from integrations.ehr.configured import address_of
from integrations.ehr.models import ChartDelivery, WorkState
from integrations.readings.models import Source
from twins.jobs.queue import send_task
from twins.records.models import Subject

TASK = "integrations.ehr.tasks.deliver"
_NOT_IN_FORCE = {
    Standing.DECLINED: gettext_lazy("The decision is not in force (all plans declined); nothing is sent to the chart."),
    Standing.AWAITING: gettext_lazy(
        "The decision is not in force (awaiting a second signature); nothing is sent to the chart."
    ),
    Standing.REFUSED: gettext_lazy(
        "The decision is not in force (second signature refused); nothing is sent to the chart."
    ),
    Standing.REPLACED: gettext_lazy("The decision is not in force (replaced); nothing is sent to the chart."),
}


class ChartError(ValueError):
    """A decision that is not sent; the sentence says why."""


class DeclinedError(ChartError):
    """All plans were declined: there is no plan for the chart."""


class NotInForceError(ChartError):
    """The decision awaits a second signature, was refused one, or was replaced: it is not for the chart."""


class NoChartError(ChartError):
    """The chart takes nothing from us."""


class AlreadySentError(ChartError):
    """It was sent, or is on its way."""


@dataclass(frozen=True, slots=True)
class ChartStatus:
    """How one resource of a decision fares: `words` for a page, `location` where the chart keeps it."""

    resource_type: str
    state: str
    words: str
    attempts: int
    asked_at: datetime
    answered_at: datetime | None
    location: str


def send_to_chart(*, decision: Decision, by: AbstractBaseUser, actor: Actor) -> list[ChartDelivery]:
    """Queue CarePlan and note of `decision`; asking again after a failure tries again.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant signing, or the patient is not open to the person.
    ChartError
        All plans were declined, the decision is not in force, the patient's source takes nothing from us, or it was
        sent already.
    """
    subject_key = decision.comparison.twin_version.subject_id
    if not has(by, Permission.COMPARISON_SIGN):
        raise PermissionDenied(
            _("Your roles do not include %(permission)s.") % {"permission": Permission.COMPARISON_SIGN}
        )
    check_open(by, subject_key)
    if decision.chosen_plan is None:
        raise DeclinedError(_("All plans were declined; there is no plan to put into the chart."))
    _refuse_not_in_force(decision)
    patient = Patient.objects.get(pk=subject_key)
    source = _source(patient)
    note = import_string(settings.COMPARISON_NOTE)(decision.comparison)
    reference = "/".join(patient.source_key.rsplit("/", 2)[-2:])
    now = timezone.now()
    with transaction.atomic():
        Subject.objects.select_for_update(no_key=True).get(pk=subject_key)  # one asker at a time
        _refuse_not_in_force(Decision.objects.get(pk=decision.pk))  # it may have been amended meanwhile
        rows = list(ChartDelivery.objects.select_for_update().filter(decision=decision))
        if rows and not any(row.state == WorkState.FAILED for row in rows):
            raise AlreadySentError(_("This decision was sent to the chart already, or is on its way."))
        for row in rows:
            if row.state == WorkState.FAILED:
                row.state, row.attempts, row.next_try = WorkState.QUEUED, 0, now
                row.save(update_fields=["state", "attempts", "next_try"])
        if not rows:
            rows = [
                ChartDelivery.objects.create(
                    decision=decision,
                    source=source,
                    resource_type=kind,
                    identifier=identifier(decision.pk, kind),
                    content=write(decision, kind, patient=reference, note=note),
                    next_try=now,
                    asked_by=actor.key,
                    asked_at=now,
                )
                for kind in RESOURCE_TYPES
            ]
        record(
            by=actor,
            action=Action.EXECUTE,
            activity="chart.send",
            subject_key=subject_key,
            entity_type="Decision",
            entity_id=decision.pk,
            entity_version=decision.digest(),
            detail={"source": source.slug, "deliveries": [row.identifier for row in rows]},
        )
        for row in rows:
            transaction.on_commit(partial(send_task, TASK, row.pk))
    return rows


def can_be_sent(decision: Decision) -> bool:
    """Whether a page should offer it: a signed plan is in force, its chart takes it, and it is not sent yet."""
    if decision.standing is not Standing.IN_FORCE or not address_of(_slug(_patient_of(decision))):
        return False
    rows = ChartDelivery.objects.filter(decision=decision)
    return not rows.exists() or rows.filter(state=WorkState.FAILED).exists()


def _refuse_not_in_force(decision: Decision) -> None:
    standing = decision.standing
    if standing is not Standing.IN_FORCE:
        raise NotInForceError(str(_NOT_IN_FORCE[standing]))


def status_of(decision: Decision) -> tuple[ChartStatus, ...]:
    """How the delivery of `decision` fares; nothing where nobody asked for it."""
    return tuple(
        ChartStatus(
            row.resource_type, row.state, _words(row), row.attempts, row.asked_at, row.answered_at, row.location
        )
        for row in ChartDelivery.objects.filter(decision=decision).order_by("pk")
    )


def _words(row: ChartDelivery) -> str:
    if row.state == WorkState.DONE:
        return _("in the chart")
    if row.state == WorkState.FAILED:
        return _("not in the chart: %(answer)s") % {"answer": row.answer}
    if not row.answer:
        return _("on its way")
    said = ngettext(
        "on its way; tried %(tries)d time, last answer: %(answer)s",
        "on its way; tried %(tries)d times, last answer: %(answer)s",
        row.attempts,
    )
    return said % {"tries": row.attempts, "answer": row.answer}


def _patient_of(decision: Decision) -> Patient:
    return Patient.objects.get(pk=decision.comparison.twin_version.subject_id)


def _slug(patient: Patient) -> str:
    return patient.source_key.split("/", 1)[0]


def _source(patient: Patient) -> Source:
    slug = _slug(patient)
    source = Source.objects.filter(slug=slug).first()
    if source is None or not address_of(slug):
        raise NoChartError(
            _(
                "Source %(source)s has no address in EHR_SOURCES or on its page, or is switched off, so nothing is "
                "sent to its chart; copy the note instead."
            )
            % {"source": slug}
        )
    return source
