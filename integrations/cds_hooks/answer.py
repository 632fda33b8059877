"""One answer: the cards of a call, the rows that feedback will name, and the audit event, all kept or none."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.urls import reverse

from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.patients.models import Patient
from integrations.cds_hooks import stateless
from integrations.cds_hooks.basis import Basis, first_basis, stored_basis
from integrations.cds_hooks.call import Call
from integrations.cds_hooks.cards import Card
from integrations.cds_hooks.draft import Draft, DraftError, drafts_of
from integrations.cds_hooks.guidance import guidance
from integrations.cds_hooks.models import IssuedCard
from integrations.cds_hooks.newer import newer_than
from integrations.cds_hooks.offered import ORDER_SIGN, PATIENT_VIEW
from integrations.cds_hooks.order_select import silent_card, trial_card, tried
from integrations.cds_hooks.order_sign import kept
from integrations.cds_hooks.patient_view import level_due, state_card
from integrations.cds_hooks.prefetch import check_prefetch
from integrations.cds_hooks.whose import patient_of
from integrations.cds_hooks.words import age_of_data
from integrations.fhir.publish.keep import keep
from twins.records.followed import followed
from twins.records.kept import why_none
from twins.records.models import Comparison, Job, TwinVersion

Absolute = Callable[[str], str]
"""A path of this site as an absolute address."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A card, and what of the records it was computed from; `position` is that of the judged plan among those kept."""

    card: Card
    basis: Basis | None
    comparison: Comparison | None = None
    job: Job | None = None
    position: int = 0
    succeeded: bool = False


def answer(call: Call, *, by: Actor, now: datetime, absolute: Absolute, own_door: str) -> list[Card]:
    """The cards for `call`, kept for feedback and recorded in the audit trail.

    Raises
    ------
    Refusal
        400 for data that cannot be meant, 412 where the patient is not known and what was sent along does not suffice.
    AuditWriteError
        If it could not be recorded; then nothing is answered.
    """
    check_prefetch(call)
    patient = patient_of(call, own_door)
    with transaction.atomic():
        issued = list(_issued(call, patient, now, absolute))
        for item in issued:
            _keep(call, patient, item)
        if patient is not None:
            _publish(call, patient, issued, now)
        versions = {str(item.basis.version.pk) for item in issued if item.basis and item.basis.version}
        record(
            by=by,
            action=Action.EXECUTE,
            activity=f"cds.{call.service.hook}",
            subject_key=patient.pk if patient else "",
            entity_type="CdsService",
            entity_id=call.service.id,
            detail={
                "hook_instance": str(call.hook_instance),
                "user": call.user,
                "cards": [str(item.card.uuid) for item in issued],
                "twin_versions": versions,
                "comparisons": {str(item.comparison.pk) for item in issued if item.comparison},
                "jobs": {str(item.job.pk) for item in issued if item.job},
                "known": patient is not None,
            },
        )
    return [item.card for item in issued]


def _issued(call: Call, patient: Patient | None, now: datetime, absolute: Absolute) -> Iterator[Issued]:
    links = _links(patient, absolute)
    if call.service is PATIENT_VIEW:
        for basis in _bases(call, patient, now).values():
            compared = _default(basis)
            more = (_link("Compare plans", "comparison", absolute, compared.pk),) if compared else ()
            newer = newer_than(call, basis) if basis.version else ""
            card = state_card(basis, now, newer, (*links, *more), absolute)
            yield Issued(card, basis, compared, succeeded=not basis.cannot)
        return
    slug = patient.source_key.split("/", 1)[0] if patient else stateless.SLUG
    drafts = drafts_of(call, slug, now)
    if not drafts:
        return
    bases = _bases(call, patient, now, drafts)
    for draft in drafts:
        yield _tried(call, draft, bases.get(draft.drug), now, links, absolute)


