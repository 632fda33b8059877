"""Question a record: leave it out, or take it at another time, with a reason; and take the question back."""

from datetime import datetime, timedelta
from typing import TypeAlias

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic.access.actor import key_of
from clinic.access.permissions import check_open, has
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.decisions.refusal import NewTimeError, RecordError, stated
from clinic.measures.numbers import plain
from clinic.measures.units import unit_of
from clinic.twin_words.said import said
from twins.jobs.update import request_updates
from twins.records.models import GivenDose, Order, Question, QuestionAction, RecordState, StoredSample, Subject
from twins.samples.channel import Channel

REASON_LIMIT = 500
FARTHEST = timedelta(days=2)
"""House setting: a clock error larger than this is another record, not another time."""

Questionable: TypeAlias = GivenDose | Order | StoredSample


def record_of(subject: Subject, source_key: str) -> Questionable | None:
    """The record in use of that name, or None."""
    for kind in (StoredSample, GivenDose, Order):
        found = kind.objects.filter(subject=subject, source_key=source_key, state=RecordState.ACTIVE).first()
        if found is not None:
            return found
    return None


def described(doubted: Questionable) -> str:
    """What the record says, without its time: ``Dose of 1750 mg``, ``Vancomycin level of 13.1 mg/L``."""
    if isinstance(doubted, StoredSample):
        channel = Channel(doubted.channel)
        return _("{channel} of {value}").format(channel=said(channel.label), value=unit_of(channel).said(doubted.value))
    if isinstance(doubted, GivenDose):
        return _("Dose of {amount} mg {drug}").format(amount=plain(doubted.amount_mg), drug=said(doubted.drug))
    return _("Order of {amount} mg {drug} every {hours} h").format(
        amount=plain(doubted.amount_mg), drug=said(doubted.drug), hours=plain(doubted.interval_h)
    )


def ask(
    *,
    subject: Subject,
    source_key: str,
    action: QuestionAction,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    new_time: datetime | None = None,
) -> Question:
    """Doubt one record of `subject`; the twin is updated without it, or with its new time.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant it, or the patient is not open to the person.
    DecisionError
        No reason, no such record, a record that is questioned already, or an impossible new time.
    """
    _allowed(subject, by)
    text = stated(reason, REASON_LIMIT)
    with transaction.atomic():
        Subject.objects.select_for_update(no_key=True).get(pk=subject.pk)
        doubted = record_of(subject, source_key)
        if doubted is None:
            words = _("No record in use is called {record}; reload the patient's page and choose again.")
            raise RecordError(words.format(record=source_key))
        if Question.objects.filter(subject=subject, source_key=source_key, withdrawn_at__isnull=True).exists():
            words = _("{record} is questioned already; undo that question first.")
            raise RecordError(words.format(record=doubted.reference))
        question = Question.objects.create(
            subject=subject,
            source_key=source_key,
            action=action,
            new_time=_moved(doubted, new_time) if action == QuestionAction.RETIME else None,
            reason=text,
            asked_by=key_of(by),
            asked_at=timezone.now(),
        )
        _write(question, actor, "question.ask", Action.CREATE)
        request_updates(subject, asked_by=key_of(by))
    return question


def withdraw(*, question: Question, by: AbstractBaseUser, actor: Actor) -> Question:
    """Take a question back; the record counts again as its source gave it. Raises as `ask` does."""
    _allowed(question.subject, by)
    with transaction.atomic():
        Subject.objects.select_for_update(no_key=True).get(pk=question.subject_id)
        locked = Question.objects.select_for_update().get(pk=question.pk)
        if locked.withdrawn_at is not None:
            raise RecordError(_("This question was taken back already; reload the patient's page."))
        locked.withdrawn_at = timezone.now()
        locked.withdrawn_by = key_of(by)
        locked.save(update_fields=["withdrawn_at", "withdrawn_by"])
        _write(locked, actor, "question.withdraw", Action.UPDATE)
        request_updates(locked.subject, asked_by=key_of(by))
    return locked


def _allowed(subject: Subject, by: AbstractBaseUser) -> None:
    if not has(by, Permission.DATA_QUESTION):
        raise PermissionDenied(_("Your roles do not include {permission}.").format(permission=Permission.DATA_QUESTION))
    check_open(by, subject.pk)


def _moved(doubted: Questionable, new_time: datetime | None) -> datetime:
    if new_time is None:
        raise NewTimeError(_("The new time is missing; give the time at which it really happened."))
    if new_time == doubted.event_time:
        raise NewTimeError(_("The new time is the recorded one; give another, or leave the record out."))
    if new_time > timezone.now() and new_time > doubted.event_time:
        raise NewTimeError(_("The new time lies in the future; give a time that has passed."))
    if abs(new_time - doubted.event_time) > FARTHEST:
        words = _("The new time is more than {days} days from the recorded one; leave the record out instead.")
        raise NewTimeError(words.format(days=FARTHEST.days))
    return new_time


def _write(question: Question, actor: Actor, activity: str, action: Action) -> None:
    record(
        by=actor,
        action=action,
        activity=activity,
        subject_key=question.subject_id,
        entity_type="Question",
        entity_id=question.pk,
        detail={"record": question.source_key, "action": str(question.action)},
    )
