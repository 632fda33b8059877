"""Sign one plan of a comparison, or decline them all: once, on the newest data, with a reason, and on record."""

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from clinic.access.permissions import check_open, has
from clinic.access.roles import Permission
from clinic.audit.event import Actor, record
from clinic.audit.models import Action
from clinic.charts.palette import plan_letter
from clinic.charts.words import clock_with_zone, why_outdated
from clinic.decisions.models import Decision
from clinic.decisions.refusal import (
    AlreadyDecidedError,
    NoSuchPlanError,
    OtherPageError,
    StaleComparisonError,
    stated,
)
from clinic.decisions.signals import decision_made
from twins.records.models import Comparison, Subject, TwinVersion

REASON_LIMIT = 1000


def sign(
    *,
    comparison: Comparison,
    plan_position: int,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    seen_digest: str | None = None,
) -> Decision:
    """Choose the plan at `plan_position` (0 is the current one).

    Parameters
    ----------
    seen_digest
        Digest of the comparison that was on the page; a page always gives it, so that one signs what one saw.

    Raises
    ------
    PermissionDenied
        The person's roles do not grant it, or the patient is not open to the person.
    DecisionError
        No reason, no such plan, newer or changed data, another page than the one seen, or decided already.
    """
    if not 0 <= plan_position < len(comparison.plans):
        last = plan_letter(len(comparison.plans) - 1)
        raise NoSuchPlanError(f"Position {plan_position} names no plan of this comparison; choose one of A to {last}.")
    return _decide(comparison, plan_position, reason, by, actor, seen_digest)


def decline(
    *, comparison: Comparison, reason: str, by: AbstractBaseUser, actor: Actor, seen_digest: str | None = None
) -> Decision:
    """Choose none of the plans; raises as `sign` does."""
    return _decide(comparison, None, reason, by, actor, seen_digest)


def _decide(
    comparison: Comparison,
    chosen: int | None,
    reason: str,
    by: AbstractBaseUser,
    actor: Actor,
    seen_digest: str | None,
) -> Decision:
    subject_key = comparison.twin_version.subject_id
    if not has(by, Permission.COMPARISON_SIGN):
        raise PermissionDenied(f"Your roles do not include {Permission.COMPARISON_SIGN}.")
    check_open(by, subject_key)
    text = stated(reason, REASON_LIMIT)
    if seen_digest is not None and seen_digest != comparison.digest:
        raise OtherPageError(
            "The page that was sent is not this comparison as it is stored; open the comparison again and sign there."
        )
    with transaction.atomic():
        Subject.objects.select_for_update(no_key=True).get(pk=subject_key)  # updates of the twin take the same lock
        _refuse_outdated(comparison.twin_version)
        earlier = Decision.objects.filter(comparison=comparison).first()
        if earlier is not None:
            at = clock_with_zone(earlier.decided_at, timezone.get_current_timezone())
            raise AlreadyDecidedError(
                f"This comparison was decided at {at} ({earlier}); ask for a new comparison to decide again."
            )
        decision = Decision.objects.create(
            comparison=comparison,
            comparison_digest=comparison.digest,
            chosen_plan=chosen,
            reason=text,
            decided_by=by,
            decided_at=timezone.now(),
        )
        record(
            by=actor,
            action=Action.CREATE,
            activity="comparison.decline" if chosen is None else "comparison.sign",
            subject_key=subject_key,
            entity_type="Comparison",
            entity_id=comparison.pk,
            entity_version=comparison.digest,
            detail={"decision": str(decision.pk), "plan": chosen, "content": decision.digest()},
        )
        decision_made.send(Decision, instance=decision, asked_by=actor.key)
    return decision


def _refuse_outdated(version: TwinVersion) -> None:
    if not TwinVersion.objects.filter(parent=version).exists():
        return
    newest = (
        TwinVersion.objects.filter(subject=version.subject_id, drug=version.drug, model_id=version.model_id)
        .only("data_until")
        .latest("number")
    )
    zone = timezone.get_current_timezone()
    why = why_outdated(version.data_until, newest.data_until, lambda moment: clock_with_zone(moment, zone))
    raise StaleComparisonError(
        f"{why[:1].upper()}{why[1:]}. Nothing was decided; open the patient's newest comparison and decide there."
    )