def _tried(
    call: Call,
    draft: Draft,
    basis: Basis | None,
    now: datetime,
    links: tuple[tuple[str, str], ...],
    absolute: Absolute,
) -> Issued:
    if basis is None or draft.why_not:
        why = draft.why_not or "Nothing is known of this patient that a twin could be made from."
        return Issued(silent_card(draft, basis, why, links, absolute), basis)
    try:
        trial = tried(draft, basis)
    except DraftError as error:
        return Issued(silent_card(draft, basis, str(error), links, absolute), basis)
    found = kept(trial, asked_by=call.client.key) if call.service is ORDER_SIGN else None
    comparison, job = (found, None) if isinstance(found, Comparison) else (None, found)
    if comparison is not None:
        links = (_link("Compare these plans", "comparison", absolute, comparison.pk), *links)
    elif job is not None and basis.version is not None:
        links = (_link("Compare these plans", "comparison-wait", absolute, basis.version.subject_id, job.pk), *links)
    level = level_due(basis, now)
    newer = newer_than(call, basis) if basis.version else ""
    lines = [line for line in (f"**A level is due.** {level}" if level else "", age_of_data(basis, now), newer) if line]
    card = trial_card(trial, lines, links, absolute)
    return Issued(card, basis, comparison, job, trial.plans.index(trial.of_draft.plan), succeeded=True)


def _bases(call: Call, patient: Patient | None, now: datetime, drafts: list[Draft] | None = None) -> dict[str, Basis]:
    """The twin of each drug that the call is about: stored, or made now where that is all there can be."""
    readable = {draft.drug: draft for draft in drafts or () if draft.ordered}
    drugs = list(followed()) if drafts is None else sorted({d.drug for d in drafts if not why_none(d.drug)})
    if not drugs:
        return {}
    if patient is None:
        stateless.refuse_missing(call)
        return stateless.bases(call, drugs, {drug: draft.row() for drug, draft in readable.items()}, now)
    found = {}
    kept = set(TwinVersion.objects.filter(subject=patient.subject, drug__in=drugs).values_list("drug", flat=True))
    for drug in drugs:
        basis = stored_basis(patient.subject, drug) if drug in kept else None
        if basis is None and drug in readable:
            basis = first_basis(patient.subject, drug, readable[drug].row())
        if basis is not None:
            found[drug] = basis
    return found


def _default(basis: Basis) -> Comparison | None:
    if basis.version is None:
        return None
    return Comparison.objects.filter(twin_version=basis.version, is_default=True).defer("result", "plans").first()


def _links(patient: Patient | None, absolute: Absolute) -> tuple[tuple[str, str], ...]:
    return (_link("The patient's twin", "patient", absolute, patient.pk),) if patient else ()


def _link(label: str, name: str, absolute: Absolute, *keys: object) -> tuple[str, str]:
    return label, absolute(reverse(name, args=keys))


def _publish(call: Call, patient: Patient, issued: list[Issued], now: datetime) -> None:
    """A GuidanceResponse of each card that a stored twin answered with."""
    made = [
        guidance(
            call,
            patient,
            item.card,
            version=item.basis.version,
            comparison=item.comparison,
            position=item.position,
            succeeded=item.succeeded,
            now=now,
        )
        for item in issued
        if item.basis is not None and item.basis.version is not None
    ]
    if made:
        keep(made, origin=f"cds-hooks {call.hook_instance}", at=now)


def _keep(call: Call, patient: Patient | None, item: Issued) -> None:
    card = item.card
    IssuedCard.objects.create(
        uuid=card.uuid,
        service=call.service.id,
        client=call.client.key,
        hook_instance=call.hook_instance,
        kind=card.kind,
        drug=card.drug,
        indicator=card.indicator,
        subject_id=patient.pk if patient else None,
        twin_version=item.basis.version if item.basis else None,
        comparison=item.comparison,
        job=item.job,
        suggestions=[{"uuid": str(s.uuid), "label": s.label} for s in card.suggestions],
    )
